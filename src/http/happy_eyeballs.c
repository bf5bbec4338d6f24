#include "http/happy_eyeballs.h"

#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"

/* RFC 8305 section 8: the Connection Attempt Delay, and the least that it may ever be. */
#define ATTEMPT_DELAY       (250 * MILLISECOND)
#define ATTEMPT_DELAY_LEAST (10 * MILLISECOND)

static void on_step(struct wakeup *wakeup);
static const struct stream_callbacks callbacks;

static void set_step(struct happy_eyeballs *race, int64_t delay)
{
    wakeup_set(race->env->wakeups, &race->step, clock_now() + delay, on_step);
}

/* The owner's own descriptor is for one; each other has an extra one. */
static void return_extras(struct happy_eyeballs *race)
{
    while (race->extras > 0 && race->extras >= race->running) {
        race->extras--;
        slots_return_extra(&race->env->slots);
    }
}

static void forget(struct happy_eyeballs *race, size_t index)
{
    race->running--;
    memmove(&race->runners[index], &race->runners[index + 1],
            (race->running - index) * sizeof *race->runners);
    return_extras(race);
}

static void note_failure(struct happy_eyeballs *race, int error, const union address *address)
{
    race->error = error;
    race->failed = *address;
}

/* What each of the addresses left, and the latest, may have of the time left. */
static int64_t share(const struct happy_eyeballs *race, int64_t now)
{
    return (race->deadline - now) / (int64_t)(candidates_left(race->candidates) + 1);
}

/* Shorter where there are so many that the last ones would not have their turn. */
static int64_t attempt_delay(const struct happy_eyeballs *race)
{
    int64_t delay = share(race, clock_now());
    if (delay > ATTEMPT_DELAY)
        return ATTEMPT_DELAY;
    return delay < ATTEMPT_DELAY_LEAST ? ATTEMPT_DELAY_LEAST : delay;
}

/* Returns 0 or libuv's error code. */
static int begin(struct happy_eyeballs *race, const union address *address)
{
    struct race_runner *runner = &race->runners[race->running];
    int error = stream_connect(&runner->stream, race->env->loop, address, race->env->read_buffer,
                               &callbacks, race);
    int64_t now = clock_now();

    runner->address = *address;
    race->tried++;
    race->patience_until = now + share(race, now);
    if (error == 0)
        race->running++;
    else
        note_failure(race, error, address);
    return_extras(race);
    return error;
}

/* Whether one more may run, be it in the place of the oldest. */
static bool make_place(struct happy_eyeballs *race)
{
    if (race->running == 0)
        return true;
    if (slots_take_extra(&race->env->slots)) {
        race->extras++;
        return true;
    }
    if (clock_now() < race->patience_until)
        return false;
    note_failure(race, UV_ETIMEDOUT, &race->runners[0].address);
    stream_close(race->runners[0].stream);
    forget(race, 0);
    return race->running == 0;
}

/* One address each step, so that nothing is decided within the owner's call, and many that
 * fail at once do not hold up the loop. */
static void on_step(struct wakeup *wakeup)
{
    struct happy_eyeballs *race = container_of(wakeup, struct happy_eyeballs, step);
    if (candidates_left(race->candidates) == 0) {
        if (race->running == 0 && !candidates_pending(race->candidates))
            race->decided(race->owner, NULL, NULL);
        return;
    }
    int error = 0;
    if (make_place(race))
        error = begin(race, candidates_next(race->candidates));
    set_step(race, error == 0 ? attempt_delay(race) : 0);
}

static size_t index_of(const struct happy_eyeballs *race, const struct stream *stream)
{
    size_t index = 0;
    while (race->runners[index].stream != stream)
        index++;
    return index;
}

static void on_connected(struct stream *stream, int status)
{
    struct happy_eyeballs *race = stream->owner;
    size_t index = index_of(race, stream);
    union address address = race->runners[index].address;

    forget(race, index);
    if (status == 0) {
        happy_eyeballs_close(race);
        race->decided(race->owner, stream, &address);
        return;
    }
    stream_close(stream);
    note_failure(race, status, &address);
    set_step(race, 0);
}

static const struct stream_callbacks callbacks = {.connected = on_connected};

void happy_eyeballs_start(struct happy_eyeballs *race, struct http_env *env,
                          struct candidates *candidates, int64_t deadline,
                          void (*decided)(void *owner, struct stream *stream,
                                          const union address *address),
                          void *owner)
{
    *race = (struct happy_eyeballs){.env = env,
                                    .candidates = candidates,
                                    .deadline = deadline,
                                    .error = UV_ETIMEDOUT,
                                    .decided = decided,
                                    .owner = owner};
    on_step(&race->step);
}

void happy_eyeballs_go_on(struct happy_eyeballs *race)
{
    if (!wakeup_is_set(&race->step))
        set_step(race, 0);
}

void happy_eyeballs_close(struct happy_eyeballs *race)
{
    if (race->env == NULL)
        return;
    wakeup_cancel(race->env->wakeups, &race->step);
    while (race->running > 0) {
        stream_close(race->runners[race->running - 1].stream);
        forget(race, race->running - 1);
    }
}
