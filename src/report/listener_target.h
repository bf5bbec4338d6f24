/* What a request is for: the request target and the Host (RFC 9110 section 7.1). Pure. */
#ifndef AIOPOLL_LISTENER_TARGET_H
#define AIOPOLL_LISTENER_TARGET_H

#include <stdbool.h>

struct listener_target {
    const char *host;  /* of a target that is a URL, with the port; else NULL */
    const char *path;  /* begins with '/'; without escapes, control characters and dot segments */
    const char *query; /* as it came, without '?'; NULL: there is none */
};

/* Reads a target in place; its members point into `text`. Returns NULL, or what is wrong with it,
 * to go on behind "The request is refused: ". */
const char *listener_target_read(struct listener_target *target, char *text);

enum listener_host {
    LISTENER_HOST_MALFORMED,
    LISTENER_HOST_NAME,
    LISTENER_HOST_OWN, /* an IP address, or "localhost" */
};

/* What stands in the field Host, with a port or without. A page of the web can make a browser ask
 * an address of this machine by a name of its own (DNS rebinding), but not by these. */
enum listener_host listener_host_read(const char *host);

#endif
