/* Moments as HTTP writes them: RFC 9110 section 5.6.7. Pure. */
#ifndef AIOPOLL_HTTP_DATE_H
#define AIOPOLL_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads one of the three forms, all of the text, strictly. *moment becomes seconds since 1970.
 * `now`, in the same, tells which century the old form with two digits for the year means.
 * False: it is none, or no day of the calendar. */
bool http_date_read(const char *text, int64_t now, int64_t *moment);

#endif
