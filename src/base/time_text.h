/* A moment as people and scripts read it. Pure. */
#ifndef AIOPOLL_TIME_TEXT_H
#define AIOPOLL_TIME_TEXT_H

#include <stdint.h>

/* RFC 3339 in UTC, with milliseconds, of `wall` ns since 1970. Valid until the next call; for the
 * loop's thread only. */
const char *time_text(int64_t wall);

#endif
