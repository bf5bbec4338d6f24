/* The race of RFC 8305 section 5: connects are begun one after the other, 250 ms
 * apart (less where time is short for all) or when one has failed; the first to succeed
 * wins, the rest are canceled.
 *
 * The first connect uses the descriptor that the owner holds; each further one at the
 * same time takes an extra one, and where there is none, takes the place of the
 * oldest when that has had its share of the time. */
#ifndef AIOPOLL_HAPPY_EYEBALLS_H
#define AIOPOLL_HAPPY_EYEBALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/candidates.h"
#include "http/stream.h"

struct race_runner {
    struct stream *stream;
    union address address;
};

enum { RACE_RUNNERS_MAX = 2 * DNS_ADDRESSES_MAX };

struct happy_eyeballs {
    struct http_env *env;
    struct candidates *candidates;
    int64_t deadline;
    int64_t begun;                                /* the latest connect */
    int64_t due;                                  /* `step` */
    struct race_runner runners[RACE_RUNNERS_MAX]; /* the oldest first */
    size_t running, extras;
    size_t tried;
    int error;            /* of the address that failed last, */
    union address failed; /* which is this */
    struct wakeup step;
    /* A stream is connected to `address`, and belongs to the owner now; or it is NULL, and
     * all addresses have failed. From the loop; the race is over. */
    void (*decided)(void *owner, struct stream *stream, const union address *address);
    void *owner;
};

/* Begins. `candidates` are ready, have one left, and are borrowed until the end. `deadline` is only
 * for dividing the time: the owner ends the race then. One of the client's wake-ups is needed. */
void happy_eyeballs_start(struct happy_eyeballs *race, struct http_env *env,
                          struct candidates *candidates, int64_t deadline,
                          void (*decided)(void *owner, struct stream *stream,
                                          const union address *address),
                          void *owner);

/* There are more candidates, or none will follow. */
void happy_eyeballs_go_on(struct happy_eyeballs *race);

/* Cancels what runs; `decided` does not come any more. */
void happy_eyeballs_close(struct happy_eyeballs *race);

#endif
