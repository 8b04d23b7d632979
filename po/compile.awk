# SPDX-License-Identifier: GPL-2.0-or-later
# usage: awk -f po/compile.awk po/LANGUAGE.po... > texts.c
# Makes C tables of catalogues (texts.h). Strings of a catalogue are strings of C, but that <PRIu64> stands for a macro of
# <inttypes.h>. A text without a translation gets no row.

function value(line) {
    sub(/^[^"]*/, "", line)
    while (match(line, /<PRI[a-zA-Z0-9]+>/))
        line = substr(line, 1, RSTART - 1) "\" " substr(line, RSTART + 1, RLENGTH - 2) " \"" substr(line, RSTART + RLENGTH)
    return line
}

# The entry that was read, if it is one: the catalogue's first has no text.
function flush_entry() {
    if (text != "" && text != "\"\"" && one != "" && one != "\"\"")
        printf "    { %s,\n      %s,\n      %s },\n", text, one, many != "" ? many : one
    text = one = many = part = ""
}

function end_language() {
    flush_entry()
    if (language != "")
        print "    { NULL, NULL, NULL },\n};\n"
}

BEGIN {
    print "/* Made by po/compile.awk. */\n#include \"texts.h\"\n\n#include <inttypes.h>\n#include <stddef.h>\n"
}
FNR == 1 {
    end_language()
    language = FILENAME
    gsub(/.*\/|\.po$/, "", language)
    languages = languages "    { \"" language "\", texts_" language " },\n"
    print "static const struct texts_translation texts_" language "[] = {"
}
/^#/ { next }
/^$/ { flush_entry() }
/^msgid "/ { part = "text"; text = value($0); next }
/^msgid_plural / { part = "plural"; next }
/^msgstr(\[0\])? / { part = "one"; one = value($0); next }
/^msgstr\[1\] / { part = "many"; many = value($0); next }
/^"/ {
    if (part == "text") text = text " " value($0)
    if (part == "one") one = one " " value($0)
    if (part == "many") many = many " " value($0)
}
END {
    end_language()
    print "const struct texts_language texts_languages[] = {\n" languages "    { NULL, NULL },\n};"
}
