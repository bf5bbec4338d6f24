#include "pace/watch.h"

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"

/* How many tasks are checked at a time: that takes as long as a poll. */
enum { SLICE = 256 };

/* Of a round, however short the span is. */
#define ROUND_MIN (10 * MILLISECOND)

static void check(struct watch *watch, const struct server *server)
{
    const char *how = server_stuck(server, watch->due - watch->round);
    if (how == NULL)
        return;
    watch->found = true;
    if (watch->told)
        return;
    watch->told = true;
    watch->listener.stuck(watch->listener.user, server, how);
}

static void end_round(struct watch *watch)
{
    bool again = watch->told;
    watch->next = 0;
    if (!watch->found) {
        watch->told = false;
        watch->listener.well(watch->listener.user, again);
    }
    watch->found = false;
}

/* Where it is behind, as after a suspend, it does not catch up: rounds are no shorter for that. */
static void on_turn(struct wakeup *wakeup)
{
    struct watch *watch = container_of(wakeup, struct watch, turn);
    size_t slices = watch->count == 0 ? 1 : (watch->count + SLICE - 1) / SLICE;
    int64_t now = clock_now();
    for (int i = 0; i < SLICE && watch->next < watch->count; i++)
        check(watch, watch->servers[watch->next++]);
    if (watch->next >= watch->count)
        end_round(watch);
    watch->due += watch->round / (int64_t)slices;
    if (watch->due < now)
        watch->due = now;
    wakeup_set(watch->wakeups, wakeup, watch->due, on_turn);
}

void watch_init(struct watch *watch, struct wakeups *wakeups, const struct watch_listener *listener)
{
    *watch = (struct watch){.wakeups = wakeups, .listener = *listener};
    wakeups_reserve(wakeups, 1);
}

void watch_servers(struct watch *watch, struct server *const *servers, size_t count)
{
    watch->servers = servers;
    watch->count = count;
}

void watch_start(struct watch *watch, int64_t span)
{
    watch->round = span / 4 < ROUND_MIN ? ROUND_MIN : span / 4;
    watch->due = clock_now();
    wakeup_set(watch->wakeups, &watch->turn, watch->due, on_turn);
}

void watch_close(struct watch *watch)
{
    wakeup_cancel(watch->wakeups, &watch->turn);
}
