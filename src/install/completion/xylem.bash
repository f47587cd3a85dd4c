# bash completion for xylem, xylem-sim and xylem-bench

# Takes apart what is being completed: `word`, and in `option` the option that it is the value of, or
# nothing. In --option=value the `=` is a word of its own, unless COMP_WORDBREAKS lacks it.
_xylem_split()
{
    word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}
    if [[ $word == = ]]; then
        word=
    elif [[ $option == = ]]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $word == --*=* ]]; then
        option=${word%%=*} word=${word#*=} before=$option=
    fi
}

# Offers these choices, of which those that begin with the word are shown.
_xylem_offer()
{
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$*" -- "$word")
}

_xylem_files()
{
    compopt -o default 2>/dev/null
    [[ -z $before ]] || mapfile -t COMPREPLY < <(compgen -P "$before" -f -- "$word")
}

_xylem()
{
    local word option before
    COMPREPLY=()
    _xylem_split
    case $option in
    -f) _xylem_files ;;
    -c | --seed | --program | --restarts | --restart-window | --heartbeat | --timeout | --job-timeout) ;;
    --transport) _xylem_offer ipc tcp ;;
    --topology) _xylem_offer bst avl balanced list tree ;;
    --repair) _xylem_offer none adopt restart ;;
    --restart) _xylem_offer one-for-one rest-for-subtree ;;
    --output) _xylem_offer text json ;;
    --json-ids) _xylem_offer number string ;;
    --service) _xylem_offer timer sum dict find sleep ask ;;
    --log) _xylem_offer error warning info debug ;;
    *)
        _xylem_offer -f -c --process --transport --simulate --seed --topology --repair \
            --restart --restarts --restart-window --heartbeat --timeout --job-timeout --service \
            --program --output --json-ids --stop-on-error --log -h --help -V --version
        ;;
    esac
}

_xylem_sim()
{
    local word option before
    COMPREPLY=()
    _xylem_split
    case $option in
    --seeds | --nodes | --minutes) ;;
    --trace | --file) _xylem_files ;;
    --topology) _xylem_offer bst avl balanced list tree any ;;
    --repair) _xylem_offer none adopt restart any ;;
    --without) # names with commas between them
        before+=${word%"${word##*,}"} word=${word##*,}
        _xylem_offer crash pause hold-up slow stall full malformed truncated old stranger impostor \
            astray misdirected liar unasked stillborn early-end late-hello drift slow-end slow-order \
            slow-start slow-report create remove exec ping heartbeat wait burst job cancel move cast
        ;;
    *)
        _xylem_offer --seeds --nodes --minutes --topology --repair --without --trace --shrink --stop \
            --file '-?' --help --usage -V --version
        ;;
    esac
}

_xylem_bench()
{
    local word option before
    COMPREPLY=()
    _xylem_split
    case $option in
    --only) _xylem_offer "$("$1" --list 2>/dev/null | cut -d ' ' -f 1)" ;;
    --repeat) ;;
    *) _xylem_offer --only --repeat --quick --json --list '-?' --help --usage -V --version ;;
    esac
}

complete -F _xylem xylem
complete -F _xylem_sim xylem-sim
complete -F _xylem_bench xylem-bench
