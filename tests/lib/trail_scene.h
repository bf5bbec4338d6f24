/*
 * A scene (scene.h) with a second mock server, which is another origin, and a
 * trail (trail.h) over both.
 */
#ifndef TESTS_LIB_TRAIL_SCENE_H
#define TESTS_LIB_TRAIL_SCENE_H

#include "scene.h"
#include "trail.h"

extern struct mock_server *other;

TCase *trail_scene_case(Suite *suite, const char *name);

/* A query that redirects to this path of that server; valid until the test ends. */
const char *trail_over_to(const struct mock_server *server, const char *path);

#endif
