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
    noted = group = ""
}

# Doxygen shows no groups where fields are explained: pages.mjs puts the heading before its first one.
function on_group(doc) { group = toupper(substr(doc, 1, 1)) substr(doc, 2) }

function on_note(doc) { noted = doc }

function on_member(name, code, doc) {
    doc = noted == "" ? doc : doc "\n\n" noted
    if (group == "")
        document(doc, code)
    else {
        say(marked(doc) "\n\n<h3>" escaped(group) "</h3>")
        print code
    }
    noted = group = ""
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

function marked(doc,    count, i, out) {
    count = pieces(doc)
    for (i = 1; i <= count; i++)
        out = out (i > 1 ? "\n\n" : "") (i in is_code ? "@code{.c}\n" piece[i] "\n@endcode" : prose(piece[i]))
    return out
}

function prose(text,    count, part, i, out) {
    count = split(labels_apart(text), part, /`/)
    out = ""
    for (i = 1; i <= count; i++)
        out = out (i == 1 ? "" : i % 2 ? "</code>" : "<code>") escaped(part[i])
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
