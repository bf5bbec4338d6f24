/* How long before a request its connection has to be begun, so that it is open when the
 * request is due: from how long the last ones took. Pure.
 *
 * To be early costs an idle connection for some milliseconds, to be late breaks the
 * promise. So the estimate is quick to rise and slow to fall, and there is a margin. */
#ifndef AIOPOLL_LEAD_TIME_H
#define AIOPOLL_LEAD_TIME_H

#include <stdint.h>

/* To be embedded, all zero at first: nothing was measured. */
struct lead_time {
    int64_t peak; /* ns; the longest, less an eighth of the difference with each shorter one */
};

/* A connection was opened, and that took so long. One that failed says nothing of how long one
 * takes that does not. */
void lead_time_add(struct lead_time *lead, int64_t took);

/* Nanoseconds, at most `limit`. A guess where nothing was measured. */
int64_t lead_time_get(const struct lead_time *lead, int64_t limit);

#endif
