#include "pace/delay.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum reading { READ, READ_EMPTY, READ_WRONG };

static enum reading read_seconds(const char *text, size_t length, int64_t *said)
{
    size_t start = 0, end = length;
    int64_t value;

    while (start < end && is_blank(text[start]))
        start++;
    while (end > start && is_blank(text[end - 1]))
        end--;
    if (start == end)
        return READ_EMPTY;
    if (duration_scan(text + start, end - start, SECOND, &value) != end - start)
        return READ_WRONG;
    *said = value;
    return READ;
}

/* `source` is what the text is of, "the body". */
static bool from_text(const char *source, const char *text, size_t length, bool shown,
                      int64_t *said, char why[DELAY_WHY_SIZE])
{
    char quoted[QUOTE_SIZE];
    switch (read_seconds(text, length, said)) {
    case READ: return true;
    case READ_EMPTY:
        snprintf(why, DELAY_WHY_SIZE, "%s is empty, and not a number of seconds", source);
        break;
    case READ_WRONG:
        snprintf(why, DELAY_WHY_SIZE, "%s is not a number of seconds: %s", source,
                 shown ? escape_quote(quoted, sizeof quoted, text, length)
                       : "it is not shown, as it may repeat a secret of the request");
        break;
    }
    return false;
}

bool delay_from_body(const char *body, size_t length, bool shown, int64_t *said,
                     char why[DELAY_WHY_SIZE])
{
    return from_text("the body", body, length, shown, said, why);
}

/* As much of a name as a sentence has room for. */
enum { NAME_SHOWN = 64 };

bool delay_from_field(const char *name, const struct http_field *field, bool shown, int64_t *said,
                      char why[DELAY_WHY_SIZE])
{
    char source[sizeof "the field ..." + NAME_SHOWN];
    snprintf(source, sizeof source, "the field %.*s%s", NAME_SHOWN, name,
             strlen(name) > NAME_SHOWN ? "..." : "");
    const char *the_name = source + strlen("the field ");

    switch (field->state) {
    case HTTP_FIELD_PRESENT:
        return from_text(source, field->value, strlen(field->value), shown, said, why);
    case HTTP_FIELD_ABSENT:
        snprintf(why, DELAY_WHY_SIZE, "the response has no field %s", the_name);
        break;
    case HTTP_FIELD_TOO_LONG:
        snprintf(why, DELAY_WHY_SIZE, "%s is too long for a number of seconds", source);
        break;
    case HTTP_FIELD_REPEATED:
        snprintf(why, DELAY_WHY_SIZE, "%s stands more than once in the response", source);
        break;
    }
    return false;
}

void delay_why_coded(const char *coding, char why[DELAY_WHY_SIZE])
{
    char quoted[QUOTE_SIZE];
    snprintf(why, DELAY_WHY_SIZE, "the body is coded (%s), which was not asked for",
             escape_quote(quoted, sizeof quoted, coding, strlen(coding)));
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
