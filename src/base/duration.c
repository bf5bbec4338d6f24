#include "base/duration.h"

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

/* From large to small. Only what is written here has the last two. */
static const struct unit {
    const char *name;
    int64_t ns;
} units[] = {{"d", DAY},          {"h", HOUR},         {"m", MINUTE},     {"s", SECOND},
             {"ms", MILLISECOND}, {"us", MICROSECOND}, {"ns", NANOSECOND}};

enum { UNIT_COUNT = sizeof units / sizeof units[0], READ_UNIT_COUNT = UNIT_COUNT - 2 };

char *duration_text(char out[DURATION_SIZE], int64_t ns)
{
    size_t at = 0;

    for (size_t i = 0; i < UNIT_COUNT; i++) {
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

/* The unit that the letters of `text` are, from `first` on: each may come once, in order. */
static size_t find_unit(const char *text, size_t letters, size_t first)
{
    size_t i = first;
    while (i < READ_UNIT_COUNT &&
           (strlen(units[i].name) != letters || memcmp(units[i].name, text, letters) != 0))
        i++;
    return i;
}

static bool is_unit_letter(char c)
{
    return c == 'd' || c == 'h' || c == 'm' || c == 's';
}

bool duration_scan_units(const char *text, size_t length, int64_t *ns)
{
    int64_t total = 0, part;
    size_t at = 0, first = 0;
    do {
        size_t number = duration_scan(text + at, length - at, NANOSECOND, &part), letters = 0;
        while (at + number + letters < length && is_unit_letter(text[at + number + letters]))
            letters++;
        size_t unit = find_unit(text + at + number, letters, first);
        if (number == 0 || unit == READ_UNIT_COUNT)
            return false;
        duration_scan(text + at, number, units[unit].ns, &part);
        total = saturating_mul_add(total, 1, part);
        first = unit + 1;
        at += number + letters;
    } while (at < length);
    *ns = total;
    return true;
}
