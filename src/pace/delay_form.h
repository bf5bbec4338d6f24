/* The forms in which servers write a delay. Pure. */
#ifndef AIOPOLL_DELAY_FORM_H
#define AIOPOLL_DELAY_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All of these read the whole text. `unit`, in ns, is what a number without one means. What is
 * finer than a nanosecond is rounded up, what is too much to hold becomes INT64_MAX. False: it
 * has another form, and *said is left alone. */

/* [0-9]+ or [0-9]+.[0-9]+ */
bool delay_form_number(const char *text, size_t length, int64_t unit, int64_t *said);

/* That; or in double quotes; or HH:MM:SS, or d:HH:MM:SS; or with units, 1m30s. */
bool delay_form_any(const char *text, size_t length, int64_t unit, int64_t *said);

/* A number of JSON, at least 0. */
bool delay_form_real(double number, int64_t unit, int64_t *said);

/* Retry-After on its own (RFC 9110 section 10.2.3): whole seconds, or a date, which is measured
 * against that of the response, else against `now`, seconds since 1970. A past one is 0.
 * `date` may be NULL. */
bool delay_form_retry_after(const char *text, const char *date, int64_t now, int64_t *said);

/* The date only. */
bool delay_form_date(const char *text, const char *date, int64_t now, int64_t *said);

#endif
