/* How long to wait before the next request, and why so long. Pure: clock and
 * chance come in as arguments. All spans are nanoseconds. */
#ifndef AIOPOLL_DELAY_H
#define AIOPOLL_DELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/setting.h"
#include "http/http_field.h"

struct delay {
    int64_t wait;
    int64_t said; /* what the server had said, or -1 */
    bool clamped; /* `said` was outside of min-delay or max-delay, and cut to it */
};

/* Room for any sentence of the functions below. */
enum { DELAY_WHY_SIZE = 192 };

/* Reads a body: ASCII white space around one number of seconds, [0-9]+ or
 * [0-9]+.[0-9]+. Too much to hold becomes INT64_MAX. On anything else returns
 * false, with a printable sentence in `why`, which quotes it only where it may be
 * `shown`. */
bool delay_from_body(const char *body, size_t length, bool shown, int64_t *said,
                     char why[DELAY_WHY_SIZE]);

/* The same for the value of the field `name`, a token of any length. */
bool delay_from_field(const char *name, const struct http_field *field, bool shown, int64_t *said,
                      char why[DELAY_WHY_SIZE]);

/* The sentence on a body that has a content coding, so that no number is looked for. */
void delay_why_coded(const char *coding, char why[DELAY_WHY_SIZE]);

/* After a good poll: what the server said, within min-delay and max-delay. */
struct delay delay_after_success(const struct server_settings *settings, int64_t said);

/* After the `failures`th failure in a row (1 and up): `retry`, doubled for each
 * further one up to retry-max, but never more than `last`, the server's own last
 * delay, where that is longer than `retry` (-1: none is known). `chance` (any
 * number, evenly spread) shortens that by up to a quarter. `retry_after` (-1:
 * none) is taken where it is longer, up to max-delay. */
struct delay delay_after_failure(const struct server_settings *settings, unsigned failures,
                                 int64_t last, int64_t retry_after, uint32_t chance);

#endif
