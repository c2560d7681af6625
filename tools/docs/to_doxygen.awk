# With header.awk before it, doxygen's INPUT_FILTER: a header whose comments are such that doxygen takes them. They are
# plain text and no markup, but for `code` and examples, which are indented by four after an empty line.

function on_header(doc) { say("@file\n" marked(doc)) }

function on_section(doc) {
    if (in_section)
        say("@}")
    in_section = 1
    say("@name " toupper(substr(doc, 1, 1)) escaped(substr(doc, 2)))
    say("@{")
}

function on_item(kind, name, code, doc, again) {
    if (doc == "" && kind == "macro" && name in done)
        return
    done[name] = 1
    if (kind == "macro" && name in map) # what it stands for is shown as the values of an enum
        sub(/[ \t]*\\\n.*/, " ...", code)
    document(doc, code)
}

function on_open(kind, name, code, doc, again) {
    document(doc, code)
    noted = ""
}

function on_note(doc) { noted = doc }

function on_member(name, code, doc) {
    document(noted == "" ? doc : doc "\n\n" noted, code)
    noted = ""
}

function on_close(code) { print code }
function on_plain(code) { print code }

function on_end() {
    if (in_section)
        say("@}")
}

function document(doc, code) {
    if (doc != "")
        say(marked(doc))
    print code
}

function say(text) { print "/** " text "\n*/" }

function marked(doc,    count, row, i, out, inside, was_empty, paragraph) {
    count = split(doc, row, "\n")
    out = paragraph = ""
    inside = was_empty = 0
    for (i = 1; i <= count + 1; i++) {
        if (i <= count && (inside ? row[i] ~ /^(    .*)?$/ : was_empty && row[i] ~ /^    /)) {
            if (!inside)
                out = out "\n@code{.c}"
            inside = 1
            out = out "\n" substr(row[i], 5)
        } else {
            if (inside) {
                sub(/\n+$/, "", out)
                out = out "\n@endcode\n"
            }
            inside = 0
            if (i > count || row[i] == "") {
                out = out "\n" prose(paragraph) "\n"
                paragraph = ""
            } else {
                paragraph = paragraph (paragraph == "" ? "" : "\n") row[i]
            }
        }
        was_empty = i <= count && row[i] == ""
    }
    gsub(/\n\n\n+/, "\n\n", out)
    sub(/^\n+/, "", out)
    sub(/\n+$/, "", out)
    return out
}

function prose(text,    count, piece, i, out) {
    count = split(labels_apart(text), piece, /`/)
    out = ""
    for (i = 1; i <= count; i++)
        out = out (i == 1 ? "" : i % 2 ? "</code>" : "<code>") escaped(piece[i])
    gsub("\002", "<b>", out)
    gsub("\003", "</b>:", out)
    return out
}

# Within quotes doxygen takes everything as it is.
function escaped(text,    count, piece, i, out) {
    count = split(text, piece, /"/)
    out = ""
    for (i = 1; i <= count; i++)
        out = out (i > 1 ? "\"" : "") (i % 2 || i == count ? bare(piece[i]) : piece[i])
    return out
}

function bare(text) {
    gsub(/[\\@<>#%&*|$]/, "\\\\&", text)
    gsub(/--/, "\\--", text)
    gsub(/(^|[^A-Za-z0-9])_/, "&\001", text)
    gsub(/_\001/, "\\_", text)
    return text
}
