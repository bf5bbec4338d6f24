/* What a response says of the delay, and where: the sources of delay-from by precedence. Pure.
 *
 * A source that is absent passes to the next one; one that is there but wrong is the end. */
#ifndef AIOPOLL_DELAY_READING_H
#define AIOPOLL_DELAY_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "config/setting.h"
#include "http/http_response.h"

enum { DELAY_RAW_SIZE = 64, DELAY_WHY_SIZE = 256 };

struct delay_reading {
    const struct delay_source *source; /* the one that was there; NULL: none was */
    int64_t said;                      /* ns; -1: nothing, or what is wrong */
    /* As it stood there, perhaps cut: a server's bytes, to be escaped. "" where the request sends
     * secrets, which the response may repeat. */
    char raw[DELAY_RAW_SIZE];
    char why[DELAY_WHY_SIZE]; /* where nothing was said: a printable sentence on the reason */
};

/* Reads a complete response. `shown`: what it says may be told. `now`: seconds since 1970, for
 * a Retry-After that is a date, where the response has no Date. */
void delay_read(struct delay_reading *reading, const struct server_settings *settings,
                const struct http_response *response, bool shown, int64_t now);

#endif
