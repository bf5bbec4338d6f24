/*
 * A scene (scene.h) in which a reload finds server "a" at some stage of its
 * poll, and leaves it as it is, changes it, gives it another URL, or takes it
 * away. Another server, "z", has to go on as if nothing were.
 */
#ifndef TESTS_LIB_RELOAD_SCENE_H
#define TESTS_LIB_RELOAD_SCENE_H

#include "scene.h"

enum reload_change {
    RELOAD_SAME,
    RELOAD_CHANGED, /* the header field "X-New: yes" */
    RELOAD_MOVED,   /* to @/moved?delay=60 */
    RELOAD_REMOVED,
    RELOAD_CHANGES,
};

/*
 * Starts the program with the settings in [defaults], and with the list of servers besides "a",
 * which comes last. The texts are borrowed.
 */
void reload_scene_start(const char *settings, const char *servers, const char *url);

/* What the list is, where it has just "z". */
#define RELOAD_SCENE_Z "z = @/z?delay=0.02\n"

/* Reloads, and checks what the program says of it. */
void reload_scene_apply(enum reload_change change);

/* The same once more, but with another list. */
void reload_scene_apply_list(enum reload_change change, const char *servers);

/*
 * Waits for what has to come of it, and checks that: the first poll of "a" as it was begun, and
 * the second one by the new settings; or that the first one was canceled, where it was
 * `in_flight`, and that nothing followed. No request came early, and "z" goes on.
 */
void reload_scene_check(enum reload_change change, bool in_flight);

#endif
