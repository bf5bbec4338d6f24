#include "http/lead_time.h"

#include "base/duration.h"

/* Look-up, connect and TLS with a server at the other end of the world. */
#define GUESS (250 * MILLISECOND)

/* For what a busy machine adds, be the server ever so near. */
#define MARGIN (10 * MILLISECOND)

void lead_time_add(struct lead_time *lead, int64_t took)
{
    if (took < 1)
        took = 1;
    if (took > lead->peak)
        lead->peak = took;
    else
        lead->peak -= (lead->peak - took) / 8;
}

int64_t lead_time_get(const struct lead_time *lead, int64_t limit)
{
    int64_t peak = lead->peak;
    if (peak > limit)
        return limit;
    int64_t enough = peak == 0 ? GUESS : peak + peak / 2 + MARGIN;
    return enough < limit ? enough : limit;
}
