# What the other tools share: they begin with `. words.sh`, which prints the comment at the head of
# the tool when -h or --help is among its words.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# refuse REASON...: the words of a tool are wrong.
refuse() {
    echo "tools/${0##*/}: $*; see tools/${0##*/} --help" >&2
    exit 2
}

# For a tool that takes none but those that have been taken already.
no_more_words() { (($# == 0)) || refuse "unknown word '$1'"; }

# has_test REGEX PRESET...: whether the name of a test of these presets matches.
has_test() {
    local regex=$1 preset
    shift
    for preset; do
        ctest --test-dir "$root/build/$preset" --show-only --tests-regex "$regex" 2>/dev/null |
            grep -q '^Total Tests: [1-9]' && return
    done
}

for word; do
    [[ $word == -h || $word == --help ]] || continue
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit
done
unset word
