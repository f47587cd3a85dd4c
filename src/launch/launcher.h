/* launcher: what starts, signals and reaps the lives of a network, for the controlling node alone.
 * Each world has its own: threads, worker processes of an agent, simulated nodes.
 */
#ifndef XY_LAUNCHER_H
#define XY_LAUNCHER_H

#include "core/step.h"

/* What has become of a life, or of a fault, and what lives have said: the events STARTED, EXPECTED,
 * ATTACHED, ENDED and SIGNALLED. */
typedef struct xy_launch_report {
    xy_event_kind kind;
    xy_life life;
    int64_t pid;                   /* STARTED */
    char key[XY_KEY_SIZE];         /* STARTED: its public key, or "" */
    xy_link_number link;           /* EXPECTED, ATTACHED */
    uint64_t tag;                  /* EXPECTED: of the link */
    char address[XY_ADDRESS_SIZE]; /* ATTACHED */
    bool begun;                    /* ENDED: false: it could not be started */
    xy_cause cause;                /* ENDED */
    uint64_t command;              /* SIGNALLED */
    xy_error error; /* ENDED: how it ended, or why it could not be started; SIGNALLED: why
                       nothing was done */
} xy_launch_report;

typedef struct xy_launcher xy_launcher;

typedef struct xy_launcher_ops {
    /* Does START, ATTACH, END, KILL and SIGNAL, and TELL if its world says so. Never waits. Each
     * START is followed by exactly one ENDED, also when the life could not begin; nothing of the
     * life is left then. A life that is not known any more is passed over; its SIGNAL is XYLEM_OK.
     */
    void (*take)(xy_launcher *launcher, const xy_action *action);

    /* Takes the oldest report; false when there is none. */
    bool (*next)(xy_launcher *launcher, xy_launch_report *report);

    /* When `next` is to be asked at the latest, without a word before: XY_NEVER when that is not
     * needed. May be NULL. */
    int64_t (*deadline)(const xy_launcher *launcher);
} xy_launcher_ops;

struct xy_launcher {
    const xy_launcher_ops *ops;
    int fd; /* readable when there is a report; -1: the controlling node's loop is woken otherwise
             */
};

/* The same as an event, which lasts as long as the report. */
xy_event xy_launch_event(const xy_launch_report *report);

/* The report of an action EXPECTED or ATTACHED. */
xy_launch_report xy_launch_report_of(const xy_action *action);

#endif
