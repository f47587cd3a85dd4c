/* small_check: what must hold in a world. The first thing that does not is kept in `broken`.
 */
#ifndef XY_TEST_CHECK_H
#define XY_TEST_CHECK_H

#include "small_world.h"

extern const char *broken;

void must(bool holds, const char *what);

/* Before a command is issued: what it is about. */
/* The requests that a cast gives rise to have the next numbers, and no replies of their own. */
void check_parts(world *w, const issued *cast);

void check_issue(world *w, issued *one, const xy_command *command);

/* When a node hears a frame or does some work; when a reply or a notice comes. */
void check_hear(world *w, uint64_t who, const xy_frame *heard);
void check_work(world *w, uint64_t who, uint64_t command);
void check_reply(world *w, const xy_action *reply);
void check_notice(const world *w, const xy_action *notice);

/* The controlling node hears an ask, and has perhaps made a request of it; a life is told of the
 * answer. */
void check_ask(world *w, uint64_t who, const xy_frame *heard);
void check_ask_made(world *w, uint64_t before);
void check_ask_answered(world *w, uint64_t who, const xy_action *action);

/* After every move. */
void check_always(const world *w);

/* When nothing can happen by itself at this time; `over`: nor later. */
void check_quiet(const world *w, bool over);

#endif
