#!/bin/sh
# A program that serves a node, and does what the request says: right, or wrong in one of many ways.

reply() {
    printf '%s %s %s\n%s' "$number" "${2:-ok}" "${#1}" "$1"
}

while read -r node number size; do
    text=$(dd bs=1 count="$size" 2>/dev/null)
    case $text in
    say*) reply "$node $number $text" ;;
    pid) reply $$ ;;
    arguments) reply "$XYLEM_ARGUMENTS" ;;
    refuse) reply 'not today' error ;;
    parts) reply one part && reply '' part && reply two part && reply three ;;
    many) for i in $(seq 2000); do printf '%s part 1000\n%1000d' "$number" "$i"; done && reply many ;;
    forever) while :; do printf '%s part 60000\n%60000d' "$number" 7; done ;;
    wide) printf '%s part 65537\n' "$number" ;;
    apart) reply one part && exit 5 ;;
    sorry) reply one part && reply sorry error ;;
    complain) printf 'one\ntw\033o\n' >&2 && reply '' ;;
    signals) reply "$(grep -E 'Sig(Blk|Ign)' /proc/$$/status)" ;;
    fork) sleep 1000 >/dev/null 2>&1 & reply $! ;;
    leave) setsid sleep 1000 >/dev/null 2>&1 & reply $! ;;
    last) reply last && exit 0 ;;
    never) sleep 1000 ;;
    busy) while :; do :; done ;;
    twice) reply one && reply two ;;
    stream) while echo for ever and ever without a pause and without an end; do :; done ;;
    line) while printf 1; do :; done ;;
    flood) while printf '%s ok 33554432\n' "$number"; do :; done ;;
    garbage) printf 'garb\001age\n' ;;
    empty) echo ;;
    words) echo "$number yes 3" ;;
    missing) echo "$number ok" ;;
    signed) echo "$number ok -1" ;;
    blanks) echo "$number ok 1 " ;;
    before) number=$((number - 1)) && reply old ;;
    after) number=$((number + 1)) && reply new ;;
    large) printf '%s ok 33554433\n' "$number" ;;
    huge) printf '%s ok 99999999999999999999\n' "$number" ;;
    half) printf '%s ok 100\nhalf' "$number" && exit 4 ;;
    status) exit 3 ;;
    crash) kill -SEGV $$ ;;
    shut) exec >/dev/null && while :; do sleep 1000; done ;;
    *) reply "what is '$text'?" error ;;
    esac
done
