/* service: what a node can do when it is asked to; see xylem.h for what a service is.
 *
 * Each world has its own way of doing a piece of work; what all have in common is here.
 */
#ifndef XY_SERVICE_H
#define XY_SERVICE_H

#include <pthread.h>

#include "core/error.h"
#include "service/context.h"
#include "service/token.h"

/* What the services of the library are. */
extern const xylem_service xy_timer, xy_sum, xy_dict, xy_find, xy_sleep, xy_ask_others;

/* The longest text that takes sum and find no time worth a second thread: at most some 100 us. */
enum { XY_QUICK_SIZE = 1024 };

/* The service with this name, one's own or the library's; NULL when there is none. "" is the
 * timer. */
const xylem_service *xy_service_named(const char *name);

/* Sets that there is none with this name, and which there are: XYLEM_CANNOT_START. Returns false.
 */
bool xy_service_missing(const char *name, xy_error *error);

/* The command of a service that is a program; NULL: it is none. */
const char *xy_service_command(const xylem_service *service);

/* The programs in the order in which they were made known: the name and the command of one; false
 * when there are no more. */
bool xy_service_program(size_t index, const char **name, const char **command);

/* Room for the command of a program, its final NUL included: see xylem_program_service. */
#define XY_COMMAND_SIZE 900

/* How much of a text from outside stands in a message: a few words, and no half character. */
int xy_service_excerpt(const char *text);

struct xylem_work {
    const char *text; /* with a final NUL; lent */
    size_t size;
    int64_t now_ms;
    xylem_context *context; /* of the node */
    char *reply;            /* the answer: its maker frees it */
    size_t reply_size;

    /* Of a request, which may be answered later; NULL: of none. */
    xy_tokens *tokens;
    xy_number request;
    xylem_token *token; /* once it is deferred */
    bool streams;       /* its answer may come in parts */

    /* What the world does; NULL for work that is done at once. */
    bool (*wanted)(const xylem_work *work);
    bool (*rest)(xylem_work *work, int64_t ms, bool awaits); /* awaits: until called back */
    void *world;
    bool within;              /* a callback is under way, while it rests */
    struct xy_answer *answer; /* to the latest xylem_work_call */
};

/* What a program may ask of the process that its node runs in. */
typedef struct xy_host_ops {
    /* Whether so many more descriptors can be had; no other thread takes them until `release`,
     * which is called in any case. */
    bool (*hold)(int descriptors, xy_error *error);
    void (*release)(void);

    /* Explains by an errno why something could not be done. Returns false. */
    bool (*explain)(const char *what, int number, xy_error *error);

    /* Starts a thread that takes no signals. Returns an errno. */
    int (*start_thread)(pthread_t *thread, void *(*run)(void *), void *argument);

    /* Writes a line to the log of the node. */
    void (*log)(void *owner, enum xylem_log_level level, const char *text);
} xy_host_ops;

typedef struct xy_host {
    const xy_host_ops *ops;
    void *owner;
    int64_t id;            /* of the node */
    const char *arguments; /* of the node; lent; as long as the state of the service */
} xy_host;

/* Begins and ends the service of one node; false, and the error, when it cannot begin, or cannot
 * load what an earlier life has saved: then there is no state. The context lasts longer. The host
 * is copied; NULL: there no program can run. The state of a node that was killed is released and
 * not closed. */
bool xy_service_open(const xylem_service *service, xylem_context *context, const xy_host *host,
                     void **state, xy_error *error);
void xy_service_close(const xylem_service *service, void *state);
void xy_service_release(const xylem_service *service, void *state);

/* Whether work with a text of so many bytes takes long. */
bool xy_service_takes_long(const xylem_service *service, size_t size);

/* Does a piece of work: XYLEM_OK, or one of the errors that are a service's; see xylem.h. Then, or
 * when the work is forgotten, its token is settled. */
int xy_service_do(const xylem_service *service, void *state, xylem_work *work);

/* Work that has been done with this status is looked at by the node. True: its answer comes later,
 * by the tokens; false: it is there, and the status may be another one. */
bool xy_work_settle(xylem_work *work, int *status);

/* Work is not looked at any more. */
void xy_work_forget(xylem_work *work);

/* Frees what xylem_work_call has returned: the work is over. */
void xy_work_forget_answer(xylem_work *work);

/* An error of a service, or XYLEM_FAILED in the place of any other: those are the network's. */
int xy_service_error(int status);

/* After a piece of work: whether the service has another state to save than it has saved last, or
 * was given at its start. Then that is in the context, until this is called again. One that cannot
 * be saved is a warning in the log. */
bool xy_service_save(const xylem_service *service, void *state, xylem_context *context,
                     int64_t now_ms);

/* Combines two answers, each with a NUL behind it, one behind the other, by the service of this
 * name: XYLEM_OK, or one of the errors that are a service's. */
int xy_service_combine(const char *name, const uint8_t *texts, size_t a_size, size_t b_size,
                       xylem_work *work);

/* Combines two numbers by their sum; one that is empty counts as nothing. */
int xy_service_add(const char *a, size_t a_size, const char *b, size_t b_size, xylem_work *work);

/* Replies a number and its unit, for less than a printf costs. */
int xy_service_show(xylem_work *work, int64_t number, const char *unit);

/* Answers what the service does not understand, with what it takes: "'help' (timer takes start,
 * stop, time)". XYLEM_BAD_SUBCOMMAND, which exec returns. */
int xy_service_refuse(xylem_work *work, const xylem_service *service, const char *takes);

#endif
