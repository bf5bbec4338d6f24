/* How long to wait before the next request, and why so long. Pure: clock and
 * chance come in as arguments. All spans are nanoseconds. */
#ifndef AIOPOLL_DELAY_H
#define AIOPOLL_DELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/setting.h"

/* The wait, and how it came about: kept as data, for whoever asks why. */
struct delay {
    int64_t wait;
    int64_t said; /* by the server, with delay-scale, or as Retry-After; -1: nothing */
    bool clamped; /* `said` was outside of min-delay or max-delay, and cut to it */
    /* After a failure: */
    bool asked;       /* Retry-After was longer than the back-off */
    bool paced;       /* the back-off is cut to the server's own last delay */
    int64_t back_off; /* before jitter; 0 after a good poll */
    int64_t jitter;   /* taken off it */
};

/* After a good poll: what the server said, times delay-scale, within min-delay and max-delay. */
struct delay delay_after_success(const struct server_settings *settings, int64_t said);

/* After the `failures`th failure in a row (1 and up): `retry`, doubled for each
 * further one up to retry-max, but never more than `last`, the server's own last
 * delay, where that is longer than `retry` (-1: none is known). `chance` (any
 * number, evenly spread) shortens that by up to a quarter. `retry_after` (-1:
 * none) is taken where it is longer, up to max-delay. */
struct delay delay_after_failure(const struct server_settings *settings, unsigned failures,
                                 int64_t last, int64_t retry_after, uint32_t chance);

#endif
