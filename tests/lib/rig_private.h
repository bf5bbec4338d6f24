/*
 * What the rig consists of; for the rig's own files only.
 */
#ifndef TESTS_LIB_RIG_PRIVATE_H
#define TESTS_LIB_RIG_PRIVATE_H

#include "peer.h"
#include "program.h"
#include "rig.h"
#include "rig_launch.h"
#include "scratch.h"

struct mock_link {
    struct mock_server *mock;
    struct mock_link *next;
};

struct rig {
    uv_loop_t loop;
    uv_timer_t limit;
    bool limit_passed;
    struct scratch *scratch;
    struct mock_link *mocks;
    struct peer *peers;
    struct rig_launch launch;
    struct program *program; /* started last; NULL before that */
    struct program *other;   /* of rig_run() */
    struct rig_result result;
};

/* Waits until the program, which may be either of them, has finished. */
struct rig_exit rig_wait_program(const char *where, struct rig *rig, struct program *program,
                                 unsigned limit_ms);

#endif
