/* zap: which children may connect to a link over tcp: each with its key, as the link number under
 * which it is expected.
 *
 * libzmq asks here (ZAP, RFC 27) after a peer has shown that it knows the link's own public key and
 * has the private key of its own. A peer that is refused learns no more than that.
 */
#ifndef XY_ZAP_H
#define XY_ZAP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/message.h"

/* The keys of a node. */
typedef struct xy_keys {
    char public[XY_KEY_SIZE], secret[XY_KEY_SIZE];
} xy_keys;

/* Makes new keys. False when libzmq cannot make any. */
bool xy_keys_make(xy_keys *keys);

/* Overwrites the secret. */
void xy_keys_forget(xy_keys *keys);

typedef struct xy_zap xy_zap;

/* Opens the zap of a context, which can have one; before any link of it is bound. The caller has
 * made sure that there is a descriptor. NULL when there is no memory, or the context has a zap. */
xy_zap *xy_zap_open(void *context);
void xy_zap_close(xy_zap *zap);

/* Lets in a peer that has this public key, as a link number, until that is revoked. Does nothing
 * when the number is authorized already. XYLEM_NO_MEMORY; XYLEM_CANNOT_START: the key is none. */
int xy_zap_authorize(xy_zap *zap, xy_link_number link, const char key[XY_KEY_SIZE]);
void xy_zap_revoke(xy_zap *zap, xy_link_number link);

/* Answers the requests that have come. */
void xy_zap_serve(xy_zap *zap);

/* A descriptor that becomes readable when a request may have come; xy_zap_quiet tells whether it
 * may be waited for: see ZMQ_FD. */
int xy_zap_fd(const xy_zap *zap);
bool xy_zap_quiet(const xy_zap *zap);

/* Which link number the property User-Id of a message means; 0: none. */
xy_link_number xy_zap_link(const char *user_id);

#endif
