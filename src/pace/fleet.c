#include "pace/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"
#include "config/config_find.h"

#define START_TICK (10 * MILLISECOND)

/* Servers a turn of the loop, while a generation is applied. */
enum { SLICE = 128 };

#define REMOVED "the server is no longer in the configuration"
#define MOVED   "the server has another URL now"

struct fleet_change {
    struct difference difference;
    struct server **old; /* NULL: it was brought over */
    size_t old_count;
    size_t next;    /* of the new ones, then of the old ones */
    size_t at_once; /* how many have been started */
    int64_t begun;
};

/* --- what the tasks tell ------------------------------------------------------------- */

/* A poll that was cut short promised nothing: what was promised before it still holds. */
static void on_polled(void *user, const struct poll *poll)
{
    struct fleet *fleet = user;
    const struct promise promise = {poll->due, poll->delay.wait, poll->last_delay};
    if (fleet->schedule != NULL && poll->failure.reason != FAILURE_CANCELED)
        schedule_note(fleet->schedule, poll->id, &promise);
    fleet->listener.server.polled(fleet->listener.server.user, poll);
}

static void on_changed(void *user, const struct server_change *change)
{
    struct fleet *fleet = user;
    fleet->states[change->health.from]--;
    fleet->states[change->health.to]++;
    fleet->listener.server.changed(fleet->listener.server.user, change);
}

static void on_ended(struct server *server)
{
    struct fleet *fleet = container_of(server->observer, struct fleet, observer);
    fleet->running--;
    if (fleet->running == 0 && fleet->change == NULL && !fleet->closing)
        fleet->listener.ended(fleet->listener.user);
}

/* --- one server ------------------------------------------------------------------------ */

static uint32_t take_id(struct fleet *fleet)
{
    if (fleet->free_count > 0)
        return fleet->free_ids[--fleet->free_count];
    fleet->by_id =
        xgrow(fleet->by_id, &fleet->by_id_capacity, fleet->ids + (size_t)1, sizeof *fleet->by_id);
    fleet->by_id[fleet->ids] = NULL;
    return fleet->ids++;
}

static void return_id(struct fleet *fleet, uint32_t id)
{
    fleet->free_ids = xgrow(fleet->free_ids, &fleet->free_capacity, fleet->free_count + 1,
                            sizeof *fleet->free_ids);
    fleet->free_ids[fleet->free_count++] = id;
    fleet->by_id[id] = NULL;
}

static struct server *add(struct fleet *fleet, uint32_t id, const struct server_plan *plan,
                          int64_t due)
{
    wakeups_reserve(fleet->http->wakeups, SERVER_WAKEUPS);
    fleet->running++;
    fleet->states[HEALTH_OK]++;
    if (fleet->listener.added != NULL)
        fleet->listener.added(fleet->listener.user, id);
    fleet->by_id[id] = server_new(id, plan, fleet->http, &fleet->observer, due, fleet->polls);
    return fleet->by_id[id];
}

static void inherit(struct fleet *fleet, struct server *server, const struct health_record *health)
{
    fleet->states[server->health.now]--;
    fleet->states[health->now]++;
    server_inherit(server, health);
}

static void end(struct fleet *fleet, struct server *server, const char *why)
{
    if (server == NULL)
        return;
    if (server->state != SERVER_ENDED)
        server_cancel(server, why);
    fleet->states[server->health.now]--;
    wakeups_unreserve(fleet->http->wakeups, SERVER_WAKEUPS);
    server_free(server);
}

static void remove_server(struct fleet *fleet, struct server *server, const char *why)
{
    if (fleet->schedule != NULL)
        schedule_forget(fleet->schedule, server->id);
    return_id(fleet, server->id);
    end(fleet, server, why);
}

/* --- start ------------------------------------------------------------------------------- */

/* The first polls are spread over time: some each tick, and not each at a moment of
 * its own, as waking up costs more than a poll does. Those of a tick are a
 * nanosecond apart, which keeps them in the order of the file. */
