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

static void set_step(struct happy_eyeballs *race, int64_t due)
{
    race->due = due;
    wakeup_set(race->env->wakeups, &race->step, due, on_step);
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

/* What the latest address, and each that is left by now, may have of the time. */
static int64_t share(const struct happy_eyeballs *race)
{
    return (race->deadline - race->begun) / (int64_t)(candidates_left(race->candidates) + 1);
}

/* The attempt delay is shorter where there are so many that the last would not have their turn. */
static int64_t next_attempt(const struct happy_eyeballs *race)
{
    int64_t delay = share(race);
    if (delay > ATTEMPT_DELAY)
        delay = ATTEMPT_DELAY;
    return race->begun + (delay < ATTEMPT_DELAY_LEAST ? ATTEMPT_DELAY_LEAST : delay);
}

/* Until then the latest address is not given up for want of a descriptor. */
static int64_t patience_end(const struct happy_eyeballs *race)
{
    return race->begun + share(race);
}

/* Where there is none, there may be one later. */
static int64_t next_look(const struct happy_eyeballs *race)
{
    int64_t later = clock_now() + ATTEMPT_DELAY;
    return patience_end(race) < later ? patience_end(race) : later;
}

/* Returns 0 or libuv's error code. */
static int begin(struct happy_eyeballs *race, const union address *address)
{
    struct race_runner *runner = &race->runners[race->running];
    int error = stream_connect(&runner->stream, race->env->loop, address, race->env->read_buffer,
                               &callbacks, race);
    runner->address = *address;
    race->tried++;
    race->begun = clock_now();
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
    if (clock_now() < patience_end(race))
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
    if (!make_place(race))
        set_step(race, next_look(race));
    else if (begin(race, candidates_next(race->candidates)) == 0)
        set_step(race, next_attempt(race));
    else
        set_step(race, 0);
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
    int64_t due = race->running > 0 ? next_attempt(race) : 0;
    if (!wakeup_is_set(&race->step) || due < race->due)
        set_step(race, due);
}

void happy_eyeballs_close(struct happy_eyeballs *race)
{
    wakeup_cancel(race->env->wakeups, &race->step);
    while (race->running > 0) {
        stream_close(race->runners[race->running - 1].stream);
        forget(race, race->running - 1);
    }
}
