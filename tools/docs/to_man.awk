# With header.awk before it, and -v version=VERSION -v date=DATE -v to=DIRECTORY -v pages=' PAGE... ': a header's page for
# man(1), and for each function, type and macro one that leads there (.so), unless one of the pages has its name.

function on_header(doc,    about) {
    header = FILENAME
    sub(/.*\//, "", header)
    sub(/\.h$/, "", header)
    page = header == "pinion" ? "pinion" : "pinion_" header
    about = doc
    sub(/\n\n.*/, "", about)
    gsub(/\n/, " ", about)
    sub(/\.( .*)?$/, "", about)
    sub(/^[A-Z][a-z]+( [a-z]+)?: /, "", about)
    what = about
    description = formatted(doc)
}

function on_section(doc) {
    flush()
    body = body "\n.SS " quoted(doc) "\n"
}

function on_item(kind, name, code, doc, again) {
    if (name in named)
        return
    if (kind == "macro" && name in map)
        sub(/[ \\]*\n.*/, "", code)
    begin(name, declaration(code), doc, again)
    if (kind == "function" || kind == "variable")
        synopsis = synopsis bold(declaration(code)) "\n"
}

function on_open(kind, name, code, doc, again) {
    begin(name, kind " " name, doc, again)
    flush()
}

function on_group(doc) { body = body ".PP\n" indented("\\fI" roff(toupper(substr(doc, 1, 1)) substr(doc, 2)) "\\fR\n") }

function on_note(doc) { body = body ".PP\n" indented(formatted(doc)) }

function on_member(name, code, doc) {
    sub(/,$/, "", code)
    body = body ".RS 4\n.TP 4\n" bold_line(joined(code)) formatted(doc) ".RE\n"
}

function on_close(code) { }

function on_plain(code) {
    if (match(code, /<pinion\/[a-z_]+\.h>/) && header != "pinion")
        also = also ",\n.BR pinion_" substr(code, RSTART + 8, RLENGTH - 11) " (3)"
}

function on_end(    file, name) {
    flush()
    file = to "/" page ".3"
    printf ".\\\" Made of pinion/%s.h by tools/docs/to_man.awk.\n.TH %s 3 %s \"Pinion %s\" \"Phoenix Channels in C\"\n.nh\n.ad l\n", \
        header, toupper(page), date, version >file
    printf ".SH NAME\n%s\n", wrapped(page names " \\- " roff(what)) >file
    printf ".SH SYNOPSIS\n.nf\n\\fB#include <pinion/%s.h>\\fR\n%s.fi\n", header, synopsis >file
    printf ".PP\nCompile and link with \\fBpkg\\-config \\-\\-cflags \\-\\-libs pinion\\fR.\n" >file
    printf ".SH DESCRIPTION\n%s", description >file
    gsub(/\n\n/, "\n", body)
    sub(/^\n/, "", body)
    if (body != "")
        printf ".SH REFERENCE\n%s", body >file
    if (page == "pinion")
        see_all()
    else
        also = ".BR pinion (3)" also
    printf ".SH SEE ALSO\n%s\n", also >file
    close(file)
    for (name in named) {
        if (index(pages, " " name " "))
            continue
        file = to "/" name ".3"
        printf ".so man3/%s.3\n", page >file
        close(file)
    }
}

function see_all(    count, name, i) {
    also = ".BR pkg\\-config (1)"
    count = split(pages, name, " ")
    for (i = 1; i <= count; i++)
        if (name[i] != "pinion" && name[i] != "pinion_pinion")
            also = also ",\n.BR " name[i] " (3)"
}

# A declaration; what is said of several in a row comes below the last.
function begin(name, code, doc, again) {
    named[name] = 1
    if (!index(pages, " " name " "))
        names = names ", " name
    if (!again || !open)
        flush()
    body = body (open || body == "" || body ~ /\n\.SS [^\n]*\n$/ ? "" : ".PP\n") ".nf\n" bold(code) "\n.fi\n"
    open = 1
    waiting = again && waiting == "" ? "See above." : doc
}

function flush() {
    if (open)
        body = body indented(formatted(waiting))
    open = 0
    waiting = ""
}

# On one line, or with a line for each parameter.
function declaration(code,    head) {
    code = joined(code)
    sub(/^PINION_API /, "", code)
    sub(/^PINION_CHECKED /, "", code)
    if (length(code) <= 76 || code ~ /^#define/ || !match(code, /^[^(]*(\(\*[a-z_]+\))?\(/))
        return code
    head = substr(code, 1, RLENGTH)
    return head "\n    " by_parameter(substr(code, RLENGTH + 1))
}

function by_parameter(list,    out, depth, i, c) {
    out = ""
    depth = 0
    for (i = 1; i <= length(list); i++) {
        c = substr(list, i, 1)
        depth += (c == "(") - (c == ")")
        out = out c
        if (c == "," && depth == 0) {
            out = out "\n    "
            i++
        }
    }
    return out
}

function joined(code) {
    gsub(/[ \t]*\\?\n[ \t]*/, " ", code)
    gsub(/^[ \t]+/, "", code)
    gsub(/  +/, " ", code)
    gsub(/\( /, "(", code)
    return code
}

function bold(code) {
    code = roff(code)
    gsub(/-/, "\\-", code)
    gsub(/\n/, "\\fR\n\\fB", code)
    return "\\fB" code "\\fR"
}

function bold_line(code) { return bold(code) "\n" }

function quoted(text) {
    text = roff(text)
    gsub(/"/, "\\(dq", text)
    return "\"" text "\""
}

function indented(text) { return ".RS 4\n" text ".RE\n" }

function formatted(doc,    count, i, out) {
    count = pieces(doc)
    for (i = 1; i <= count; i++)
        out = out (i in is_code ? example(piece[i]) : (i > 1 ? ".PP\n" : "") paragraphs(piece[i]))
    return out
}

function example(text,    count, row, i, out) {
    count = split(text, row, "\n")
    out = ".PP\n.RS 4\n.nf\n"
    for (i = 1; i <= count; i++)
        out = out verbatim(row[i]) "\n"
    return out ".fi\n.RE\n"
}

function paragraphs(text,    count, part, i) {
    count = split(labels_apart(text), part, /\n\n/)
    text = ""
    for (i = 1; i <= count; i++) {
        gsub(/\n/, " ", part[i])
        part[i] = roff(part[i])
        gsub("\002", "\\fB", part[i])
        gsub("\003", "\\fR:", part[i])
        while (sub(/`/, "\\fI", part[i]))
            sub(/`/, "\\fR", part[i])
        text = text (i > 1 ? ".PP\n" : "") wrapped(part[i]) "\n"
    }
    return text
}

function wrapped(text,    count, word, i, out, width) {
    count = split(text, word, / +/)
    out = ""
    width = 0
    for (i = 1; i <= count; i++) {
        if (out == "" || width + 1 + length(word[i]) > 78) {
            out = out (out == "" ? "" : "\n") (word[i] ~ /^[.']/ ? "\\&" : "") word[i]
            width = length(word[i])
        } else {
            out = out " " word[i]
            width += 1 + length(word[i])
        }
    }
    return out
}

function verbatim(code) {
    code = roff(code)
    gsub(/-/, "\\-", code)
    return (code ~ /^[.']/ ? "\\&" : "") code
}

# ASCII is enough.
function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/…/, "...", text)
    return text
}
