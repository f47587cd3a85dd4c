/* door: who may connect to a link over tcp: its children, each with the key that it was born with.
 *
 * libzmq asks at the door (ZAP, RFC 27) once it has seen a key. Whoever does not know the link's
 * own key does not get that far, and nobody learns more than that he was refused.
 */
#ifndef XY_DOOR_H
#define XY_DOOR_H

#include <stdbool.h>
#include <stdint.h>

/* A key as libzmq writes it: 40 characters and a NUL. */
#define XY_KEY_SIZE 41

/* What a link proves itself with, and what it knows its parent by. */
typedef struct xy_keys {
    char public[XY_KEY_SIZE], secret[XY_KEY_SIZE];
    char parent[XY_KEY_SIZE]; /* its public key; empty when there is no parent */
} xy_keys;

/* New keys below a parent (NULL: there is none). False when libzmq cannot make any. */
bool xy_keys_make(xy_keys *keys, const xy_keys *parent);

/* Forgets the secret. */
void xy_keys_forget(xy_keys *keys);

typedef struct xy_door xy_door;

/* Opens the door of a context, which can have one; before any link of it is bound. The caller has
 * made sure that there is a descriptor. NULL when there is no memory, or no such thing. */
xy_door *xy_door_open(void *context);
void xy_door_close(xy_door *door);

/* Lets in whoever has this public key, as `incarnation`, until it is dismissed. False when there
 * are too many. */
bool xy_door_admit(xy_door *door, uint64_t incarnation, const char key[XY_KEY_SIZE]);
void xy_door_dismiss(xy_door *door, uint64_t incarnation);

/* Answers those who are at the door. */
void xy_door_serve(xy_door *door);

/* A descriptor that becomes readable when somebody may be at the door; xy_door_quiet tells whether
 * it may be waited for: see ZMQ_FD. */
int xy_door_fd(const xy_door *door);
bool xy_door_quiet(const xy_door *door);

/* Whom a message is from: which guest the property User-Id of its messages means. */
uint64_t xy_door_guest(const char *user_id);

#endif
