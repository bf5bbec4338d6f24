#include "base/time_text.h"

#include <time.h>

#include "base/duration.h"

/* The second's text is kept: most lines of a log share it. */
const char *time_text(int64_t wall)
{
    static time_t kept = -1;
    static char text[] = "1970-01-01T00:00:00.000Z";
    time_t second = (time_t)(wall / SECOND);
    unsigned ms = (unsigned)(wall % SECOND / MILLISECOND);

    if (second != kept) {
        struct tm tm;
        gmtime_r(&second, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        kept = second;
    }
    text[20] = (char)('0' + ms / 100);
    text[21] = (char)('0' + ms / 10 % 10);
    text[22] = (char)('0' + ms % 10);
    return text;
}
