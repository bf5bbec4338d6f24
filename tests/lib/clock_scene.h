/*
 * The clocks of the program in a scene (scene.h), for a test to set. The test's own,
 * and so those of the mock, stay as they are.
 */
#ifndef TESTS_LIB_CLOCK_SCENE_H
#define TESTS_LIB_CLOCK_SCENE_H

#include <stdint.h>

/* Before the start. */
void clock_scene_begin(void);

/*
 * The time of day is off by that. It can be called before the start, too. The kernel
 * does not know: a wait of the program's for a moment of the time of day is as if the
 * clock were set right in the middle of it.
 */
void clock_scene_set_wall(int64_t off_ns);

/*
 * The machine has slept that long, and just woke up: CLOCK_BOOTTIME and the time of
 * day have gone on meanwhile, CLOCK_MONOTONIC has not.
 */
void clock_scene_sleep(int64_t ns);

/* As the program should see them now. */
int64_t clock_scene_wall_ns(void);

#endif
