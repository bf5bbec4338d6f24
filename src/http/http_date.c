#include "http/http_date.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define YEAR (INT64_C(31556952)) /* seconds, on average */

/* strptime() lets much pass; what it has read is written again, and has to be the same. */
static bool read_form(const char *text, const char *form, struct tm *tm)
{
    char again[64];
    *tm = (struct tm){0};
    const char *end = strptime(text, form, tm);
    if (end == NULL || *end != '\0')
        return false;
    struct tm whole = *tm;
    timegm(&whole); /* which mends a day that does not exist, and finds the day of the week */
    return strftime(again, sizeof again, form, &whole) > 0 && strcmp(again, text) == 0;
}

/* More than 50 years ahead is the past (RFC 9110 section 5.6.7); but the day of the week was
 * checked against the century that strptime() takes, so that the year decides alone here. */
static bool read_rfc850(const char *text, int64_t now, struct tm *tm)
{
    static const char *const days[] = {"Sunday, ",   "Monday, ", "Tuesday, ", "Wednesday, ",
                                       "Thursday, ", "Friday, ", "Saturday, "};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        size_t length = strlen(days[i]);
        if (strncasecmp(text, days[i], length) != 0)
            continue;
        if (!read_form(text + length, "%d-%b-%y %H:%M:%S GMT", tm))
            return false;
        struct tm other = *tm;
        other.tm_year += other.tm_year < 100 ? 100 : -100;
        int64_t moment = timegm(tm), distance = timegm(&other) - now;
        if (moment - now > 50 * YEAR || (distance > moment - now && distance <= 50 * YEAR))
            *tm = other;
        return true;
    }
    return false;
}

bool http_date_read(const char *text, int64_t now, int64_t *moment)
{
    struct tm tm;
    if (!read_form(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) &&
        !read_form(text, "%a %b %e %H:%M:%S %Y", &tm) && !read_rfc850(text, now, &tm))
        return false;
    *moment = timegm(&tm);
    return true;
}
