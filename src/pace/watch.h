/* Watches that no task misses its wake-up: what the service manager's watchdog is fed by. That
 * the loop turns is not enough.
 *
 * All tasks are checked in each quarter of the span, some at a time, so that no poll waits for
 * that. What is right is told after each whole round in which it was; what is not is told when
 * it is found, once, and nothing else is told until a round finds all well again.
 *
 * A task is judged by what the wake-ups have reached, which come in their order, and not by the
 * clock: so neither a suspend, nor a process that was stopped, nor a crowd that is due all at once
 * can be mistaken for a task that is stuck. A quarter of the span is left to each besides: it
 * costs little, and a false alarm ends a process that works.
 *
 * The wake-ups themselves may be late, all of them: by a quarter of the span, and by more for half
 * of it, without the time in which the whole process did not run. Therefore the watch is not
 * one of them, but has a timer of libuv's, which need not be exact. */
#ifndef AIOPOLL_WATCH_H
#define AIOPOLL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "loop/wakeup.h"
#include "pace/server.h"

struct watch_listener {
    /* A round has found all well; `again`: the one before had not. */
    void (*well)(void *user, bool again);
    /* A task is stuck, the first that was found; or, with NULL, all are. A sentence says how. */
    void (*stuck)(void *user, const struct server *server, const char *how);
    void *user;
};

struct watch {
    uv_timer_t timer;
    const struct wakeups *wakeups;
    struct watch_listener listener;
    struct server *const *servers; /* borrowed */
    size_t count, next;
    int64_t round;    /* ns; also what a task may be late */
    int64_t turned;   /* the last time, by clock_awake() */
    int64_t behind;   /* for how long the wake-ups have been late by more than that */
    int64_t blind;    /* and there has been no list */
    bool found, told; /* one that is stuck: in this round; to the listener */
};

/* Returns 0 or libuv's error code. */
int watch_init(struct watch *watch, uv_loop_t *loop, const struct wakeups *wakeups,
               const struct watch_listener *listener);

/* The tasks, before the start and whenever there are others: the list is borrowed until the next
 * call. The round goes on where it stood; a task that comes to stand before that place is checked
 * in the next one. NULL: there is none for the moment; then nobody is told that all is well, and
 * half a span without a list is stuck. */
void watch_servers(struct watch *watch, struct server *const *servers, size_t count);

/* `span`: within how many ns it has to be told that all is well. The first round is over soon. */
void watch_start(struct watch *watch, int64_t span);

/* Started or not. The loop has to run on. */
void watch_close(struct watch *watch);

#endif
