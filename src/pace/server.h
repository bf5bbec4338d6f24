/* The task that polls one server: sleep until it is due, or a little before where a
 * connection has to be opened, fetch, decide when next, tell the observer, for ever. */
#ifndef AIOPOLL_SERVER_H
#define AIOPOLL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "http/http_client.h"
#include "loop/wakeup.h"
#include "pace/delay.h"
#include "pace/delay_reading.h"
#include "pace/generation.h"
#include "pace/health.h"

enum server_state {
    SERVER_NEW,
    SERVER_SLEEPING,
    SERVER_PREPARING,
    SERVER_FETCHING,
    SERVER_ENDED,
};

/* No byte of the request went out. */
#define POLL_UNSENT INT64_MIN

/* One finished poll. Valid during the call. */
struct poll {
    const struct server_config *server;
    uint32_t id; /* the owner's number for the server */
    const struct http_result *http;
    struct failure failure; /* FAILURE_NONE: a good poll */
    const struct delay_reading *reading;
    struct delay delay; /* until the next request */
    int64_t due;        /* when that one is to leave */
    int64_t last_delay; /* what the server said last, clamped; -1: nothing yet */
    int64_t late;       /* ns from due to the request's first byte; below 0: early; POLL_UNSENT */
    unsigned attempt;   /* failures in a row, this one included */
    unsigned repeated;  /* failures in a row that were equal to this one, itself included */
    unsigned ended_run; /* how many equal failures this poll brings to an end */
};

/* How a server is has changed. Valid during the call. */
struct server_change {
    const struct server_config *server;
    uint32_t id; /* the owner's number for the server */
    struct health_change health;
};

/* Only listens: nothing here steers a poll. What a poll changes is told after the poll. */
struct server_observer {
    void (*polled)(void *user, const struct poll *poll);
    void (*changed)(void *user, const struct server_change *change);
    void *user;
};

/* What a server is polled by: one of the servers of a generation. */
struct server_plan {
    struct generation *generation; /* held; NULL: there is none */
    const struct server_config *config;
};

struct server {
    enum server_state state;
    uint32_t id; /* the owner's number for it */
    const struct server_config *config;
    struct generation *generation; /* that it is of */
    struct server_plan next;       /* after the poll under way */
    bool next_changed;             /* which is another */
    const struct server_observer *observer;
    struct wakeups *wakeups;
    struct wakeup sleep;
    struct http_client http;
    const struct http_result *result; /* of the fetch, until the next AWAIT */
    int64_t due;                      /* when the next request is to leave */
    bool promised;                    /* that moment, and it is not just that of the start */
    int64_t last_delay;               /* what the server said last, clamped; -1: nothing yet */
    unsigned failures;                /* in a row */
    struct {
        enum failure_reason reason;
        int code, status;
        unsigned count;
    } run; /* of equal failures; `count` 0: the last poll was good */
    struct health_record health;
    struct wakeup grace;  /* when it is overdue; set from the promised request to a good poll */
    uint64_t polls_left;  /* UINT64_MAX: no end */
    const char *canceled; /* why; NULL: it is not */
    void (*ended)(struct server *server);
};

enum { SERVER_WAKEUPS = HTTP_CLIENT_WAKEUPS + 2 }; /* to be reserved for each */

/* The task of a server of this generation, which is held; its first request is due at `due`.
 * With `count`, it ends after that many polls; 0: never. `observer` is borrowed. Ends the
 * process where memory is short. */
struct server *server_new(uint32_t id, const struct server_plan *plan, struct http_env *env,
                          const struct server_observer *observer, int64_t due, uint64_t count);

/* After the task has ended. NULL is left alone. */
void server_free(struct server *server);

/* Before the start, what is known from an earlier life: whether the first request is due when it
 * was promised then, so that its connection may be opened early; and the last delay that the
 * server named; -1: none. */
void server_recall(struct server *server, bool promised, int64_t last_delay);

/* Before the start: how the server is that had its name and another URL. It is so until a poll
 * says otherwise. */
void server_inherit(struct server *server, const struct health_record *health);

/* Starts the task. `ended` comes once, when it has ended, and nothing of it is left in
 * the loop. */
void server_start(struct server *server, void (*ended)(struct server *server));

/* The server, with the same URL, is of this generation now. What it was promised stays, and all
 * that is known of it. A poll under way is finished as it was begun. With `changed`, the
 * settings are others: the next poll is by them, on the kept connection where that fits them. */
void server_replan(struct server *server, const struct server_plan *plan, bool changed);

/* Ends the task wherever it stands; `ended` comes within the call. A poll under way is told as
 * canceled, with `why` as its detail. */
void server_cancel(struct server *server, const char *why);

/* Whether the task has missed its wake-up: it should have been woken before `moment`, and was not,
 * or it never will be, as nothing is set that would do so. NULL: no; else a sentence. All wake-ups
 * that were due before `moment` must have been called. */
const char *server_stuck(const struct server *server, int64_t moment);

/* When the first of all sleeping tasks is due, or a moment before; INT64_MAX: not known. */
int64_t server_first_due(const struct wakeups *wakeups);

#endif
