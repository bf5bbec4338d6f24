/* Reading the configuration afresh, while the polls go on: by a thread, as a disk may hang, and
 * as a hundred thousand servers take their time. */
#ifndef AIOPOLL_RELOAD_H
#define AIOPOLL_RELOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "config/difference.h"
#include "config/problem.h"
#include "options.h"
#include "pace/generation.h"

struct reload;

/* Both come from the loop. */
struct reload_listener {
    /* `next`, with one user, and `difference`, from the one that reload_start() had, are the
     * listener's now. */
    void (*read)(void *user, struct generation *next, const struct difference *difference);
    /* Nothing is to be changed. Valid during the call. */
    void (*refused)(void *user, const struct problems *problems);
    void *user;
};

/* Returns 0 or libuv's error code. What `options` point to is borrowed. Ends the process where
 * memory is short. */
int reload_new(struct reload **reload, uv_loop_t *loop, const struct options *options,
               const struct reload_listener *listener);

/* Reads. `now`, of which the difference is taken, is held meanwhile. One at a time: not before the
 * listener was called. Returns 0 or libuv's error code: then nothing was begun. */
int reload_start(struct reload *reload, struct generation *now);

/* The listener is not called any more. A thread that is reading is waited for, at most `limit`
 * ns; one that waits for its disk longer is left to itself, with what it uses. The loop has to
 * run on; then reload_free(). */
void reload_close(struct reload *reload, int64_t limit);

/* NULL is left alone. */
void reload_free(struct reload *reload);

#endif
