#include "ask/people.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

enum { MOST = 999999 }; /* of the largest unit: a clock may say anything */

#define LEAST 0.00001 /* seconds, of which no more digits are shown */

/* From small to large: a unit is for what is less than `below` seconds, where rounding makes the
 * next one of it. */
static const struct unit {
    const char *name;
    double seconds, below;
} units[] = {
    {"ms", 0.001, 0.9995},    {"s", 1, 119.5},           {"min", 60, 59.5 * 60},
    {"h", 3600, 23.5 * 3600}, {"d", 86400, 0 /* all */},
};

/* Two digits, or all of those before the point; no zero behind it. */
static void add_number(struct buffer *out, double value)
{
    char text[32];
    int digits = value < 0.95 ? 2 : value < 9.95 ? 1 : 0;
    size_t length = (size_t)snprintf(text, sizeof text, "%.*f", digits, value);
    while (digits > 0 && text[length - 1] == '0')
        length--, digits--;
    if (text[length - 1] == '.')
        length--;
    buffer_add(out, text, length);
}

void people_span(struct buffer *out, double seconds)
{
    const struct unit *unit = units;
    if (isnan(seconds)) {
        buffer_text(out, "-");
        return;
    }
    if (seconds <= 0) {
        buffer_text(out, "0 s");
        return;
    }
    if (seconds < LEAST) {
        buffer_text(out, "< 0.01 ms");
        return;
    }
    while (unit->below > 0 && seconds >= unit->below)
        unit++;
    const double value = seconds / unit->seconds;
    add_number(out, value < MOST ? value : MOST);
    buffer_print(out, " %s", unit->name);
}

void people_count(struct buffer *out, int64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            buffer_text(out, ",");
        buffer_add(out, &digits[i], 1);
    }
}

void people_text(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char escaped[4];
        if (*text >= ' ' && *text < 0x7f)
            buffer_add(out, text, 1);
        else
            buffer_add(out, escaped, escape_byte(escaped, (unsigned char)*text));
    }
}

static size_t escape_length(const char *escape)
{
    return escape[1] == 'x' ? strlen("\\x1b") : strlen("\\n");
}

size_t people_cut_before(const char *text, size_t at)
{
    for (size_t back = 1; back <= at && back < strlen("\\x1b"); back++)
        if (text[at - back] == '\\')
            return escape_length(text + at - back) > back ? at - back : at;
    return at;
}

size_t people_cut_after(const char *text, size_t at)
{
    size_t begin = people_cut_before(text, at);
    return begin == at ? at : begin + escape_length(text + begin);
}
