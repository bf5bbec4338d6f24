/* What a test and the library that it has its program preload (clock_shim.c) share. */
#ifndef TESTS_LIB_CLOCK_SHIM_H
#define TESTS_LIB_CLOCK_SHIM_H

#include <signal.h>
#include <stdint.h>

/* The content of the file $CLOCK_SHIM. */
struct clock_shim {
    int64_t wall_ns;  /* CLOCK_REALTIME is off by that, */
    int64_t slept_ns; /* and by that; CLOCK_BOOTTIME too, but not CLOCK_MONOTONIC */
};

/* Tells the program that slept_ns has grown. */
#define CLOCK_SHIM_SIGNAL SIGRTMIN

#endif
