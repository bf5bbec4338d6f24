#include "pace/server.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/xalloc.h"
#include "pace/await.h"
#include "pace/verdict.h"

static void run(struct server *server);

static void on_wake(struct wakeup *wakeup)
{
    run(container_of(wakeup, struct server, sleep));
}

/* Early enough to prepare where that is needed. */
static void sleep_until_needed(struct server *server)
{
    int64_t lead = server->promised ? http_lead(&server->http, server->due) : 0;
    wakeup_set(server->wakeups, &server->sleep, server->due - lead, on_wake);
}

static void prepare(struct server *server)
{
    http_prepare(&server->http, server->due);
    wakeup_set(server->wakeups, &server->sleep, server->due, on_wake);
}

/* Its connection will be missing when it wakes up. */
static void on_lost(struct http_client *client)
{
    struct server *server = container_of(client, struct server, http);
    if (server->state == SERVER_SLEEPING)
        sleep_until_needed(server);
}

static void on_fetched(struct http_client *client, const struct http_result *result)
{
    struct server *server = container_of(client, struct server, http);
    server->result = result;
    run(server);
}

static uint32_t chance(void)
{
    uint32_t value = 0;
    uv_random(NULL, NULL, &value, sizeof value, 0, NULL);
    return value;
}

/* Counts equal failures in a row, so that the log need not repeat them. */
static void note_run(struct server *server, struct poll *poll)
{
    const struct failure *failure = &poll->failure;
    bool same = server->run.count > 0 && failure->reason == server->run.reason &&
                failure->code == server->run.code && poll->http->status == server->run.status;
    if (!same) {
        poll->ended_run = server->run.count;
        server->run.reason = failure->reason;
        server->run.code = failure->code;
        server->run.status = poll->http->status;
        server->run.count = 0;
    }
    if (failure->reason != FAILURE_NONE)
        poll->repeated = ++server->run.count;
}

static struct delay decide(struct server *server, const struct verdict *verdict)
{
    const struct server_settings *settings = server->config->settings;
    struct delay delay;
    if (verdict->failure.reason == FAILURE_NONE) {
        server->failures = 0;
        delay = delay_after_success(settings, verdict->reading.said);
        server->last_delay = delay.wait;
    } else {
        server->failures++;
        delay = delay_after_failure(settings, server->failures, server->last_delay,
                                    verdict->retry_after, chance());
    }
    return delay;
}

static void tell_change(struct server *server, const struct health_change *change)
{
    const struct server_change told = {
        .server = server->config, .id = server->id, .health = *change};
    server->observer->changed(server->observer->user, &told);
}

static void on_grace_over(struct wakeup *wakeup)
{
    struct server *server = container_of(wakeup, struct server, grace);
    struct health_change change;
    int64_t now = clock_now();
    int64_t left =
        health_grace_left(&server->health, server->config->settings->overdue_after, clock_awake());
    if (left > 0) /* the machine has slept meanwhile */
        wakeup_set(server->wakeups, &server->grace, now + left, on_grace_over);
    else if (health_grace_over(&server->health, now, &change))
        tell_change(server, &change);
}

/* The grace begins with the first request that should have been good. It begins when that
 * leaves and not when it was due, which may have been in the middle of a suspend. */
static void fetch(struct server *server)
{
    int64_t grace = server->config->settings->overdue_after;
    if (server->health.now == HEALTH_OK && grace > 0) {
        health_is_due(&server->health, clock_awake());
        wakeup_set(server->wakeups, &server->grace, clock_now() + grace, on_grace_over);
    }
    http_send(&server->http, on_fetched);
}

static void note_health(struct server *server, const struct poll *poll)
{
    struct health_change change;
    if (poll->failure.reason == FAILURE_NONE)
        wakeup_cancel(server->wakeups, &server->grace);
    if (health_polled(&server->health, &poll->failure, server->config->settings->overdue_after,
                      poll->http->finished, &change))
        tell_change(server, &change);
}

/* Everything between one fetch and the next sleep. */
static void conclude(struct server *server)
{
    struct verdict verdict;
    struct poll poll = {.server = server->config, .id = server->id, .http = server->result};

    verdict_reach(&verdict, server->config, server->result, clock_wall());
    poll.failure = verdict.failure;
    poll.reading = &verdict.reading;
    poll.delay = decide(server, &verdict);
    poll.attempt = server->failures;
    poll.late = server->result->sent < 0 ? POLL_UNSENT : server->result->sent - server->due;
    note_run(server, &poll);
    server->due = server->result->finished + poll.delay.wait;
    server->promised = true;
    poll.due = server->due;
    poll.last_delay = server->last_delay;
    if (server->polls_left != UINT64_MAX)
        server->polls_left--;
    server->observer->polled(server->observer->user, &poll);
    note_health(server, &poll);
}

/* --- another generation ---------------------------------------------------------- */

/* What is left of it, by `overdue-after` as it is now. */
static void reset_grace(struct server *server)
{
    int64_t grace = server->config->settings->overdue_after;
    int64_t left = health_grace_left(&server->health, grace, clock_awake());
    if (grace == 0)
        wakeup_cancel(server->wakeups, &server->grace);
    else
        wakeup_set(server->wakeups, &server->grace, clock_now() + left, on_grace_over);
}

