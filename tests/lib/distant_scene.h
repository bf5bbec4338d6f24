/*
 * A scene of servers far away, behind TLS: the program polls them, some with
 * one configuration and some with another, and how late each request left is
 * measured at the program's end of the way (distant_relay.h): from the promise,
 * counted from when the answer came to the program, to the first byte.
 */
#ifndef TESTS_LIB_DISTANT_SCENE_H
#define TESTS_LIB_DISTANT_SCENE_H

#include "tls_scene.h"

enum { DISTANT_ROUND_TRIP_MS = 40, DISTANT_SERVERS_MAX = 40, DISTANT_GROUPS = 2 };

struct distant_figures {
    size_t count;
    int64_t least_ns, median_ns, most_ns; /* how late; negative: early */
};

/* Like tls_scene_case(); without a relay that the test would have to make. */
TCase *distant_scene_case(Suite *suite, const char *name);

/*
 * So many servers in each group, which all say `delay_ms`, are polled with the settings of
 * their group.
 */
void distant_scene_start(unsigned servers, unsigned delay_ms,
                         const char *const settings[DISTANT_GROUPS]);

/* Until there is a figure of so many polls of each group. */
void distant_scene_await(size_t count, unsigned limit_ms);

struct distant_figures distant_scene_figures(unsigned group);

#endif
