/* Wake-ups at a moment: one timerfd over a binary heap, for all of aiopoll.
 *
 * libuv's timers count whole milliseconds from a clock that may be stale, and
 * fire up to some milliseconds early or one late. Here the kernel's timer has
 * the absolute moment, on CLOCK_BOOTTIME, so that a suspend counts: a callback
 * never comes early. A wake-up is a plain struct: no handle, nothing to close. */
#ifndef AIOPOLL_WAKEUP_H
#define AIOPOLL_WAKEUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* To be embedded, all zero at first, in what is to be woken; container_of() in
 * the callback leads back there. */
struct wakeup {
    size_t place; /* in the heap, counted from 1; 0 when it is not set */
    void (*wake)(struct wakeup *wakeup);
};

struct wakeup_slot;

struct wakeups {
    uv_poll_t poll;
    int fd;
    struct wakeup_slot *heap;
    size_t count, capacity, reserved;
    int64_t armed;   /* what the timerfd is set to; INT64_MAX when to nothing */
    int64_t reached; /* see wakeups_reached() */
    bool running;
};

/* Returns 0 or libuv's error code; then there is nothing to close. */
int wakeups_init(struct wakeups *wakeups, uv_loop_t *loop);

/* The callbacks in the queue do not come any more. The loop has to run on until
 * its handle is closed; then wakeups_free(). */
void wakeups_close(struct wakeups *wakeups);
void wakeups_free(struct wakeups *wakeups);

/* Makes room for `more` wake-ups to be set at the same time, besides those
 * reserved before, so that wakeup_set() cannot fail. Ends the process where
 * memory is short: call it when starting. */
void wakeups_reserve(struct wakeups *wakeups, size_t more);

/* Gives back the room of wake-ups that will not be set any more. */
void wakeups_unreserve(struct wakeups *wakeups, size_t fewer);

/* `wake` is called once, from the loop and never from within this call, as soon
 * as clock_now() is `due` or later. One that is set already is moved. */
void wakeup_set(struct wakeups *wakeups, struct wakeup *wakeup, int64_t due,
                void (*wake)(struct wakeup *wakeup));

static inline bool wakeup_is_set(const struct wakeup *wakeup)
{
    return wakeup->place != 0;
}

/* The moment that it is set to; INT64_MAX: it is not set. */
int64_t wakeup_due(const struct wakeups *wakeups, const struct wakeup *wakeup);

/* All that was set to a moment before this one has been called: now, or, where the loop is behind,
 * a moment that has passed. */
int64_t wakeups_reached(const struct wakeups *wakeups);

/* The first of those that are set to call `wake`; NULL: there is none, or none was found with
 * little effort, as very many others come before. */
struct wakeup *wakeups_first(const struct wakeups *wakeups, void (*wake)(struct wakeup *wakeup));

/* One that is not set is left alone. */
void wakeup_cancel(struct wakeups *wakeups, struct wakeup *wakeup);

#endif
