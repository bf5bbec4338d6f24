/*
 * The clock that all measurements of the tests are taken with: nanoseconds
 * since boot, suspend included.
 */
#ifndef TESTS_LIB_BOOTTIME_H
#define TESTS_LIB_BOOTTIME_H

#include <stdint.h>
#include <time.h>

static inline int64_t boottime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
