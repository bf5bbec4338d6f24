#include "pace/delay.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool delay_from_body(const char *body, size_t length, int64_t *said, char why[DELAY_WHY_SIZE])
{
    char quoted[QUOTE_SIZE];
    size_t start = 0, end = length;
    int64_t value;

    while (start < end && is_blank(body[start]))
        start++;
    while (end > start && is_blank(body[end - 1]))
        end--;
    if (start == end) {
        snprintf(why, DELAY_WHY_SIZE, "the body is empty, and not a number of seconds");
        return false;
    }
    if (duration_scan(body + start, end - start, SECOND, &value) != end - start) {
        snprintf(why, DELAY_WHY_SIZE, "the body is not a number of seconds: %s",
                 escape_quote(quoted, sizeof quoted, body, length));
        return false;
    }
    *said = value;
    return true;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct delay delay_after_success(const struct server_settings *settings, int64_t said)
{
    struct delay delay = {.wait = smaller(said, settings->max_delay), .said = said};
    if (delay.wait < settings->min_delay)
        delay.wait = settings->min_delay;
    delay.clamped = delay.wait != said;
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
    int64_t wait = back_off(settings, failures);
    if (last > settings->retry)
        wait = smaller(wait, last);
    int64_t jitter = (int64_t)((__int128)(wait / 4) * chance >> 32);
    wait -= jitter / MILLISECOND * MILLISECOND; /* whole ones are easier to read */

    struct delay delay = {.wait = wait, .said = retry_after};
    int64_t asked = smaller(retry_after, settings->max_delay);
    if (asked > wait) {
        delay.wait = asked;
        delay.clamped = asked != retry_after;
    }
    return delay;
}
