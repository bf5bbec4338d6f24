/* The daemon, and what its files have in common: daemon.c starts and stops it, daemon_reload.c
 * brings it to another configuration, and daemon_tell.c tells whom it concerns what happens. */
#ifndef AIOPOLL_DAEMON_PRIVATE_H
#define AIOPOLL_DAEMON_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "daemon.h"
#include "descriptors.h"
#include "http/http_env.h"
#include "loop/wakeup.h"
#include "pace/fleet.h"
#include "pace/schedule.h"
#include "pace/watch.h"
#include "reload.h"
#include "report/board.h"
#include "report/hooks.h"
#include "report/listener.h"
#include "report/log.h"
#include "report/notify.h"
#include "report/site.h"

struct daemon {
    const struct options *options;
    int64_t began; /* the process, by clock_now() */
    uv_loop_t loop;
    struct wakeups wakeups;
    struct descriptors descriptors;
    bool short_of_descriptors; /* and that was told */
    struct http_env *http;
    struct log log;
    struct hooks *hooks;
    struct listener *listener;   /* NULL: nothing is served */
    char *listen;                /* and where; NULL, too */
    size_t listener_connections; /* that it may have; 0: there is none */
    struct site site;            /* and what is */
    struct board board;          /* kept only for that */
    struct schedule *schedule;   /* NULL: none is kept */
    char *state_file;            /* and where */
    struct fleet fleet;
    struct reload *reload;
    bool reloading;               /* from the signal until all is applied or refused */
    bool again;                   /* and another signal has come meanwhile */
    int64_t reload_begun;         /* the signal came then */
    struct wakeup reload_slow;    /* set until it is read */
    struct difference difference; /* of the last one; its entries are the fleet's */
    struct notify notify;
    struct watch watch;
    uv_signal_t terminate, interrupt, hangup, user1;
    bool stopping, signaled;
    struct wakeup done; /* set when the last task has ended by itself, */
    int64_t done_at;    /* then */
    uint64_t polls, failures;
};

/* --- daemon.c ----------------------------------------------------------------- */

/* Where the schedule is to be kept, by the settings or by systemd. To be freed; NULL: none is. */
char *daemon_find_state_file(const struct daemon_settings *settings);

/* How many there may be at a time, with these settings. */
size_t daemon_count_connections(const struct daemon *daemon,
                                const struct daemon_settings *settings);

/* --- daemon_reload.c ---------------------------------------------------------- */

/* Returns 0 or libuv's error code. */
int daemon_start_reloads(struct daemon *daemon);

/* What the loop and the fleet call. */
void daemon_on_hangup(uv_signal_t *handle, int number);
void daemon_on_applied(void *user, const struct server_config *server, enum fate fate);
void daemon_on_settled(void *user);

/* --- daemon_tell.c ------------------------------------------------------------ */

/* Of what should not be so, but is not wrong. */
void daemon_warn(struct daemon *daemon, const struct config *config);

/* Whether each state of a connection is told. */
void daemon_trace(struct daemon *daemon, const struct daemon_settings *settings);

/* What the fleet, the manager's messages, the watchdog and the schedule call. */
void daemon_on_polled(void *user, const struct poll *poll);
void daemon_on_changed(void *user, const struct server_change *change);
void daemon_on_added(void *user, uint32_t id);
void daemon_on_status_wanted(void *user, struct notify_status *status);
void daemon_on_notify_trouble(void *user, const char *sentence);
void daemon_on_well(void *user, bool again);
void daemon_on_stuck(void *user, const struct server *server, const char *how);
void daemon_on_state_file(void *user, bool trouble, const char *sentence);

#endif
