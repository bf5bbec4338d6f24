/* The clock that all moments in aiopoll are on. */
#ifndef AIOPOLL_CLOCK_H
#define AIOPOLL_CLOCK_H

#include <stdint.h>

/* Nanoseconds since the machine was started. It goes on during a suspend and is
 * not moved when somebody sets the time of day (CLOCK_BOOTTIME). */
int64_t clock_now(void);

/* The same without the time in which the machine slept: only to tell how much of a span
 * that was (CLOCK_MONOTONIC). */
int64_t clock_awake(void);

/* Nanoseconds since 1970, as the wall clock has it: for what people read. */
int64_t clock_wall(void);

#endif
