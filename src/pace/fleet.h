/* The tasks of all servers: started, brought to another generation of the configuration, and
 * ended.
 *
 * Another generation is applied a slice a turn of the loop, so that no poll waits for it: a
 * hundred thousand servers take as long as they take. Until it is applied whole, some servers are
 * of the old one. */
#ifndef AIOPOLL_FLEET_H
#define AIOPOLL_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/difference.h"
#include "http/http_env.h"
#include "pace/generation.h"
#include "pace/schedule.h"
#include "pace/server.h"

struct fleet_listener {
    struct server_observer server; /* of each of them */
    /* There is another server of this number; before anything is told of it. NULL: nobody asks. */
    void (*added)(void *user, uint32_t id);
    /* The last task has ended by itself: not within fleet_close(). */
    void (*ended)(void *user);
    /* A server was changed, moved, added or removed. Valid during the call. */
    void (*applied)(void *user, const struct server_config *server, enum fate fate);
    /* The whole generation is applied. */
    void (*settled)(void *user);
    void *user; /* of the last three */
};

struct fleet_change; /* a generation that is being applied */

struct fleet {
    struct generation *generation; /* the newest */
    struct server **servers;       /* one for each of its servers, in that order; while another
                                    * is being applied, some are NULL */
    size_t count;
    struct fleet_change *change;       /* NULL: there is none */
    size_t running;                    /* tasks that have not ended */
    size_t states[HEALTH_OVERDUE + 1]; /* servers, by enum health */
    uint64_t polls;                    /* of each; 0: no end */
    struct http_env *http;
    struct schedule *schedule; /* borrowed; NULL: there is none */
    struct fleet_listener listener;
    struct server_observer observer;
    struct wakeup turn;
    struct generation_bin bin; /* of older generations */
    uint32_t *free_ids;        /* of servers that were removed */
    size_t free_count, free_capacity;
    /* By its number, which it keeps as long as it lives, so that whoever goes through these meets
     * each server once, whatever is being applied meanwhile; but one that was removed and has come
     * back is another one. NULL: nobody has that number. */
    struct server **by_id;
    size_t by_id_capacity;
    uint32_t ids; /* given so far: as many are there */
    bool closing;
};

/* Starts a task for each server of the generation, which is held. One that was promised a moment
 * that has not passed is asked then; the others at once, spread. */
void fleet_start(struct fleet *fleet, struct generation *generation, uint64_t polls,
                 struct http_env *http, struct schedule *schedule,
                 const struct fleet_listener *listener);

/* Brings it to this generation, which is held. `difference`, from the one that it is of, is taken
 * over. Not before the last one has settled. */
void fleet_adopt(struct fleet *fleet, struct generation *generation,
                 const struct difference *difference);

/* The server with this name, also while another generation is being applied; NULL: there is none.
 */
const struct server *fleet_find(const struct fleet *fleet, const char *name);

/* Whether one is being applied. */
bool fleet_is_changing(const struct fleet *fleet);

/* Ends all tasks, wherever they stand, and frees what it has; one that is all zero, as it was not
 * started, is left alone. The struct has to stay as long as somebody uses a generation that it
 * had. */
void fleet_close(struct fleet *fleet, const char *why);

#endif
