#include "pace/delay_form.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "http/http_date.h"

bool delay_form_number(const char *text, size_t length, int64_t unit, int64_t *said)
{
    int64_t value;
    if (length == 0 || duration_scan(text, length, unit, &value) != length)
        return false;
    *said = value;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Two digits and, but for the seconds, the colon behind them. */
static bool read_pair(const char *text, int most, bool colon, int *value)
{
    if (!is_digit(text[0]) || !is_digit(text[1]) || (colon && text[2] != ':'))
        return false;
    *value = (text[0] - '0') * 10 + (text[1] - '0');
    return *value <= most;
}

enum { CLOCK_LENGTH = sizeof "HH:MM:SS" - 1 };

/* The days, where there are some, are a whole number, and then the hours are those of a day. */
static bool read_clock(const char *text, size_t length, int64_t *said)
{
    int64_t days = 0;
    int hours, minutes, seconds;
    if (length < CLOCK_LENGTH)
        return false;
    size_t before = length - CLOCK_LENGTH;
    const char *clock = text + before;
    if (before > 0 && (clock[-1] != ':' || memchr(text, '.', before) != NULL ||
                       !delay_form_number(text, before - 1, DAY, &days)))
        return false;
    if (!read_pair(clock, before > 0 ? 23 : 99, true, &hours) ||
        !read_pair(clock + 3, 59, true, &minutes) || !read_pair(clock + 6, 59, false, &seconds))
        return false;
    int64_t rest = hours * HOUR + minutes * MINUTE + seconds * SECOND;
    *said = days > INT64_MAX - rest ? INT64_MAX : days + rest;
    return true;
}

bool delay_form_any(const char *text, size_t length, int64_t unit, int64_t *said)
{
    if (length > 2 && text[0] == '"' && text[length - 1] == '"')
        return delay_form_number(text + 1, length - 2, unit, said);
    return delay_form_number(text, length, unit, said) || read_clock(text, length, said) ||
           (length > 0 && duration_scan_units(text, length, said));
}

/* A double has 15 digits that can be relied on: 5.1 is to be 5.1, and not a bit more. */
bool delay_form_real(double number, int64_t unit, int64_t *said)
{
    enum { RELIABLE = 15 };
    char text[64];
    if (!(number >= 0) || signbit(number))
        return false;
    if (number > (double)INT64_MAX / (double)unit) {
        *said = INT64_MAX;
        return true;
    }
    int whole = snprintf(text, sizeof text, "%.0f", number);
    int length =
        snprintf(text, sizeof text, "%.*f", whole < RELIABLE ? RELIABLE - whole : 0, number);
    return delay_form_number(text, (size_t)length, unit, said);
}

bool delay_form_date(const char *text, const char *date, int64_t now, int64_t *said)
{
    int64_t then, from = now;
    if (!http_date_read(text, now, &then))
        return false;
    if (date != NULL && !http_date_read(date, now, &from))
        from = now;
    if (then <= from)
        *said = 0;
    else if (__builtin_mul_overflow(then - from, SECOND, said))
        *said = INT64_MAX;
    return true;
}

bool delay_form_retry_after(const char *text, const char *date, int64_t now, int64_t *said)
{
    size_t length = strlen(text);
    if (strspn(text, "0123456789") == length)
        return delay_form_number(text, length, SECOND, said);
    return delay_form_date(text, date, now, said);
}
