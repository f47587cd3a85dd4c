#!/bin/sh
# A service in the language of the shell: a text in capital letters, and which node has done it.
#
# xylem --program upper='sh upper.sh' -c "create 1 --service upper; exec 1 hello"

LC_ALL=C # sizes are in bytes
while read -r node number size; do
    # head would read more than it is asked for
    text=$(dd bs=1 count="$size" 2>/dev/null | tr '[:lower:]' '[:upper:]' && echo .)
    text="node $node: ${text%.}"
    if [ "$size" -eq 0 ]; then
        text='there is no text'
        printf '%s error %s\n%s' "$number" "${#text}" "$text"
    else
        printf '%s ok %s\n%s' "$number" "${#text}" "$text"
    fi
done
