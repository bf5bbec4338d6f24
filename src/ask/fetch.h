/* One GET, answered whole or not at all: what asks has nothing else to do meanwhile, and waits. */
#ifndef AIOPOLL_FETCH_H
#define AIOPOLL_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "config/listen_address.h"

enum {
    FETCH_SILENCE_S = 5,        /* the longest wait for the next byte */
    FETCH_WHOLE_S = 30,         /* for all of them */
    FETCH_BODY_MAX = 128 << 20, /* some 400,000 servers */
    FETCH_WHY_SIZE = 256,
};

struct fetched {
    int status;
    char *body; /* with a NUL behind it, to be freed; NULL where there is none */
    size_t length;
};

enum fetch_fault {
    FETCH_SILENT,    /* no answer, or not all of it */
    FETCH_FOREIGN,   /* what came is none that aiopoll would make */
    FETCH_FORBIDDEN, /* the socket is for others */
};

/* `host` is for the field Host, and `path` for the request's line. False: there is no response, for
 * the reason in `why`, in printable ASCII, which is of the kind *fault. */
bool fetch(const struct listen_address *address, const char *host, const char *path,
           struct fetched *fetched, enum fetch_fault *fault, char why[FETCH_WHY_SIZE]);

#endif
