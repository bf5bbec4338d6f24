#include "base/clock.h"

#include <time.h>

#include "base/duration.h"

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

int64_t clock_now(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_awake(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}
