#include "http/http_date.h"

#include <string.h>
#include <time.h>

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

/* The year is the last with these two digits that is at most 50 years ahead (RFC 9110 section
 * 5.6.7). */
static void find_century(struct tm *tm, int64_t now)
{
    struct tm limit;
    gmtime_r(&(time_t){now}, &limit);
    limit.tm_year += 50;
    tm->tm_year = limit.tm_year - limit.tm_year % 100 + tm->tm_year % 100;
    if (timegm(tm) > timegm(&limit))
        tm->tm_year -= 100;
}

/* Which century it is decides on the day of the week, so that this cannot be checked before. */
static bool read_rfc850(const char *text, int64_t now, struct tm *tm)
{
    static const char *const days[] = {"Sunday, ",   "Monday, ", "Tuesday, ", "Wednesday, ",
                                       "Thursday, ", "Friday, ", "Saturday, "};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        size_t length = strlen(days[i]);
        if (strncmp(text, days[i], length) != 0)
            continue;
        if (!read_form(text + length, "%d-%b-%y %H:%M:%S GMT", tm))
            return false;
        find_century(tm, now);
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
