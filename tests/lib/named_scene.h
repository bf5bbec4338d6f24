/*
 * A scene (scene.h) in a network of its own with a name server (name_server.h),
 * where server "a" has a name, and "b" an address that nothing may disturb.
 */
#ifndef TESTS_LIB_NAMED_SCENE_H
#define TESTS_LIB_NAMED_SCENE_H

#include "name_server.h"
#include "scene.h"

extern struct name_server *resolver;

/* Tests that begin with a silent name server, which resolv.conf names. */
TCase *named_scene_case(Suite *suite, const char *name);

/* Both families are answered so, with the addresses 127.0.0.1 and ::1. */
void named_scene_set_both(enum name_answer answer, unsigned delay_ms);

/* The name has the address of the mock, and nothing else. */
void named_scene_set_ipv4_only(void);

/* Starts with these lines for all servers, each poll on a new connection. */
void named_scene_start(const char *settings);

/* How many polls of "a" were told. */
size_t named_scene_polls(void);

/* Waits for the first poll of "a" from number `index` on with that result, and returns which. */
size_t named_scene_await(const char *result, size_t index);

/* Waits until the resolver has answered a poll of "a" again: nothing is said about it. */
void named_scene_await_silence(void);

/* Poll number index of "a"; the most is for a quick machine. */
void named_scene_check_took(size_t index, int64_t least_ms, int64_t most_ms);

void named_scene_check_detail(const json_t *poll, const char *text);

#endif
