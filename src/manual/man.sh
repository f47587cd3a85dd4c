#!/bin/sh
# Makes a man page of a page of the manual: man.sh PAGE.md VERSION DATE [FILE]
# Writes it to FILE or to standard output. The first line of the page gives its name, section and
# description: <!-- man: xylem-limits(7): what xylem bears -->
#
# lowdown converts because it is small and in Debian, while pandoc needs 180 MB. Before it, links to
# other pages are replaced; after it, headings, code, tables and what mandoc would warn of.
set -eu

[ $# -ge 3 ] || {
    echo "usage: man.sh PAGE.md VERSION DATE [FILE]" >&2
    exit 2
}
page=$1 version=$2 date=$3 file=${4-}
LC_ALL=C.UTF-8
export LC_ALL

first=$(sed -n '1s/^<!-- man: \([a-z-]*\)(\([1-9]\)): \(.*[^ ]\) -->$/\1 \2 \3/p' "$page")
[ -n "$first" ] || {
    echo "$page: the first line is not <!-- man: NAME(SECTION): DESCRIPTION -->" >&2
    exit 1
}
name=${first%% *} first=${first#* }
section=${first%% *} description=${first#* }

# Links to another page of the manual become its NAME(SECTION), after their text when that says more
# than the name of the page; links to other files become their text; blocks of code are left alone.
# shellcheck disable=SC2016 # what is in quotes is for awk
links='
function reference(path,    line) { # of the man page that is made of a file
    sub(/#.*/, "", path)
    if (path == "" || path ~ /\// || (getline line < (folder path)) <= 0 || line !~ /^<!-- man: /)
        return ""
    close(folder path)
    sub(/^<!-- man: /, "", line)
    sub(/:.*/, "", line)
    return "**" substr(line, 1, index(line, "(") - 1) "**" substr(line, index(line, "("))
}
function plain(text) { # for comparison
    text = tolower(text)
    gsub(/[^a-z]/, "", text)
    return text
}
function replacement(link,    text, path, other, page) {
    text = substr(link, 2, index(link, "](") - 2)
    path = substr(link, index(link, "](") + 2)
    sub(/\)$/, "", path)
    if (path ~ /^[a-z]+:/)
        return link
    other = reference(path)
    page = path
    sub(/\.md.*/, "", page)
    if (other == "")
        return text
    return plain(text) == plain(page) || plain(text) == plain(other) ? other : text " (" other ")"
}
function flush(    rest) {
    for (rest = held; match(rest, /\[[^][]*\]\([^() \n]*\)/); rest = substr(rest, RSTART + RLENGTH))
        printf "%s%s", substr(rest, 1, RSTART - 1), replacement(substr(rest, RSTART, RLENGTH))
    printf "%s", rest
    held = ""
}
NR == 1 || (!code && /^# /) { next }
!code { sub(/^##/, "#") } # which lowdown takes for sections, and the rest for subsections
/^ *```/ { code = !code }
code || /^ *```/ { flush(); print; next }
{ held = held $0 "\n" }
END { flush() }
'

# Puts right what lowdown has written.
# shellcheck disable=SC2016
finish='
function literal(text) { # code is shown as it is, and can be copied
    gsub(/\\-/, "-", text)
    gsub(/-/, "\\-", text)
    gsub(/\047/, "\\(aq", text)
    gsub(/`/, "\\(ga", text)
    gsub(/\^/, "\\(ha", text)
    gsub(/~/, "\\(ti", text)
    return text
}
function fonts(line,    before, end) { # \fC does not exist everywhere: code is bold
    gsub(/\\fBxylem-/, "\\fBxylem\\-", line) # names are not broken there
    gsub(/\\f\(CB/, "\\fB", line)
    gsub(/\\f\(CI/, "\\fI", line)
    while (match(line, /\\fC/)) {
        before = before substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + 3)
        end = index(line, "\\fR")
        if (!end)
            end = length(line) + 1
        before = before "\\fB" literal(substr(line, 1, end - 1))
        line = substr(line, end)
    }
    return before line
}
function width(cell) { # of what is shown
    gsub(/\\f[A-Z]/, "", cell)
    gsub(/\\\(..|\\./, "x", cell)
    return length(cell)
}
function longest(cell,    words, n, i, most) { # word
    n = split(cell, words, " ")
    for (i = 1; i <= n; i++)
        if (width(words[i]) > most)
            most = width(words[i])
    return most
}
function paragraph() { # begins one, unless a heading or .PP has just done that
    if (!begun)
        print ".PP"
    begun = 1
}

# A table: columns of their natural width, if 71 columns of text suffice. Otherwise the widest ones
# are made narrower, one column at a time, and none narrower than its longest word.
function table(    columns, i, j, sum, widest, format, line, left) {
    columns = split(alignment, format, " ")
    for (j = 1; j <= columns; j++) {
        need[j] = least[j] = 1
        for (i = 0; i < cells / columns; i++) {
            if (width(cell[i * columns + j]) > need[j])
                need[j] = width(cell[i * columns + j])
            if (longest(cell[i * columns + j]) > least[j])
                least[j] = longest(cell[i * columns + j])
        }
        sum += need[j] + 2
    }
    for (sum -= 2; sum > 71; sum--) {
        widest = 0
        for (j = 1; j <= columns; j++)
            if (need[j] > least[j] && (!widest || need[j] > need[widest]))
                widest = j
        if (!widest)
            break
        need[widest]--
    }
    paragraph()
    print ".TS\ntab(|) nokeep;"
    for (i = 1; i <= 2; i++) {
        line = ""
        for (j = 1; j <= columns; j++)
            line = line (j > 1 ? " 2 " : "") substr(format[j], 1, 1) (i == 1 ? "b" : "")
        print line (i == 1 ? "" : ".")
    }
    for (i = 0; i < cells / columns; i++) {
        do {
            line = ""
            left = 0
            for (j = 1; j <= columns; j++) {
                line = line (j > 1 ? "|" : "") piece(i * columns + j, need[j])
                left += cell[i * columns + j] != ""
            }
            print line
        } while (left)
        if (i == 0)
            print "_"
    }
    print ".TE"
    begun = 0
}

# Takes from a cell the words that fit. The font in which they end is that of the next line too.
function piece(k, columns,    words, n, i, line, last, font) {
    n = split(cell[k], words, " ")
    line = words[1]
    for (i = 2; i <= n && width(line " " words[i]) <= columns; i++)
        line = line " " words[i]
    last = line
    cell[k] = ""
    for (; i <= n; i++)
        cell[k] = cell[k] (cell[k] == "" ? "" : " ") words[i]
    while (match(last, /\\f[A-Z]/)) {
        font = substr(last, RSTART, RLENGTH)
        last = substr(last, RSTART + RLENGTH)
    }
    if (cell[k] != "" && font != "" && font != "\\fR") {
        cell[k] = font cell[k]
        line = line "\\fR"
    }
    return (line ~ /^[._=]/ ? "\\\\&" : "") line
}

/^\.TS/ { inside = 1; cells = 0; next }
inside && /^\.TE/ { inside = 0; table(); next }
inside && /^[lcr ]+\.$/ { alignment = substr($0, 1, length($0) - 1); next }
inside && /^(tab\(|[lcr]b)/ { next }
inside && /^(T\}\|)?T\{/ { cell[++cells] = ""; next }
inside && /^T\}/ { next }
inside {
    $0 = fonts($0)
    gsub(/\\e\|/, "\\(ba") # as in the source, where a bar separates cells
    cell[cells] = cell[cells] (cell[cells] == "" ? "" : " ") $0
    next
}
/^\.EX/ { paragraph(); print ".RS 4\n.EX"; code = 1; next }
/^\.EE/ { print ".EE\n.RE"; code = begun = 0; next }
code { print literal($0); next }
/^\.S[HS]$/ {
    macro = $0
    getline
    gsub(/\\f[A-Z]/, "")
    print macro " \"" (macro == ".SH" ? toupper($0) : $0) "\""
    begun = 1
    next
}
/^\.[LP]P$/ { paragraph(); next }
/^\.if [nt] / { getline; tight = 1; next }
/^\.IP/ {
    if (match($0, /[0-9]+\./)) # numbers have no indent of their own
        $0 = ".IP \"" substr($0, RSTART, RLENGTH) "\" 4"
    if ($0 == ".IP") # goes on with an item
        $0 = ".IP \"\" " indent
    indent = $NF
    print tight ? ".PD 0\n" $0 "\n.PD" : $0
    tight = 0
    begun = 1
    next
}
/^\.R[SE]/ { begun = 0 }
{ print fonts($0) }
/^[^.]/ || /^\.R[SE]/ { begun = 0 }
'

source=$(awk -v folder="$(dirname "$page")/" "$links" "$page")
roff=$(printf '%s\n' "$source" | "${LOWDOWN:-lowdown}" -tman --out-no-smarty --parse-no-metadata \
    --parse-no-super --parse-no-intraemph --parse-no-deflists --parse-no-footnotes \
    --parse-no-ext-attrs)
body=$(printf '%s\n' "$roff" | awk "$finish")
[ -n "$body" ] || {
    echo "$page: there is nothing in it" >&2
    exit 1
}
title=$(echo "$name" | tr '[:lower:]' '[:upper:]')
case $body in
.SH*) start= ;;
*) start='.SH "DESCRIPTION"
' body=${body#.PP?} ;;
esac
write() {
    case $body in *'
.TS
'*) echo "'\\\" t" ;; esac
    cat <<END
.\\" -*- coding: utf-8 -*-
.\\" made of $(basename "$page") by man.sh
.nr HY 0
.TH "$title" "$section" "$date" "xylem $version" "xylem manual"
.nh
.ad l
.SH "NAME"
$name \\- $description
$start$body
END
}
if [ -n "$file" ]; then write >"$file"; else write; fi