static int64_t first_due(size_t index, int64_t start_rate)
{
    int64_t moment = (int64_t)index * SECOND / start_rate;
    return moment / START_TICK * START_TICK + (int64_t)index;
}

/* What the server was promised before the start. */
static struct promise recall(struct fleet *fleet, uint32_t id, const struct server_config *server,
                             int64_t now)
{
    struct promise promise;
    if (fleet->schedule == NULL || !schedule_recall(fleet->schedule, id, &promise))
        return (struct promise){.due = now, .last_delay = -1};
    return promise_within(&promise, server->settings, now);
}

static void start_servers(struct fleet *fleet)
{
    struct config *config = fleet->generation->config;
    int64_t now = clock_now();
    size_t at_once = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct server_plan plan = {fleet->generation, &config->servers[i]};
        uint32_t id = take_id(fleet);
        struct promise promise = recall(fleet, id, plan.config, now);
        bool promised = promise.due > now;
        if (!promised)
            promise.due = now + first_due(at_once++, config->daemon.start_rate);
        fleet->servers[i] = add(fleet, id, &plan, promise.due);
        server_recall(fleet->servers[i], promised, promise.last_delay);
        server_start(fleet->servers[i], on_ended);
    }
}

void fleet_start(struct fleet *fleet, struct generation *generation, uint64_t polls,
                 struct http_env *http, struct schedule *schedule,
                 const struct fleet_listener *listener)
{
    size_t count = generation->config->server_count;
    *fleet = (struct fleet){.generation = generation_hold(generation),
                            .servers = xcalloc(count + 1, sizeof(struct server *)),
                            .count = count,
                            .polls = polls,
                            .http = http,
                            .schedule = schedule,
                            .listener = *listener,
                            .observer = {on_polled, on_changed, fleet}};
    generation_bin_init(&fleet->bin, http->wakeups);
    generation_bin_expect(&fleet->bin, generation);
    wakeups_reserve(http->wakeups, SERVER_WAKEUPS * count + 2); /* `turn`, and the bin's */
    wakeups_unreserve(http->wakeups, SERVER_WAKEUPS * count);
    start_servers(fleet);
}

/* --- another generation ------------------------------------------------------------------ */

/* `health`: how it is, if it had another URL before; or NULL. */
static void start_added(struct fleet *fleet, size_t index, const struct health_record *health)
{
    struct config *config = fleet->generation->config;
    const struct server_plan plan = {fleet->generation, &config->servers[index]};
    int64_t due =
        fleet->change->begun + first_due(fleet->change->at_once++, config->daemon.start_rate);
    uint32_t id = take_id(fleet);
    if (fleet->schedule != NULL)
        schedule_name(fleet->schedule, id, plan.config);
    fleet->servers[index] = add(fleet, id, &plan, due);
    if (health != NULL)
        inherit(fleet, fleet->servers[index], health);
    server_start(fleet->servers[index], on_ended);
}

static void move(struct fleet *fleet, size_t index, struct server *old)
{
    struct health_record health = old->health;
    remove_server(fleet, old, MOVED);
    start_added(fleet, index, &health);
}

static void bring_over(struct fleet *fleet, size_t index, size_t old, bool changed)
{
    const struct server_plan plan = {fleet->generation, &fleet->generation->config->servers[index]};
    fleet->servers[index] = fleet->change->old[old];
    fleet->change->old[old] = NULL;
    server_replan(fleet->servers[index], &plan, changed);
}

static void tell(struct fleet *fleet, const struct server_config *server, enum fate fate)
{
    fleet->listener.applied(fleet->listener.user, server, fate);
}

