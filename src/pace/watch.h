/* Watches that no task misses its wake-up: what the service manager's watchdog is fed by. That
 * the loop turns is not enough.
 *
 * All tasks are checked in each quarter of the span, some at a time, so that no poll waits for
 * that. What is right is told after each whole round in which it was; what is not is told when
 * it is found, once, and nothing else is told until a round finds all well again.
 *
 * The moment by which tasks are judged is not that of the clock, but the one for which the check
 * itself was set: wake-ups come in their order, and what should have been woken before has been.
 * So neither a suspend, nor a process that was stopped, nor a machine that is overloaded can be
 * mistaken for a task that is stuck. A quarter of the span is left to each besides: it costs
 * little, and a false alarm would end a process that works. */
#ifndef AIOPOLL_WATCH_H
#define AIOPOLL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/wakeup.h"
#include "pace/server.h"

struct watch_listener {
    /* A round has found all well; `again`: the one before had not. */
    void (*well)(void *user, bool again);
    /* A task is stuck: the first that was found. A sentence says how. */
    void (*stuck)(void *user, const struct server *server, const char *how);
    void *user;
};

struct watch {
    struct wakeups *wakeups;
    struct wakeup turn;
    struct watch_listener listener;
    struct server *const *servers; /* borrowed */
    size_t count, next;
    int64_t round;    /* ns; also what a task may be late */
    int64_t due;      /* of the turn */
    bool found, told; /* one that is stuck: in this round; to the listener */
};

/* Takes one of the reserved wake-ups. */
void watch_init(struct watch *watch, struct wakeups *wakeups,
                const struct watch_listener *listener);

/* The tasks, before the start and whenever there are others: the list is borrowed until the next
 * call. The round goes on where it stood; a task that comes to stand before that place is checked
 * in the next one. */
void watch_servers(struct watch *watch, struct server *const *servers, size_t count);

/* `span`: within how many ns it has to be told that all is well. */
void watch_start(struct watch *watch, int64_t span);

/* Started or not. */
void watch_close(struct watch *watch);

#endif
