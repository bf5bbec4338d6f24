#include "pace/delay.h"

#include "base/duration.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Rounded up: never early. What was too much to hold stays so. */
static int64_t scale(int64_t said, int64_t by)
{
    if (by == DELAY_SCALE_ONE || said == INT64_MAX)
        return said;
    __int128 product = (__int128)said * by + DELAY_SCALE_ONE - 1;
    return product / DELAY_SCALE_ONE > INT64_MAX ? INT64_MAX : (int64_t)(product / DELAY_SCALE_ONE);
}

struct delay delay_after_success(const struct server_settings *settings, int64_t said)
{
    int64_t scaled = scale(said, settings->delay_scale);
    struct delay delay = {.wait = smaller(scaled, settings->max_delay), .said = scaled};
    if (delay.wait < settings->min_delay)
        delay.wait = settings->min_delay;
    delay.clamped = delay.wait != scaled;
    return delay;
}

/* `retry`, doubled for each failure but the first. */
static int64_t back_off(const struct server_settings *settings, unsigned failures)
{
    int64_t wait = settings->retry;
    while (--failures > 0 && wait < settings->retry_max)
        wait *= 2; /* retry-max is far below INT64_MAX / 2 */
    return smaller(wait, settings->retry_max);
}

struct delay delay_after_failure(const struct server_settings *settings, unsigned failures,
                                 int64_t last, int64_t retry_after, uint32_t chance)
{
    struct delay delay = {.said = retry_after, .back_off = back_off(settings, failures)};
    if (last > settings->retry && last < delay.back_off) {
        delay.back_off = last;
        delay.paced = true;
    }
    int64_t jitter = (int64_t)((__int128)(delay.back_off / 4) * chance >> 32);
    delay.jitter = jitter / MILLISECOND * MILLISECOND; /* whole ones are easier to read */
    delay.wait = delay.back_off - delay.jitter;

    int64_t asked = smaller(retry_after, settings->max_delay);
    if (asked > delay.wait) {
        delay.wait = asked;
        delay.asked = true;
        delay.clamped = asked != retry_after;
    }
    return delay;
}
