/* program: a service that is a program in any language. It reads one request after the other from
 * its standard input, and writes the answers to its standard output; see xylem_program_service.
 */
#ifndef XY_PROGRAM_H
#define XY_PROGRAM_H

#include "service/service.h"

/* What the service of each program does, but for its name. */
extern const xylem_service xy_program;

/* Starts the program of a node: the state of its service. The name and the command are lent. False,
 * and the error, on failure. `host` may be NULL: there no program can run. */
bool xy_program_open(const char *name, const char *command, const xy_host *host, void **state,
                     xy_error *error);

#endif
