/* worker: the children of one process: how a worker is started, killed and waited for.
 *
 * A worker is this program, started again. It gets what it must know (who it is, its secret, where
 * its parent is) over an inherited descriptor, and says over the same one why it could not begin.
 * A pidfd tells of its end.
 */
#ifndef XY_WORKER_H
#define XY_WORKER_H

#include <sys/types.h>

#include "core/node.h"
#include "runtime/host.h"
#include "runtime/link.h"

/* The first argument of a worker, and where it finds its letter. */
#define XY_WORKER_FLAG      "--xylem-worker"
#define XY_WORKER_LETTER_FD 3

/* What all workers of a network are told alike. */
typedef struct xy_setting {
    enum xylem_transport transport;
    enum xylem_log_level log_level;
    char folder[XY_ENDPOINT_SIZE]; /* of ipc sockets */
} xy_setting;

/* What a worker must know. Parent and child are the same program: so it goes as it is. */
typedef struct xy_letter {
    xy_birth birth;
    pid_t parent_pid;
    xy_setting setting;
    char parent[XY_ENDPOINT_SIZE];
    xy_keys keys; /* over tcp */
} xy_letter;

/* Where the node of this incarnation binds. */
void xy_worker_endpoint(char endpoint[XY_ENDPOINT_SIZE], const xy_setting *setting,
                        uint64_t incarnation);

/* Removes the file of that socket, if it still has one. */
void xy_worker_forget(const xy_setting *setting, uint64_t incarnation);

typedef struct xy_worker xy_worker;

/* The children of one process. */
typedef struct xy_workers {
    xy_nursery nursery; /* its fd polls the pidfd of each */
    const xy_setting *setting;
    const xy_keys *keys;
    xy_link *link;
    xy_worker *first;
} xy_workers;

/* Begins without children. The setting, the keys (NULL: none are needed) and the link stay the
 * caller's, and must last longer. False, and the reason, when there is no descriptor. */
bool xy_workers_open(xy_workers *workers, const xy_setting *setting, const xy_keys *keys,
                     xy_link *link, char reason[XYLEM_REASON_SIZE]);

/* Kills every child and waits for its end. */
void xy_workers_close(xy_workers *workers);

#endif
