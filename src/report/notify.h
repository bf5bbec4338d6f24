/* What the service manager is told: sd_notify(3), spoken by ourselves, as that of libsystemd
 * waits when the manager does not read.
 *
 * Nothing here waits. What has to arrive (READY=1, RELOADING=1, STOPPING=1) is kept and tried
 * again, in its order; of STATUS= and WATCHDOG=1 only the newest is. Without $NOTIFY_SOCKET
 * nothing happens at all. It only listens: nothing here steers a poll. */
#ifndef AIOPOLL_NOTIFY_H
#define AIOPOLL_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "loop/wakeup.h"
#include "report/notify_text.h"

enum notify_state { NOTIFY_READY, NOTIFY_RELOADING, NOTIFY_STOPPING };

/* The start, the last reload, its end, and the stop. */
enum { NOTIFY_STATES_MAX = 4 };

struct notify_listener {
    /* To be filled in, but for the problems: what is to be told now. */
    void (*ask)(void *user, struct notify_status *status);
    /* The manager cannot be told: a sentence, once. It may come from within any call. */
    void (*trouble)(void *user, const char *sentence);
    void *user;
};

struct notify {
    int fd; /* -1: nobody listens */
    struct sockaddr_un address;
    socklen_t address_length;
    struct notify_listener listener;
    struct wakeups *wakeups;
    struct wakeup turn;
    enum notify_state states[NOTIFY_STATES_MAX]; /* that have not been taken yet, */
    size_t state_count;                          /* the first comes first */
    int64_t reloading_since;                     /* by clock_awake() */
    bool alive, status_is_new;                   /* not taken yet, either */
    bool told_trouble, stopping;
    int64_t asked_at, ask_due; /* for the status; INT64_MAX: not yet */
    size_t problems;
    char first_problem[NOTIFY_STATUS_SIZE];
    char status[NOTIFY_STATUS_SIZE]; /* that was told last, or is to be */
};

/* Takes one of the reserved wake-ups, and a descriptor where there is a manager. */
void notify_init(struct notify *notify, struct wakeups *wakeups,
                 const struct notify_listener *listener);

/* Every server's task runs. From here on the status is told as well. */
void notify_ready(struct notify *notify);

/* The configuration is read afresh; then, what became of that: how many problems there were, and
 * the first of them, or 0 and NULL. The one has to follow the other. */
void notify_reloading(struct notify *notify);
void notify_reloaded(struct notify *notify, size_t problems, const char *first);

/* The counts have changed: that is told within a second, with all else that changes until then. */
void notify_changed(struct notify *notify);

/* All that should work does: WATCHDOG=1. */
void notify_alive(struct notify *notify);

/* From here on, nothing else is told. */
void notify_stopping(struct notify *notify);

/* Tries for the last time what was not taken, and closes. */
void notify_close(struct notify *notify);

#endif
