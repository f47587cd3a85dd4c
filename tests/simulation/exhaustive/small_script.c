#include "small_script.h"
#include "small_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    xy_command_kind kind;
    int64_t fault;
} verbs[] = {{"create", XY_COMMAND_CREATE, 0},
             {"remove", XY_COMMAND_REMOVE, 0},
             {"exec", XY_COMMAND_EXEC, 0},
             {"ping", XY_COMMAND_PING, 0},
             {"kill", XY_COMMAND_FAULT, XY_FAULT_KILL},
             {"pause", XY_COMMAND_FAULT, XY_FAULT_PAUSE},
             {"resume", XY_COMMAND_FAULT, XY_FAULT_RESUME},
             {"heartbeat", XY_COMMAND_HEARTBEAT, 0},
             {"move", XY_COMMAND_MOVE, 0},
             {"close", XY_COMMAND_CLOSE, 0},
             {"cast", XY_COMMAND_CAST, 0},
             {"ask", XY_COMMAND_EXEC, 0}}; /* ID:OTHER, which it asks */

enum { VERBS = sizeof verbs / sizeof *verbs, ANY_IDS = 3, ANY_VERBS = SCRIPT_ANY / ANY_IDS };

static const int64_t ids[CAST_IDS] = {1, 2, 3, 4, 5};

static xy_command command_of(size_t verb, int64_t number)
{
    xy_command command = {.kind = verbs[verb].kind, .parent = XY_PARENT_ANY, .timeout_ms = -1};
    if (command.kind == XY_COMMAND_HEARTBEAT) {
        command.value = number;
    } else {
        command.id = number;
        command.value = verbs[verb].fault;
    }
    if (command.kind == XY_COMMAND_EXEC || command.kind == XY_COMMAND_CAST) {
        command.text = "work";
        command.size = 4;
    }
    if (command.kind == XY_COMMAND_CAST) { /* to all from 1 to this number */
        command.ids = ids;
        command.id_count = (size_t)number;
    }
    return command;
}

xy_command script_create(int64_t id, int64_t parent)
{
    xy_command command = command_of(0, id);
    command.parent = parent;
    return command;
}

/* The work is to ask another node. */
static bool set_asked(xy_command *command, int64_t id)
{
    static const char *const texts[CAST_IDS + 1] = {"",      "ask 1", "ask 2",
                                                    "ask 3", "ask 4", "ask 5"};
    if (id < 1 || id > CAST_IDS)
        return false;
    command->text = texts[id];
    command->size = strlen(texts[id]);
    return true;
}

/* Reads one step; NULL when there is none. */
static const char *read_step(script_step *step, const char *text)
{
    char name[16];
    int64_t number = 0, parent = XY_PARENT_ANY;
    int length = 0;
    if (sscanf(text, " any%n", &length) == 0 && length > 0) {
        step->any = true;
        return text + length;
    }
    if (sscanf(text, " %15[a-z]%n %" SCNd64 "%n:%" SCNd64 "%n", name, &length, &number, &length,
               &parent, &length) < 1)
        return NULL;
    for (size_t verb = 0; verb < VERBS; verb++)
        if (strcmp(name, verbs[verb].name) == 0 &&
            (verbs[verb].kind != XY_COMMAND_CAST || (number >= 0 && number <= CAST_IDS))) {
            step->command = command_of(verb, number);
            step->command.parent = parent;
            if (strcmp(name, "ask") == 0 && !set_asked(&step->command, parent))
                return NULL;
            return text + length;
        }
    return NULL;
}

/* Reads a word of this kind; how long it is, blanks before it included, or 0. */
static int read_shape(script *read, const char *text)
{
    char name[16];
    int length = 0;
    if (sscanf(text, " %15[a-z]%n", name, &length) < 1)
        return 0;
    const xy_topology *topology = xy_topology_named(name);
    bool keyed = strcmp(name, "keyed") == 0, beats = strcmp(name, "beats") == 0;
    bool past = strcmp(name, "past") == 0, adopt = strcmp(name, "adopt") == 0;
    bool rest = strcmp(name, "rest") == 0, restart = rest || strcmp(name, "restart") == 0;
    if (topology)
        read->topology = topology;
    read->keyed |= keyed;
    read->past |= past;
    read->beats |= beats;
    read->rest |= rest;
    if (adopt || restart)
        read->repair = adopt ? XY_REPAIR_ADOPT : XY_REPAIR_RESTART;
    return topology || keyed || past || beats || adopt || restart ? length : 0;
}

static int read_node(script *read, const char *text)
{
    int64_t id, parent = XY_PARENT_ANY;
    int length = 0;
    if (sscanf(text, " %" SCNd64 "%n:%" SCNd64 "%n", &id, &length, &parent, &length) < 1)
        return 0;
    read->nodes[read->nodes_count].id = id;
    read->nodes[read->nodes_count++].parent = parent;
    return length;
}

bool script_read(script *read, const char *text)
{
    *read = (script){.topology = &xy_topology_bst};
    for (int length; (length = read_shape(read, text)) > 0;)
        text += length;
    for (int length; read->nodes_count < SCRIPT_NODES && (length = read_node(read, text)) > 0;)
        text += length;
    text += strspn(text, " ");
    if (*text++ != '|')
        return false;
    do {
        script_step *step = &read->steps[read->steps_count++];
        text = read_step(step, text);
        read->moves |= step->command.kind == XY_COMMAND_MOVE;
    } while (text && *text++ == ',' && read->steps_count < SCRIPT_STEPS);
    return text && text[-1] == '\0';
}

size_t script_choices(const script_step *step)
{
    return step->any ? SCRIPT_ANY : 1;
}

xy_command script_command(const script *of, const script_step *step, size_t choice)
{
    if (!step->any)
        return step->command;
    xy_command command = command_of(choice % ANY_VERBS, (int64_t)(choice / ANY_VERBS) + 1);
    if (of->topology == &xy_topology_tree && command.id != 2)
        command.parent = 2;
    return command;
}

size_t script_count(const script *of)
{
    size_t count = 1;
    for (size_t i = 0; i < of->steps_count; i++)
        count *= script_choices(&of->steps[i]);
    return count;
}

void script_print(const xy_command *command)
{
    for (size_t verb = 0; verb < VERBS; verb++)
        if (verbs[verb].kind == command->kind &&
            (command->kind != XY_COMMAND_FAULT || verbs[verb].fault == command->value))
            printf("%s %" PRId64, verbs[verb].name,
                   command->kind == XY_COMMAND_HEARTBEAT ? command->value : command->id);
    if (command->parent != XY_PARENT_ANY)
        printf(":%" PRId64, command->parent);
}
