/*
 * Distance: what stands before a server and takes time. Bytes and ends take
 * half a round trip each way, and the first ones from the program a whole one
 * more, as the connect would, which the kernel does for the relay at once.
 *
 * It is what measures when a request leaves: the delays themselves are as
 * coarse as libuv's timers, but the moments are noted at the program's end.
 */
#ifndef TESTS_LIB_DISTANT_RELAY_H
#define TESTS_LIB_DISTANT_RELAY_H

#include <stdint.h>

#include "duct.h"

struct distant_item;

struct distant_relay {
    struct ducts ducts;
    unsigned round_trip_ms;
    unsigned pending;    /* bytes and ends under way */
    int64_t came_ns;     /* when the bytes came that reached the server last */
    bool answer_awaited; /* set by the owner: what the server sends next is the answer, */
    int64_t answered_ns; /* and this is right before that went to the program */
};

struct distant_relay *distant_relay_new(uv_loop_t *loop, int target_port, unsigned round_trip_ms);
void distant_relay_free(struct distant_relay *relay);

int distant_relay_port(const struct distant_relay *relay);

#endif
