#include "script.h"

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
             {"heartbeat", XY_COMMAND_PACE, 0},
             {"close", XY_COMMAND_CLOSE, 0}};

enum { VERBS = sizeof verbs / sizeof *verbs, ANY_IDS = 3, ANY_VERBS = SCRIPT_ANY / ANY_IDS };

static xy_command command_of(size_t verb, int64_t number)
{
    xy_command command = {.kind = verbs[verb].kind, .timeout_ms = -1};
    if (command.kind == XY_COMMAND_PACE) {
        command.value = number;
    } else {
        command.id = number;
        command.value = verbs[verb].fault;
    }
    if (command.kind == XY_COMMAND_EXEC) {
        command.text = "work";
        command.size = 4;
    }
    return command;
}

xy_command script_create(int64_t id)
{
    return command_of(0, id);
}

/* Reads one step; NULL when there is none. */
static const char *read_step(script_step *step, const char *text)
{
    char name[16];
    int64_t number = 0;
    int length = 0;
    if (sscanf(text, " any%n", &length) == 0 && length > 0) {
        step->any = true;
        return text + length;
    }
    if (sscanf(text, " %15[a-z]%n %" SCNd64 "%n", name, &length, &number, &length) < 1)
        return NULL;
    for (size_t verb = 0; verb < VERBS; verb++)
        if (strcmp(name, verbs[verb].name) == 0) {
            step->command = command_of(verb, number);
            return text + length;
        }
    return NULL;
}

bool script_read(script *read, const char *text)
{
    int length = 0;
    *read = (script){0};
    while (read->nodes_count < SCRIPT_NODES &&
           sscanf(text, "%" SCNd64 "%n", &read->nodes[read->nodes_count], &length) == 1) {
        read->nodes_count++;
        text += length;
    }
    text += strspn(text, " ");
    if (*text++ != '|')
        return false;
    do {
        script_step *step = &read->steps[read->steps_count++];
        text = read_step(step, text);
    } while (text && *text++ == ',' && read->steps_count < SCRIPT_STEPS);
    return text && text[-1] == '\0';
}

size_t script_choices(const script_step *step)
{
    return step->any ? SCRIPT_ANY : 1;
}

xy_command script_command(const script_step *step, size_t choice)
{
    if (!step->any)
        return step->command;
    return command_of(choice % ANY_VERBS, (int64_t)(choice / ANY_VERBS) + 1);
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
                   command->kind == XY_COMMAND_PACE ? command->value : command->id);
}
