# Reads a public header, and tells a second script what it found: `awk -f header.awk -f SCRIPT include/pinion/channel.h`.
#
# A comment belongs to the declarations directly below it, up to an empty line or to one with a comment behind it; a
# comment behind a declaration belongs to that one. The first comment is about the whole header, `/* ---- like this ---- */`
# opens a section, also among members. The second script defines what is called:
#
#   on_header(doc)                  on_section(doc)
#   on_item(kind, name, code, doc, again)    a function, macro, variable, or type without a body
#   on_open(kind, name, code, doc, again)    a struct or enum
#   on_member(name, code, doc)               a field or a value of it
#   on_group(doc)                            the same among the members of one, which it divides
#   on_note(doc)                             a comment about the members that follow
#   on_close(code)                           its end
#   on_plain(code)                           what the preprocessor needs
#   on_end()
#
# A doc is text whose lines are as they were, without what makes them a comment. `again` says that it is the same as that
# of the item before. The layout is that of clang-format; what this cannot read is an error.

{ line[NR] = $0 }

END {
    lines = NR
    at = 1
    while (at <= lines)
        read_one()
    on_end()
    exit failed
}

function read_one(    s) {
    s = line[at]
    if (s ~ /^[ \t]*$/) {
        forget()
        at++
    } else if (s ~ /^\/\*/) {
        read_comment()
    } else if (s ~ /^#[ \t]*define /) {
        take("[^\\\\]$")
        read_macro()
    } else if (s ~ /^(#|extern "C"|}$)/) {
        at++
        forget()
        on_plain(s)
    } else if (s ~ /^(typedef )?(struct|enum) [a-z_0-9]+ \{$/) {
        read_body()
    } else if (s ~ /^static inline /) {
        take("^\\{")
        sub(/\n\{$/, ";", code)
        while (at <= lines && line[at++] != "}")
            ;
        item("function", name_before("\\("))
    } else {
        take(";$")
        read_declaration()
    }
}

function forget() {
    above = ""
    uses = 0
}

function read_comment(    text) {
    text = take_comment(line[at++], 1)
    if (!seen_first++)
        on_header(text)
    else if (text ~ /^---- .* ----$/)
        on_section(substr(text, 6, length(text) - 10))
    else {
        if (line[at] ~ /^[ \t]*$/)
            complain("a comment that belongs to no declaration")
        above = text
        uses = 0
    }
}

function read_macro(    name) {
    match(code, /define [A-Za-z_0-9]+/)
    name = substr(code, RSTART + 7, RLENGTH - 7)
    if (code ~ /^#define PINION_[A-Z_]*H$/) { # the guard
        on_plain(code)
        return
    }
    if (code ~ /\n +X\(/)
        map[name] = code
    sub(/ +\\$/, "", code)
    item("macro", name)
}

function read_declaration() {
    if (code ~ /^typedef (struct|enum) [a-z_0-9]+ [a-z_0-9]+;$/)
        item("opaque", name_before(";"))
    else if (code ~ /^typedef /)
        item("callback", name_before(code ~ /\(\*/ ? "\\)" : "\\("))
    else if (code ~ /\(/)
        item("function", name_before("\\("))
    else
        item("variable", name_before(";"))
}

function item(kind, name,    doc) {
    doc = doc_of()
    on_item(kind, name, code, doc, uses > 1)
}

# What is said of the declaration just taken.
function doc_of() {
    if (behind != "") {
        if (above == "" || uses)
            above = behind
        else
            above = above "\n\n" behind
        uses = 1
        behind = above
        above = ""
        return behind
    }
    if (above != "")
        uses++
    return above
}

function read_body(    kind, s) {
    code = line[at++]
    kind = code ~ /enum / ? "enum" : "struct"
    match(code, /(struct|enum) [a-z_0-9]+/)
    name = substr(code, RSTART, RLENGTH)
    sub(/.* /, "", name)
    behind = ""
    outer = doc_of()
    outer_uses = uses
    on_open(kind, name, code, outer, uses > 1)
    forget()
    while (at <= lines && line[at] !~ /^}/) {
        s = line[at]
        if (s ~ /^[ \t]*$/) {
            forget()
            at++
        } else if (s ~ /^[ \t]*\/\*/) {
            at++
            above = take_comment(s, index(s, "/*"))
            uses = 0
            if (above ~ /^---- .* ----$/) {
                on_group(substr(above, 6, length(above) - 10))
                forget()
            }
        } else if (s ~ /^#[ \t]*define /) {
            match(s, / [A-Z_]+##/)
            prefix = substr(s, RSTART + 1, RLENGTH - 3)
            at++
        } else if (s ~ /^#/) {
            at++
        } else if (kind == "enum" && s ~ /^ +[A-Z_]+\(/) {
            read_map(s)
            at++
        } else {
            take(kind == "enum" ? "." : ";$")
            member(kind)
        }
    }
    on_close(line[at++])
    above = outer
    uses = outer_uses
}

function member(kind,    name) {
    if (above != "" && behind != "" && !uses) {
        on_note(above)
        forget()
    }
    if (kind == "enum") {
        match(code, /[A-Za-z_0-9]+/)
        name = substr(code, RSTART, RLENGTH)
    } else if (match(code, /\(\*[a-z_0-9]+\)/)) {
        name = substr(code, RSTART + 2, RLENGTH - 3)
    } else {
        name = name_before(code ~ /\[/ ? "\\[" : ";")
    }
    on_member(name, code, doc_of())
}

# The values of an enum that a map `#define MAP(X) X(NAME, value, "text") ...` has.
function read_map(s,    name, entries, count, i, parts) {
    sub(/^ +/, "", s)
    name = substr(s, 1, index(s, "(") - 1)
    if (!(name in map))
        complain(name " is not known")
    count = split(map[name], entries, "\n")
    for (i = 2; i <= count; i++) {
        sub(/^ +X\(/, "", entries[i])
        sub(/\)[ \\]*$/, "", entries[i])
        split(entries[i], parts, /, /)
        text = substr(entries[i], index(entries[i], "\"") + 1)
        sub(/"$/, "", text)
        on_member(prefix parts[1], "    " prefix parts[1] " = " parts[2] ",", text)
    }
}

# Takes lines until one, without comments, matches `ends`: into `code`, and what stands behind it into `behind`.
function take(ends,    s, from) {
    code = ""
    behind = ""
    do {
        s = line[at++]
        if (s !~ /^#/ && (from = index(s, "/*")) || (from = index(s, " /* ") + 1) > 1) {
            behind = take_comment(s, from)
            s = substr(s, 1, from - 1)
        }
        sub(/[ \t]+$/, "", s)
        code = code (code == "" ? "" : "\n") s
    } while (s !~ ends && at <= lines)
    if (s !~ ends)
        complain("a declaration without an end: " code)
}

# The comment that begins in this line; further ones are taken. The text's indentation is kept beyond that of its lines.
function take_comment(s, from,    text) {
    s = substr(s, from + 2)
    sub(/^ /, "", s)
    text = ""
    while (!index(s, "*/")) {
        if (at > lines) {
            complain("a comment without an end")
            return text
        }
        sub(/[ \t]+$/, "", s)
        text = text s "\n"
        s = line[at++]
        if (s ~ /^ *\*\//) {
            sub(/^ */, "", s)
        } else if (s ~ /^ *\*/) {
            sub(/^ *\*/, "", s)
            sub(/^ /, "", s)
        } else {
            sub(/^ +/, "", s)
        }
    }
    s = substr(s, 1, index(s, "*/") - 1)
    sub(/[ \t]+$/, "", s)
    text = text s
    sub(/\n+$/, "", text)
    return text
}

# A doc in pieces: paragraphs, and examples, which are indented by four after an empty line. Their count; the texts come
# into piece, and of those that are examples is_code is true.
function pieces(doc,    count, row, i, n, code, text, inside, was_empty) {
    split("", piece)
    split("", is_code)
    count = split(doc, row, "\n")
    n = inside = was_empty = 0
    for (i = 1; i <= count; i++) {
        code = inside ? row[i] ~ /^(    .*)?$/ : was_empty && row[i] ~ /^    /
        text = code ? substr(row[i], 5) : row[i]
        if (code ? inside : row[i] != "" && !inside && !was_empty && n > 0) {
            piece[n] = piece[n] "\n" text
        } else if (code || row[i] != "") {
            piece[++n] = text
            if (code)
                is_code[n] = 1
        }
        inside = code
        was_empty = row[i] == ""
    }
    for (i in is_code)
        sub(/\n+$/, "", piece[i])
    return n
}

# What a sentence opens with, `Thread:` for instance, begins a paragraph of its own.
function labels_apart(text) {
    text = "\n" text
    while (match(text, /[.)\n][ \n]+(Ownership|Lifetime|Thread|Order|Errors|Life):/))
        text = substr(text, 1, RSTART) "\n\n" label_in(substr(text, RSTART + 1, RLENGTH - 1)) substr(text, RSTART + RLENGTH)
    if (match(text, /^\n(Ownership|Lifetime|Thread|Order|Errors|Life):/))
        text = label_in(substr(text, 2, RLENGTH - 1)) substr(text, RLENGTH + 1)
    sub(/^\n+/, "", text)
    return text
}

# Marked, so that it is found once, and can be shown as what it is.
function label_in(s) {
    gsub(/[ \n:]/, "", s)
    return "\002" s "\003"
}

function name_before(what,    s) {
    s = code
    if (!match(s, "[A-Za-z_0-9]+[ \n]*" what)) {
        complain("a declaration without a name: " code)
        return "?"
    }
    s = substr(s, RSTART, RLENGTH)
    match(s, /[A-Za-z_0-9]+/)
    return substr(s, RSTART, RLENGTH)
}

function complain(why) {
    printf "%s:%d: %s\n", FILENAME, at, why >"/dev/stderr"
    failed = 1
}
