#include "cli/command_table.h"

#include "cli/action.h"
#include "cli/arguments.h"
#include "cli/word_list.h"

#define NO_SUCH_NODE                                                                               \
    {                                                                                              \
        "Error: Not found", "there is no such node"                                                \
    }
#define NO_NODES                                                                                   \
    {                                                                                              \
        "Error: Not found", "there are no nodes"                                                   \
    }
#define OF_A_SET                                                                                   \
    "In place of ID there may be a set: ids and ranges ID-ID with commas between them, ID/ for a " \
    "node and all below it, or all. The reply names the nodes that have failed."
#define CREATE_50 "> create 50\nOK: 4711\n"

const struct command_type command_types[] = {
    {
        .name = "create",
        .synonyms = "add",
        .fewest = 2,
        .most = 8,
        .parse = arguments_create,
        .run = action_create,
        .completions = "--service --arguments --fresh",
        .usage = "create ID [PARENT] [--service NAME] [--arguments TEXT] [--fresh]",
        .purpose = "start a node at its place in the tree",
        .details =
            "Starts a node and waits until the node has answered. In the shapes list and tree it "
            "becomes a child of PARENT; -1 is the controlling node. Without PARENT it goes to the "
            "end of the newest list, or below the controlling node. The other shapes choose the "
            "parent. NAME is timer, sum, dict, find, sleep or ask; without it the node has the "
            "service that the option --service names. TEXT is for the service: in quotes, if it "
            "has "
            "blanks. dict takes the names and numbers that it begins with; a program finds TEXT in "
            "its environment, as XYLEM_ARGUMENTS. With --fresh the node begins without what an "
            "earlier node with this id has saved. In place of ID there may be a set: ids and "
            "ranges "
            "ID-ID with commas between them. Its nodes are created in this order, side by side "
            "where "
            "none is below another one. The reply names the nodes that have failed.",
        .replies = {{"OK: PID", "its process id; its kernel thread id where nodes are threads"},
                    {"OK: N nodes", "of a set"},
                    {"Error: Already exists", "a node has this id, alive or dead: remove it first"},
                    {"Error: Parent not found", "there is no node PARENT"},
                    {"Error: Parent has a child", "in a list a node has one child at most"},
                    {"Error: Parent is unavailable", "the node above it cannot be reached"},
                    {"Error: cannot start node: REASON", "REASON says what failed"}},
        .example = CREATE_50 "> create 25 --service sum\nOK: 4712\n> exec 25 3 1 2 3\nOK: 6\n"
                             "> create 75 --service dict --arguments 'size 7'\nOK: 4713\n"
                             "> exec 75 size\nOK: 7\n",
    },
    {
        .name = "remove",
        .synonyms = "rm delete",
        .fewest = 2,
        .most = 2,
        .parse = arguments_nodes,
        .run = action_remove,
        .completions = "all",
        .usage = "remove ID",
        .purpose = "end a node and all its descendants",
        .details = "Ends a node and all its descendants, also those that hang or have died. In the "
                   "shapes avl and balanced it ends that node alone, and those below it get other "
                   "parents. The ids can be used again. A node that has not ended after 400 ms is "
                   "killed. " OF_A_SET,
        .replies = {{"OK", "they have ended"}, {"OK: N nodes", "of a set"}, NO_SUCH_NODE},
        .example = CREATE_50 "> create 25\nOK: 4712\n> remove 50\nOK\n> all\nError: Not found\n",
    },
    {
        .name = "move",
        .synonyms = "mv",
        .fewest = 3,
        .most = 3,
        .parse = arguments_move,
        .run = action_move,
        .usage = "move ID PARENT",
        .purpose = "give a node another parent",
        .details = "Moves a node and all below it to another parent; -1 is the controlling node. "
                   "They go on meanwhile: what they know is kept, and each request is answered "
                   "once. Only in the shape tree: the others choose the parents.",
        .replies = {{"OK", "the node is below PARENT"},
                    NO_SUCH_NODE,
                    {"Error: Parent not found", "there is no node PARENT"},
                    {"Error: Parent is below it", "PARENT is the node itself or below it"},
                    {"Error: Parent is unavailable", "PARENT cannot be reached"},
                    {"Error: REASON", "the node stays where it was"}},
        .example = CREATE_50 "> create 25\nOK: 4712\n> move 50 25\nOK\n> move 25 50\n"
                             "Error: Parent is below it\n",
    },
    {
        .name = "exec",
        .synonyms = "run",
        .fewest = 3,
        .most = ANY_NUMBER,
        .parse = arguments_exec,
        .run = action_exec,
        .completions = "all",
        .usage = "exec ID TEXT|@FILE [&]",
        .purpose = "send TEXT or the content of FILE; &: as a job",
        .details =
            "Sends a text, or the content of a file, to the service of a node and waits for "
            "the answer. With & at the end it is a job: the reply comes at once, the result "
            "in a later line. A node does its requests one at a time, in order. The nodes of a "
            "set are asked side by side, and equal answers are shown together; & is for one "
            "node. " OF_A_SET,
        .replies = {{"OK: ANSWER", "what the service answers"},
                    {"OK: IDS: ANSWER; ...", "of a set"},
                    {"OK: job JOB", "with &; later a line such as Job 1: OK: 6"},
                    {"Error: bad subcommand: TEXT ...",
                     "the service does not accept TEXT; the rest says what it accepts"},
                    {"Error: Node is not available", "the node cannot be reached"},
                    {"Error: IDS: ...; OK: ...", "some nodes of a set have failed"},
                    {"Error: timed out", "the work takes longer than the option --timeout allows"},
                    NO_SUCH_NODE},
        .example = "> create 50 --service sum\nOK: 4711\n> exec 50 3 1 2 3\nOK: 6\n"
                   "> exec 50 2 20 22 &\nOK: job 1\n> wait 1\nJob 1: OK: 42\nOK\n",
    },
    {
        .name = "heartbeat",
        .aliases = "heartbit",
        .fewest = 2,
        .most = 2,
        .parse = arguments_ms,
        .run = action_heartbeat,
        .usage = "heartbeat MS",
        .purpose = "set the heartbeat interval; 0: no heartbeats",
        .details =
            "From now on every node sends a heartbeat to its parent every MS milliseconds, "
            "also a node that is created later. A node that sends nothing for four intervals "
            "and a margin (half an interval, at least 20 ms) becomes unavailable. heartbit "
            "is another spelling.",
        .replies = {{"OK", "the interval has changed"},
                    {"Error: Not found", "there are no nodes yet"}},
        .example = CREATE_50 "> heartbeat 100\nOK\n> pause 50\nOK\n> wait 50 down\n"
                             "Heartbeat: node 50 is unavailable now\nOK\n",
    },
    {
        .name = "ping",
        .fewest = 2,
        .most = 2,
        .parse = arguments_nodes,
        .run = action_ping,
        .completions = "all",
        .usage = "ping ID",
        .purpose = "ask a node whether it answers",
        .details = "Sends a request to a node and waits for its answer. " OF_A_SET,
        .replies = {{"OK: 1", "the node has answered"},
                    {"OK: -1", "it has not, or there is no such node"},
                    {"OK: N nodes", "all nodes of a set have answered"},
                    {"Error: REASON", "it could not be asked; its state is unknown"}},
        .example = CREATE_50 "> ping 50\nOK: 1\n> ping 51\nOK: -1\n",
    },
    {
        .name = "pingall",
        .fewest = 1,
        .most = 1,
        .run = action_ping_all,
        .usage = "pingall",
        .purpose = "ask every node whether it answers",
        .details = "Sends a request to every node, waits for the answers, and shows the nodes that "
                   "have not answered, in ascending order.",
        .replies = {{"OK: -1", "every node has answered, or there are no nodes"},
                    {"OK: ID;ID;...", "these nodes have not answered"},
                    {"Error: REASON", "the nodes could not be asked; their state is unknown"}},
        .example = CREATE_50 "> create 25\nOK: 4712\n> pingall\nOK: -1\n> kill 25\nOK\n"
                             "Heartbeat: node 25 is unavailable now\n> pingall\nOK: 25\n",
    },
    {
        .name = "all",
        .synonyms = "ls list nodes",
        .fewest = 1,
        .most = 1,
        .run = action_all,
        .usage = "all",
        .purpose = "show every id, ascending",
        .details = "Shows the id of every node, alive or dead, in ascending order.",
        .replies = {{"ID ID ...", "the ids, separated by blanks"}, NO_NODES},
        .example = CREATE_50 "> create 25\nOK: 4712\n> all\n25 50\n",
    },
    {
        .name = "tree",
        .fewest = 1,
        .most = 1,
        .run = action_tree,
        .usage = "tree",
        .purpose = "draw the tree, each node with its state",
        .details = "Draws the tree, one node in each line, with its last known state. Each node "
                   "below the controlling node begins a drawing.",
        .replies = {{"ID available", "the node can be reached"},
                    {"ID unavailable", "the node cannot be reached"},
                    NO_NODES},
        .example = CREATE_50 "> tree\n50 available\n",
    },
    {
        .name = "info",
        .synonyms = "show",
        .fewest = 2,
        .most = 2,
        .parse = arguments_id,
        .run = action_info,
        .usage = "info ID",
        .purpose = "show what is known of a node",
        .details =
            "Shows what the controlling node knows about a node, one fact in each line. The "
            "parent -1 is the controlling node. `requests` counts the requests that the node "
            "has not answered yet; `heard` is the time since the node itself sent something; "
            "`restarts` counts how often it was started again within the restart window.",
        .replies = {{"NAME: VALUE", "a line for each fact"}, NO_SUCH_NODE},
        .example = CREATE_50 "> info 50\nid:        50\nparent:    -1\nchildren:  0\ndepth:     0\n"
                             "available: yes\npid:       4711\nlife:      1\nservice:   timer\n"
                             "requests:  0\nheard:     2 ms\nrestarts:  0\n",
    },
    {
        .name = "status",
        .synonyms = "stat state",
        .fewest = 1,
        .most = 1,
        .run = action_status,
        .usage = "status",
        .purpose = "show what is known of the network",
        .details =
            "Shows what the controlling node knows about the network, one fact in each line. "
            "`depth` is the number of nodes on the longest way down. `false silences` counts "
            "how often a node became unavailable and came back, `moves` how often a node got "
            "another parent, `repairs` how often one that had lost its parent got one again, "
            "`restarts` how often a node was started again. `without parent` is the longest time "
            "that a node was without a parent.",
        .replies = {{"NAME: VALUE", "a line for each fact"}},
        .example = CREATE_50 "> status\nnodes:          1\ndepth:          1\nunavailable:    0\n"
                             "requests:       0\nfalse silences: 0\nmoves:          0\n"
                             "repairs:        0\nrestarts:       0\nwithout parent: 0 ms\n",
    },
    {
        .name = "sleep",
        .fewest = 2,
        .most = 2,
        .parse = arguments_ms,
        .run = action_sleep,
        .usage = "sleep MS",
        .purpose = "wait for MS milliseconds",
        .details = "Waits, and shows the notices and results that arrive. With --simulate virtual "
                   "time passes. This command has no reply.",
        .example = CREATE_50 "> exec 50 start\nOK: start\n> sleep 100\n> exec 50 stop\nOK: stop\n",
    },
    {
        .name = "wait",
        .fewest = 2,
        .most = 4,
        .parse = arguments_wait,
        .run = action_wait,
        .completions = "up down all",
        .usage = "wait ID up|down [MS], wait JOB|all [MS]",
        .purpose = "wait until a node is up or down, or a job has ended",
        .details = "Waits until a node can be reached (up) or cannot (down), or until a job or all "
                   "jobs have ended, with a result or an error. MS is the longest time to wait; "
                   "without MS it is the option --timeout. A node that does not exist cannot be "
                   "reached.",
        .replies = {{"OK", "the node is in this state, or the jobs have ended"},
                    {"Error: timed out", "not yet; the jobs continue"},
                    {"Error: Not found", "there was never such a job"}},
        .example = "> create 50 --service sleep\nOK: 4711\n> wait 50 up\nOK\n> exec 50 100 &\n"
                   "OK: job 1\n> wait 1\nJob 1: OK\nOK\n",
    },
    {
        .name = "kill",
        .fewest = 2,
        .most = 2,
        .parse = arguments_nodes,
        .run = action_kill,
        .reply_first = true,
        .completions = "all",
        .usage = "kill ID",
        .purpose = "end a node at once, like a crash",
        .details = "Ends a node at once, like a crash (in a worker process: SIGKILL). It stays in "
                   "the tree until it is removed, and its descendants cannot be reached. " OF_A_SET,
        .replies = {{"OK", "the node has been killed"}, {"OK: N nodes", "of a set"}, NO_SUCH_NODE},
        .example = CREATE_50 "> kill 50\nOK\nHeartbeat: node 50 is unavailable now\n"
                             "> remove 50\nOK\n",
    },
    {
        .name = "pause",
        .fewest = 2,
        .most = 2,
        .parse = arguments_nodes,
        .run = action_pause,
        .reply_first = true,
        .completions = "all",
        .usage = "pause ID",
        .purpose = "stop a node until it is resumed, like a hang",
        .details = "Stops a node, like a hang (in a worker process: SIGSTOP). It answers nothing "
                   "until it is resumed. " OF_A_SET,
        .replies = {{"OK", "the node has been stopped"}, {"OK: N nodes", "of a set"}, NO_SUCH_NODE},
        .example = CREATE_50 "> pause 50\nOK\n> resume 50\nOK\n> ping 50\nOK: 1\n",
    },
    {
        .name = "resume",
        .fewest = 2,
        .most = 2,
        .parse = arguments_nodes,
        .run = action_resume,
        .reply_first = true,
        .completions = "all",
        .usage = "resume ID",
        .purpose = "continue a node that was paused",
        .details = "Continues a node that was stopped by pause. It then answers the requests that "
                   "it received in the meantime. " OF_A_SET,
        .replies = {{"OK", "the node continues"}, {"OK: N nodes", "of a set"}, NO_SUCH_NODE},
        .example = CREATE_50 "> pause 50\nOK\n> resume 50\nOK\n> ping 50\nOK: 1\n",
    },
    {
        .name = "help",
        .synonyms = "? man",
        .fewest = 1,
        .most = 2,
        .parse = arguments_help,
        .run = action_help,
        .takes_command = true,
        .usage = "help [COMMAND]",
        .purpose = "show the commands, or one of them",
        .details = "Shows each command in a line, or explains one of them.",
        .replies = {{"Error: bad command: WORD ...", "there is no such command"}},
        .example = "> help creat\nError: bad command: 'creat' (did you mean 'create'?)\n",
    },
    {
        .name = "jobs",
        .fewest = 1,
        .most = 1,
        .run = action_jobs,
        .usage = "jobs",
        .purpose = "show the jobs that have not ended",
        .details =
            "Shows the jobs that have not ended, in ascending order: the number of each, its "
            "node, and the start of its text.",
        .replies = {{"Job JOB: node ID: TEXT", "a line for each job"},
                    {"Error: Not found", "there are no such jobs"}},
        .example = "> create 50 --service sleep\nOK: 4711\n> exec 50 60000 &\nOK: job 1\n"
                   "> jobs\nJob 1: node 50: 60000\n> cancel 1\nJob 1: Error: cancelled\nOK\n",
    },
    {
        .name = "cancel",
        .fewest = 2,
        .most = 2,
        .parse = arguments_cancel,
        .run = action_cancel,
        .usage = "cancel JOB",
        .purpose = "cancel a job",
        .details = "Cancels a job. Its work does not begin, or is told to end.",
        .replies = {{"OK", "its result is Error: cancelled"},
                    {"Error: Not found", "there is no such job, or it has ended"}},
        .example = "> create 50 --service sleep\nOK: 4711\n> exec 50 60000 &\nOK: job 1\n"
                   "> cancel 1\nJob 1: Error: cancelled\nOK\n",
    },
    {
        .name = "exit",
        .synonyms = "quit q bye logout",
        .fewest = 1,
        .most = 1,
        .run = action_exit,
        .usage = "exit",
        .purpose = "end every node and the program",
        .details =
            "Ends every node and the program; the end of the input does the same. A job that "
            "has not ended gets the result Error: interrupted.",
        .replies = {{"OK", "every node has ended"}},
        .example = CREATE_50 "> exit\nOK\n",
    },
    {.name = NULL},
};

const struct command_type *command_type_find(struct span name)
{
    for (const struct command_type *type = command_types; type->name; type++)
        if (span_is(name, type->name) || word_list_has(type->aliases, name))
            return type;
    return NULL;
}
