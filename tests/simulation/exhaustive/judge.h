/* judge: what must hold in a world. The first thing that does not is kept in `broken`.
 */
#ifndef XY_TEST_JUDGE_H
#define XY_TEST_JUDGE_H

#include "world.h"

extern const char *broken;

void must(bool holds, const char *what);

/* Before a command is issued: what it is about. */
void judge_issue(world *w, order *o, const xy_command *command);

/* When somebody hears a frame, does some work, stops; when a reply or a notice comes. */
void judge_hear(world *w, uint64_t who, const frame *heard);
void judge_work(world *w, uint64_t who, const xy_message *request);
void judge_stop(const world *w, uint64_t who);
void judge_reply(world *w, const xy_message *reply);
void judge_notice(const world *w, const xy_message *notice);

/* After every move. */
void judge_always(const world *w);

/* When nothing can happen by itself at this time; `over`: nor later. */
void judge_quiet(const world *w, bool over);

#endif
