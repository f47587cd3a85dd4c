# bash completion for xylem

_xylem()
{
    local word=${COMP_WORDS[COMP_CWORD]} choices
    COMPREPLY=()
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -f)
        compopt -o default 2>/dev/null
        return
        ;;
    -c | --seed | --heartbeat | --timeout | --job-timeout) return ;;
    --transport) choices="ipc tcp" ;;
    --topology) choices="bst" ;;
    --output) choices="text json" ;;
    --service) choices="timer sum dict find sleep" ;;
    --log) choices="error warning info debug" ;;
    *)
        choices="-f -c --process --transport --simulate --seed --topology --heartbeat --timeout
                 --job-timeout --service --output --stop-on-error --log --help --version"
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _xylem xylem
