/* Spans of time. Everywhere in aiopoll they are int64_t nanoseconds, and so
 * are moments, on the clock of clock.h. Pure. */
#ifndef AIOPOLL_DURATION_H
#define AIOPOLL_DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NANOSECOND  INT64_C(1)
#define MICROSECOND (1000 * NANOSECOND)
#define MILLISECOND (1000 * MICROSECOND)
#define SECOND      (1000 * MILLISECOND)
#define MINUTE      (60 * SECOND)
#define HOUR        (60 * MINUTE)
#define DAY         (24 * HOUR)

/* Room for any result of the two functions below. */
enum { DURATION_SIZE = 64 };

/* Writes seconds as a plain decimal number with as many digits as it takes,
 * "2.5" or "86400", and returns its length. NUL-terminated. */
size_t duration_seconds(char out[DURATION_SIZE], int64_t ns);

/* The same for people and for the configuration file: "500ms", "1m30s", "1d". */
char *duration_text(char out[DURATION_SIZE], int64_t ns);

/* Reads digits, or digits '.' digits, as a number of `unit`s. What is finer
 * than a nanosecond is rounded up, so that a wait is never too short; what is
 * too large to hold becomes INT64_MAX. Returns the number of bytes read, 0
 * where `text` does not begin with such a number. */
size_t duration_scan(const char *text, size_t length, int64_t unit, int64_t *ns);

/* Reads all of `text` as numbers with the units d, h, m, s, ms, each smaller than the one
 * before: "1m30s". Else returns false and leaves *ns alone. Too much is INT64_MAX. */
bool duration_scan_units(const char *text, size_t length, int64_t *ns);

#endif
