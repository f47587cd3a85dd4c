/* Which services there are: the library's, and those that the program has made known. */
#include "service/service.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/program.h"

enum { SUPPLIED = 6, OWN_MAX = 64 };

static const xylem_service *const supplied[SUPPLIED] = {&xy_timer, &xy_sum,   &xy_dict,
                                                        &xy_find,  &xy_sleep, &xy_ask_others};
static xylem_service own[OWN_MAX];    /* changed only before there is a network */
static const char *commands[OWN_MAX]; /* of those of them that are programs */
static size_t own_count;

static const xylem_service *at(size_t index)
{
    return index < SUPPLIED ? supplied[index] : &own[index - SUPPLIED];
}

const xylem_service *xy_service_named(const char *name)
{
    if (!*name)
        return &xy_timer;
    for (size_t i = 0; i < SUPPLIED + own_count; i++)
        if (strcmp(at(i)->name, name) == 0)
            return at(i);
    return NULL;
}

/* Adds a name to a list; when there is no room for it, and for the word that there are more, that
 * word: then false. */
static bool list(xy_error *error, const char *name)
{
    static const char separator[] = ", ", more[] = ", ...";
    size_t used = strlen(error->text);
    bool first = error->text[used - 1] == ' ';
    bool fits = used + strlen(separator) + strlen(name) + sizeof more <= sizeof error->text;
    snprintf(error->text + used, sizeof error->text - used, "%s%s", fits && !first ? separator : "",
             fits ? name : more);
    return fits;
}

bool xy_service_missing(const char *name, xy_error *error)
{
    int length = xy_service_excerpt(name);
    xy_error_set(error, XYLEM_CANNOT_START, "there is no service '%.*s%s'; there are ", length,
                 name, name[length] ? "..." : "");
    for (size_t i = 0; i < SUPPLIED + own_count && list(error, at(i)->name); i++)
        ;
    return false;
}

static bool is_name(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
            return false;
    return length > 0 && length < XY_SERVICE_NAME_SIZE;
}

static int add(const xylem_service *service, const char *command)
{
    assert(own_count <= OWN_MAX);
    if (own_count == OWN_MAX)
        return XYLEM_BUSY;
    commands[own_count] = command;
    own[own_count++] = *service;
    return XYLEM_OK;
}

int xylem_register(const xylem_service *service)
{
    if (!service || service->size != sizeof *service || !service->exec || !is_name(service->name) ||
        !service->save != !service->load || xy_service_named(service->name))
        return XYLEM_INVALID;
    return add(service, NULL);
}

/* The texts are copied, and never freed: a service stays known. */
int xylem_program_service(const char *name, const char *command)
{
    if (!is_name(name) || xy_service_named(name) || !command || !*command ||
        strlen(command) >= XY_COMMAND_SIZE)
        return XYLEM_INVALID;
    xylem_service service = xy_program;
    char *copied = strdup(name), *said = strdup(command);
    service.name = copied;
    int error = copied && said ? add(&service, said) : XYLEM_NO_MEMORY;
    if (error) {
        free(copied);
        free(said);
    }
    return error;
}

const char *xy_service_command(const xylem_service *service)
{
    for (size_t i = 0; i < own_count; i++)
        if (service == &own[i])
            return commands[i];
    return NULL;
}

bool xy_service_program(size_t index, const char **name, const char **command)
{
    for (size_t i = 0; i < own_count; i++)
        if (commands[i] && index-- == 0) {
            *name = own[i].name;
            *command = commands[i];
            return true;
        }
    return false;
}