static void apply_new(struct fleet *fleet, size_t index)
{
    struct fleet_change *change = fleet->change;
    const struct difference_entry *entry = &change->difference.entries[index];
    const struct server_config *server = &fleet->generation->config->servers[index];
    switch (entry->fate) {
    case FATE_SAME: bring_over(fleet, index, entry->old, false); break;
    case FATE_CHANGED: bring_over(fleet, index, entry->old, true); break;
    case FATE_MOVED:
        move(fleet, index, change->old[entry->old]);
        change->old[entry->old] = NULL;
        break;
    case FATE_ADDED: start_added(fleet, index, NULL); break;
    case FATE_REMOVED: break;
    }
    if (entry->fate != FATE_SAME)
        tell(fleet, server, entry->fate);
}

/* The server's configuration lives as long as its task. */
static void apply_old(struct fleet *fleet, size_t index)
{
    struct server *server = fleet->change->old[index];
    if (server == NULL)
        return;
    tell(fleet, server->config, FATE_REMOVED);
    remove_server(fleet, server, REMOVED);
    fleet->change->old[index] = NULL;
}

static void free_change(struct fleet *fleet)
{
    struct fleet_change *change = fleet->change;
    fleet->change = NULL;
    difference_free(&change->difference);
    free(change->old);
    free(change);
}

static void settle(struct fleet *fleet)
{
    free_change(fleet);
    fleet->listener.settled(fleet->listener.user);
    if (fleet->running == 0)
        fleet->listener.ended(fleet->listener.user);
}

static void on_turn(struct wakeup *wakeup)
{
    struct fleet *fleet = container_of(wakeup, struct fleet, turn);
    struct fleet_change *change = fleet->change;
    size_t all = fleet->count + change->old_count;
    for (int n = 0; n < SLICE && change->next < all; n++, change->next++) {
        if (change->next < fleet->count)
            apply_new(fleet, change->next);
        else
            apply_old(fleet, change->next - fleet->count);
    }
    if (change->next < all) /* a moment that has not come yet, so that others have their turn */
        wakeup_set(fleet->http->wakeups, wakeup, clock_now(), on_turn);
    else
        settle(fleet);
}

void fleet_adopt(struct fleet *fleet, struct generation *generation,
                 const struct difference *difference)
{
    struct generation *old = fleet->generation;
    fleet->change = xcalloc(1, sizeof *fleet->change);
    *fleet->change = (struct fleet_change){.difference = *difference,
                                           .old = fleet->servers,
                                           .old_count = fleet->count,
                                           .begun = clock_now()};
    fleet->generation = generation_hold(generation);
    generation_bin_expect(&fleet->bin, generation);
    fleet->count = generation->config->server_count;
    fleet->servers = xcalloc(fleet->count + 1, sizeof *fleet->servers);
    generation_release(old);
    wakeup_set(fleet->http->wakeups, &fleet->turn, 0, on_turn);
}

/* One that has not been brought over yet is where it was. */
const struct server *fleet_find(const struct fleet *fleet, const char *name)
{
    const struct fleet_change *change = fleet->change;
    size_t index =
        fleet->generation == NULL ? fleet->count : config_find(fleet->generation->config, name);
    if (index >= fleet->count)
        return NULL;
    if (fleet->servers[index] != NULL || change == NULL ||
        change->difference.entries[index].fate == FATE_ADDED)
        return fleet->servers[index];
    return change->old[change->difference.entries[index].old];
}

bool fleet_is_changing(const struct fleet *fleet)
{
    return fleet->change != NULL;
}

void fleet_close(struct fleet *fleet, const char *why)
{
    if (fleet->generation == NULL)
        return;
    fleet->closing = true;
    wakeup_cancel(fleet->http->wakeups, &fleet->turn);
    for (size_t i = 0; i < fleet->count; i++)
        end(fleet, fleet->servers[i], why);
    for (size_t i = 0; fleet->change != NULL && i < fleet->change->old_count; i++)
        end(fleet, fleet->change->old[i], why);
    if (fleet->change != NULL)
        free_change(fleet);
    fleet->count = 0;
    free(fleet->servers);
    free(fleet->free_ids);
    free(fleet->by_id);
    generation_release(fleet->generation);
    generation_bin_close(&fleet->bin);
    *fleet = (struct fleet){.closing = true};
}
