/* Whether a poll was good, and what it said: RFC 9110 and the settings of its server. */
#ifndef AIOPOLL_VERDICT_H
#define AIOPOLL_VERDICT_H

#include <stdint.h>

#include "config/config.h"
#include "http/http_client.h"
#include "pace/delay_reading.h"

struct verdict {
    struct failure failure;       /* FAILURE_NONE: a good poll; its detail may be `why`'s */
    struct delay_reading reading; /* of a good one; or its source and sentence */
    int64_t retry_after;          /* of a 429 or 503, in ns; -1: none */
};

/* `wall` is the time of day, in ns since 1970. `verdict` stays where it is while the failure's
 * detail is in use. */
void verdict_reach(struct verdict *verdict, const struct server_config *server,
                   const struct http_result *result, int64_t wall);

#endif
