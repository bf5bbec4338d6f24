#include "pace/watch.h"

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"

/* How many tasks are checked at a time, which takes as long as a poll; and how many where the
 * loop turns too seldom for that. */
enum { SLICE = 256, SLICE_MAX = 4096 };

/* Of a round, however short the span is. */
#define ROUND_MIN (10 * MILLISECOND)

static void tell_stuck(struct watch *watch, const struct server *server, const char *how)
{
    watch->found = true;
    if (watch->told)
        return;
    watch->told = true;
    watch->listener.stuck(watch->listener.user, server, how);
}

static void check_slice(struct watch *watch, size_t size)
{
    int64_t moment = wakeups_reached(watch->wakeups) - watch->round;
    for (size_t i = 0; i < size && watch->next < watch->count; i++) {
        const struct server *server = watch->servers[watch->next++];
        const char *how = server_stuck(server, moment);
        if (how != NULL)
            tell_stuck(watch, server, how);
    }
}

static void end_round(struct watch *watch)
{
    bool again = watch->told;
    if (watch->behind > 2 * watch->round)
        tell_stuck(watch, NULL, "wake-ups are late, and have been for long");
    if (!watch->found) {
        watch->told = false;
        watch->listener.well(watch->listener.user, again);
    }
    watch->found = false;
    watch->next = 0;
}

/* Returns how much of a round has passed since the last turn. */
static int64_t pass_time(struct watch *watch)
{
    int64_t now = clock_awake();
    int64_t passed = now - watch->turned < watch->round ? now - watch->turned : watch->round;
    bool late = clock_now() - wakeups_reached(watch->wakeups) > watch->round;
    watch->behind = late ? watch->behind + passed : 0;
    watch->blind = watch->servers == NULL ? watch->blind + passed : 0;
    watch->turned = now;
    return passed;
}

static uint64_t pause_ms(const struct watch *watch)
{
    int64_t slices = (int64_t)(watch->count / SLICE) + 1;
    int64_t pause = watch->round / slices / MILLISECOND;
    return pause < 1 ? 1 : (uint64_t)pause;
}

static void go_on(struct watch *watch, int64_t passed)
{
    double share = (double)watch->count * (double)passed / (double)watch->round;
    check_slice(watch, share < SLICE ? SLICE : share > SLICE_MAX ? SLICE_MAX : (size_t)share + 1);
    if (watch->next >= watch->count)
        end_round(watch);
}

static void on_turn(uv_timer_t *timer)
{
    struct watch *watch = container_of(timer, struct watch, timer);
    int64_t passed = pass_time(watch);
    if (watch->servers != NULL)
        go_on(watch, passed);
    else if (watch->blind > 2 * watch->round)
        tell_stuck(watch, NULL, "a reload is being applied, and does not come to its end");
    uv_timer_start(timer, on_turn, pause_ms(watch), 0);
}

int watch_init(struct watch *watch, uv_loop_t *loop, const struct wakeups *wakeups,
               const struct watch_listener *listener)
{
    *watch = (struct watch){.wakeups = wakeups, .listener = *listener};
    return uv_timer_init(loop, &watch->timer);
}

void watch_servers(struct watch *watch, struct server *const *servers, size_t count)
{
    watch->servers = servers;
    watch->count = count;
}

void watch_start(struct watch *watch, int64_t span)
{
    watch->round = span / 4 < ROUND_MIN ? ROUND_MIN : span / 4;
    watch->turned = clock_awake();
    uv_timer_start(&watch->timer, on_turn, 0, 0);
}

void watch_close(struct watch *watch)
{
    uv_close((uv_handle_t *)&watch->timer, NULL);
}
