/* service: what a node can do when it is asked to; see xylem.h for what a service is.
 *
 * Each world has its own way of doing a piece of work; what all have in common is here.
 */
#ifndef XY_SERVICE_H
#define XY_SERVICE_H

#include "xylem.h"

/* What the services of the library are. */
extern const xylem_service xy_timer, xy_sum, xy_dict, xy_find, xy_sleep;

/* The service with this name, one's own or the library's; NULL when there is none. "" is the
 * timer. */
const xylem_service *xy_service_named(const char *name);

struct xylem_work {
    const char *text; /* with a final NUL; lent */
    size_t size;
    int64_t now_ms;
    char *reply; /* the answer: whoever made the work frees it */
    size_t reply_size;

    /* What the world does; NULL for work that is done at once. */
    bool (*wanted)(const xylem_work *work);
    bool (*rest)(xylem_work *work, int64_t ms);
    void *world;
};

/* Begins and ends the service of one node; XYLEM_OK or an error. */
int xy_service_open(const xylem_service *service, void **state);
void xy_service_close(const xylem_service *service, void *state);

/* Does a piece of work: what exec returned, or XYLEM_NO_MEMORY; it is always an error that may
 * travel. */
int xy_service_do(const xylem_service *service, void *state, xylem_work *work);

#endif
