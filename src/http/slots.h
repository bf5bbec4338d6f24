/* Descriptors for connections, where there are fewer of them than servers: who needs
 * one and finds none takes that of the connection that has been idle longest, or
 * waits for its turn.
 *
 * Who will need one soon, for a connection that is opened early, is served only as long as
 * that is at the cost of nobody: it never waits, and all of them together have no more than
 * half of the descriptors. So they do not take them from each other, over and over. */
#ifndef AIOPOLL_SLOTS_H
#define AIOPOLL_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop/wakeup.h"

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_BUSY, SLOT_IDLE };

/* To be embedded, all zero at first, in what holds a descriptor. */
struct slot {
    TAILQ_ENTRY(slot) link; /* while waiting or idle */
    enum slot_state state;
    bool early; /* busy or idle, and not needed yet */
};

TAILQ_HEAD(slot_queue, slot);

struct slots_callbacks {
    /* It was waiting, and is busy now. From the loop. */
    void (*granted)(struct slot *slot);
    /* It is idle: to be released within this call. From the loop, or from within
     * another's slot_take() or slots_take_extra(). */
    void (*reclaim)(struct slot *slot);
};

struct slots {
    size_t limit, used, early;
    struct slot_queue idle, waiting; /* the longest idle or waiting first */
    struct slot_queue prepared;      /* idle as well, and early */
    struct wakeup serve;
    struct wakeups *wakeups;
    const struct slots_callbacks *callbacks;
    int64_t longest; /* for which anybody is busy in one go */
    int64_t moved;   /* when the first of those who wait was served last, or came */
};

/* `limit` is at least 1. Takes one of the reserved wake-ups. */
void slots_init(struct slots *slots, struct wakeups *wakeups, size_t limit,
                const struct slots_callbacks *callbacks);

/* There are `limit` from now on. Idle ones that are too many are reclaimed, busy ones are not. */
void slots_limit(struct slots *slots, size_t limit);

/* A free one is busy at once (true), or waits (false). */
bool slot_take(struct slots *slots, struct slot *slot);

/* The same for what is not needed yet: a free one, or that of an idle connection, and not where
 * anybody waits. False: there is none, and nothing has changed. */
bool slot_take_early(struct slots *slots, struct slot *slot);

/* What was early, if it was, is needed now. */
void slot_claim(struct slots *slots, struct slot *slot);

/* Between busy and idle; what resumes is claimed. */
void slot_rest(struct slots *slots, struct slot *slot);
void slot_resume(struct slots *slots, struct slot *slot);

/* Whatever its state: it is free. */
void slot_release(struct slots *slots, struct slot *slot);

/* A further descriptor for who is busy, if there is one that nobody waits for, and no early
 * connection has. */
bool slots_take_extra(struct slots *slots);
void slots_return_extra(struct slots *slots);

/* Somebody may be busy for so many ns before the slot rests or is released; the time in which it
 * waits itself does not count. */
void slots_allow(struct slots *slots, int64_t span);

/* Whether somebody waits, and nobody has been served for so long that each busy slot should have
 * changed hands before `moment`. */
bool slots_are_stuck(const struct slots *slots, int64_t moment);

void slots_close(struct slots *slots);

#endif
