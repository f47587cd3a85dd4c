/* listener: a tcp socket that listens already when libzmq gets it. libzmq itself would look for the
 * address among all interfaces of the system first, which takes as long as the rest of a bind.
 */
#ifndef XY_LISTENER_H
#define XY_LISTENER_H

/* Opens one for an endpoint "tcp://A.B.C.D:PORT", or with `*` for any port. The caller owns the
 * descriptor. -1, and errno, on failure; errno is EINVAL when the endpoint has another form. */
int xy_listener_open(const char *endpoint, int backlog);

#endif
