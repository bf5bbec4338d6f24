/* What was read at one time: the configuration, and the certificates that it names. After a
 * reload there are two, side by side: a poll under way goes on with what it began with. Each is
 * kept as long as somebody uses it. */
#ifndef AIOPOLL_GENERATION_H
#define AIOPOLL_GENERATION_H

#include <stddef.h>

#include "config/config.h"
#include "http/tls_context.h"
#include "loop/wakeup.h"

struct generation {
    struct config *config;
    struct tls_contexts tls;
    size_t users;
    struct generation_bin *bin; /* NULL: freed as soon as nobody uses it */
    struct generation *next;    /* in the bin */
};

/* Those that nobody uses any more. They are freed a little each turn of the loop, so that no poll
 * waits for that: some hundred thousand servers would take a tenth of a second. */
struct generation_bin {
    struct wakeups *wakeups; /* NULL: it is closed */
    struct wakeup turn;
    struct generation *first;
};

/* With one user, who made it. Takes `config` over. Ends the process where memory is short. */
struct generation *generation_new(struct config *config);

/* Returns `generation`, with one more user. */
struct generation *generation_hold(struct generation *generation);

/* One fewer; without any, it is freed, and its secrets are overwritten. NULL is left alone. */
void generation_release(struct generation *generation);

/* An empty bin; it needs a wake-up of its own. */
void generation_bin_init(struct generation_bin *bin, struct wakeups *wakeups);

/* When nobody uses the generation any more, it comes to the bin, which outlives it. */
void generation_bin_expect(struct generation_bin *bin, struct generation *generation);

/* Frees all that is in it; what comes later is freed at once. */
void generation_bin_close(struct generation_bin *bin);

#endif