/* Between two polls. A connection that the new settings would open in another way is given up; if
 * it was being prepared, another one is. */
static void adopt(struct server *server, const struct server_plan *plan, bool changed)
{
    struct generation *old = server->generation;
    const struct server_settings *settings = plan->config->settings;
    bool fits = !changed || http_client_fits(&server->http, settings, &plan->generation->tls);
    if (!fits)
        http_client_close(&server->http);
    server->generation = generation_hold(plan->generation);
    server->config = plan->config;
    http_client_retarget(&server->http, &plan->config->url, settings, &plan->generation->tls);
    generation_release(old);
    if (!changed)
        return;
    if (wakeup_is_set(&server->grace))
        reset_grace(server);
    if (server->state == SERVER_SLEEPING)
        sleep_until_needed(server);
    else if (server->state == SERVER_PREPARING && !fits && settings->connect_early)
        prepare(server);
}

static void drop_next(struct server *server)
{
    generation_release(server->next.generation);
    server->next = (struct server_plan){0};
    server->next_changed = false;
}

static void adopt_next(struct server *server)
{
    if (server->next.generation == NULL)
        return;
    adopt(server, &server->next, server->next_changed);
    drop_next(server);
}

void server_replan(struct server *server, const struct server_plan *plan, bool changed)
{
    if (server->state == SERVER_FETCHING) {
        changed = changed || server->next_changed;
        drop_next(server);
        server->next = (struct server_plan){generation_hold(plan->generation), plan->config};
        server->next_changed = changed;
    } else {
        adopt(server, plan, changed);
    }
}

/* THE task. See await.h for how to read it. */
static void run(struct server *server)
{
    switch (server->state) {
    case SERVER_NEW:
        while (server->polls_left > 0) {
            AWAIT(server, SERVER_SLEEPING, sleep_until_needed(server));
            if (server->canceled)
                break;
            if (clock_now() < server->due)
                AWAIT(server, SERVER_PREPARING, prepare(server));
            if (server->canceled)
                break;
            AWAIT(server, SERVER_FETCHING, fetch(server));
            conclude(server);
            if (server->canceled)
                break;
            adopt_next(server);
        }
        server->state = SERVER_ENDED;
        wakeup_cancel(server->wakeups, &server->grace);
        http_client_close(&server->http);
        drop_next(server);
        server->ended(server);
        break;
    case SERVER_ENDED: break;
    }
}

struct server *server_new(uint32_t id, const struct server_plan *plan, struct http_env *env,
                          const struct server_observer *observer, int64_t due, uint64_t count)
{
    const struct server_config *config = plan->config;
    struct server *server = xcalloc(1, sizeof *server);
    *server = (struct server){.state = SERVER_NEW,
                              .id = id,
                              .config = config,
                              .generation = generation_hold(plan->generation),
                              .observer = observer,
                              .wakeups = env->wakeups,
                              .due = due,
                              .last_delay = -1,
                              .polls_left = count == 0 ? UINT64_MAX : count};
    health_init(&server->health, clock_now());
    http_client_init(&server->http, env, &config->url, config->settings, &plan->generation->tls,
                     on_lost);
    return server;
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    generation_release(server->generation);
    free(server);
}

void server_recall(struct server *server, bool promised, int64_t last_delay)
{
    server->promised = promised;
    server->last_delay = last_delay;
}

void server_inherit(struct server *server, const struct health_record *health)
{
    server->health = *health;
    if (health->now == HEALTH_FAILING)
        reset_grace(server);
}

void server_start(struct server *server, void (*ended)(struct server *server))
{
    server->ended = ended;
    run(server);
}

void server_cancel(struct server *server, const char *why)
{
    server->canceled = why;
    if (server->state == SERVER_FETCHING) {
        http_cancel(&server->http, why); /* which resumes the task */
    } else {
        wakeup_cancel(server->wakeups, &server->sleep);
        run(server);
    }
}

static const char *sleep_stuck(const struct server *server, int64_t moment)
{
    int64_t woken = wakeup_due(server->wakeups, &server->sleep);
    if (woken > server->due)
        return "its task sleeps, and is not going to be woken when its request is due";
    return woken < moment ? "its task should have been woken, and still sleeps" : NULL;
}

const char *server_stuck(const struct server *server, int64_t moment)
{
    switch (server->state) {
    case SERVER_NEW: return server->health.since < moment ? "its task was never started" : NULL;
    case SERVER_SLEEPING:
    case SERVER_PREPARING: return sleep_stuck(server, moment);
    case SERVER_FETCHING: return http_stuck(&server->http, moment);
    case SERVER_ENDED: break;
    }
    return NULL;
}

int64_t server_first_due(const struct wakeups *wakeups)
{
    const struct wakeup *first = wakeups_first(wakeups, on_wake);
    return first == NULL ? INT64_MAX : container_of(first, struct server, sleep)->due;
}
