/* protocol: what a program and its agent say to each other, and an agent and its workers; its
 * bytes.
 *
 * The agent says XY_AGENT_MAGIC first of all, and what comes before that is not its: the other side
 * skips it. Then both sides send frames, the agent a GREETING first, the other side a SETTING.
 *
 *     offset  0  size of what follows the kind (2)    2  kind    3  what it carries
 *
 * All numbers are in network order. A text is its length (2) and its bytes, without a NUL. The
 * arguments of a START follow its frame, and then the saved state; the frame ends with the size of
 * the arguments (4), whether there is a state (1), and its size (4).
 */
#ifndef XY_PROTOCOL_H
#define XY_PROTOCOL_H

#include "launch/launcher.h"
#include "service/service.h"

#define XY_AGENT_VERSION 5
#define XY_AGENT_MAGIC   "\nxylem-agent-speaks\n"

/* No frame is larger, without what follows that of a START. */
#define XY_AGENT_FRAME_MAX 1024

typedef enum xy_agent_kind {
    /* From the program to the agent; START, ATTACH, TELL and END go on to the worker: */
    XY_AGENT_SETTING = 1, /* what all workers are told alike; once */
    XY_AGENT_START,       /* have a worker live; gives rise to STARTED and ENDED, or to ENDED */
    XY_AGENT_ATTACH,      /* have a life attach to a parent */
    XY_AGENT_END,         /* have a life end by itself */
    XY_AGENT_SIGNAL,      /* kill, pause or resume a life; gives rise to SIGNALLED, unless the
                             command is 0 */
    /* From the agent to the program; from a worker to the agent EXPECTED, ATTACHED, FAILED and KEY:
     */
    XY_AGENT_GREETING,
    XY_AGENT_STARTED,
    XY_AGENT_EXPECTED, /* a life may attach on a link, */
    XY_AGENT_ATTACHED, /* or has attached */
    XY_AGENT_ENDED,
    XY_AGENT_SIGNALLED,
    XY_AGENT_FAILED,  /* the sender cannot go on and ends */
    XY_AGENT_KEY,     /* the public key of a worker, which may have no life yet */
    XY_AGENT_PROGRAM, /* from the program: a service that is a program, before the first START; */
    XY_AGENT_TELL,    /* and a request of the controlling node to a life */
    XY_AGENT_KIND_END
} xy_agent_kind;

typedef struct xy_setting {
    uint32_t version; /* XY_AGENT_VERSION of the program */
    enum xylem_transport transport;
    enum xylem_log_level log_level;
    char rundir[XY_ADDRESS_SIZE]; /* the folder of ipc sockets */
} xy_setting;

typedef struct xy_agent_message {
    xy_agent_kind kind;
    union {
        xy_setting setting;
        xy_birth start;
        struct {
            xy_life life;
            xy_attachment to;
        } attach;
        struct {
            xy_life life;
            size_t size;
            uint8_t frame[XY_TOLD_MAX];
        } tell;
        struct {
            xy_life life;
        } end;
        struct {
            uint64_t command;
            xy_life life;
            xy_fault fault;
        } signal;
        struct {
            uint32_t version;
        } greeting;
        xy_launch_report report; /* STARTED, EXPECTED, ATTACHED, ENDED, SIGNALLED: the members of
                                    that kind */
        xy_error failed;
        char key[XY_KEY_SIZE];
        struct {
            char name[XY_SERVICE_NAME_SIZE];
            char command[XY_COMMAND_SIZE];
        } program;
    };
} xy_agent_message;

/* Writes the frame of a message; returns its size. Its texts end with a NUL. The arguments and the
 * state of a START are for the caller to write: they follow the frame. */
size_t xy_agent_encode(const xy_agent_message *message, uint8_t frame[XY_AGENT_FRAME_MAX]);

/* How many bytes follow the frame of a message: those of the arguments and of the state of a START;
 * of others 0. */
size_t xy_agent_behind(const xy_agent_message *message);

/* Reads the frame at the beginning of `bytes`. Returns its size, with the arguments and the state
 * of a START, which are lent from `bytes`; 0 when it is not there as a whole; a negative number
 * when it is malformed. Any bytes may be given. */
int xy_agent_decode(xy_agent_message *message, const uint8_t *bytes, size_t size);

/* Where the node of a life binds. */
void xy_setting_endpoint(const xy_setting *setting, xy_life life, char endpoint[XY_ADDRESS_SIZE]);

#endif
