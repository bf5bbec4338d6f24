#include "base/duration.h"

#include <stdbool.h>
#include <string.h>

static size_t digits(char *out, uint64_t value)
{
    char reversed[20];
    size_t n = 0;
    do
        reversed[n++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    for (size_t i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    return n;
}

size_t duration_seconds(char out[DURATION_SIZE], int64_t ns)
{
    size_t at = 0;
    uint64_t rest = (uint64_t)ns;
    if (ns < 0) {
        out[at++] = '-';
        rest = 0 - rest;
    }
    at += digits(out + at, rest / SECOND);
    rest %= SECOND;
    if (rest != 0) {
        out[at++] = '.';
        for (uint64_t place = SECOND / 10; rest != 0; place /= 10) {
            out[at++] = (char)('0' + rest / place);
            rest %= place;
        }
    }
    out[at] = '\0';
    return at;
}

char *duration_text(char out[DURATION_SIZE], int64_t ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"d", DAY},          {"h", HOUR},         {"m", MINUTE},     {"s", SECOND},
                 {"ms", MILLISECOND}, {"us", MICROSECOND}, {"ns", NANOSECOND}};
    size_t at = 0;

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (ns < units[i].ns)
            continue;
        at += digits(out + at, (uint64_t)(ns / units[i].ns));
        at += (size_t)(stpcpy(out + at, units[i].name) - (out + at));
        ns %= units[i].ns;
    }
    if (at == 0)
        out[at++] = '0';
    out[at] = '\0';
    return out;
}

/* value * 10 + digit and the like, or INT64_MAX for good where that overflows. */
static int64_t saturating_mul_add(int64_t value, int64_t factor, int64_t more)
{
    int64_t result;
    if (__builtin_mul_overflow(value, factor, &result) ||
        __builtin_add_overflow(result, more, &result))
        return INT64_MAX;
    return result;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The digits after the point: `place` is what the next digit is worth. */
static int64_t fraction(const char *text, size_t length, int64_t unit)
{
    /* Eighteen digits of a unit of up to a day need more than 64 bits. */
    __int128 sum = 0, scale = 1;
    bool more = false;
    for (size_t i = 0; i < length; i++) {
        if (i >= 18) {
            more |= text[i] != '0';
            continue;
        }
        scale *= 10;
        sum = sum * 10 + (text[i] - '0');
    }
    __int128 product = sum * unit;
    return (int64_t)(product / scale) + (product % scale != 0 || more);
}

size_t duration_scan(const char *text, size_t length, int64_t unit, int64_t *ns)
{
    size_t at = 0;
    int64_t whole = 0;
    while (at < length && is_digit(text[at]))
        whole = saturating_mul_add(whole, 10, text[at++] - '0');
    if (at == 0)
        return 0;
    int64_t part = 0;
    if (at + 1 < length && text[at] == '.' && is_digit(text[at + 1])) {
        size_t start = ++at;
        while (at < length && is_digit(text[at]))
            at++;
        part = fraction(text + start, at - start, unit);
    }
    *ns = saturating_mul_add(whole, unit, part);
    return at;
}
