/*
 * A service manager for the program in a scene (scene.h): the socket that
 * $NOTIFY_SOCKET names, and what came there, each datagram by itself.
 */
#ifndef TESTS_LIB_NOTIFY_SCENE_H
#define TESTS_LIB_NOTIFY_SCENE_H

#include <check.h>
#include <stddef.h>

/*
 * The tests of such a case have a manager: its socket is a path in the rig's directory. At the
 * end the program is stopped first, where it still runs.
 */
TCase *notify_scene_case(Suite *suite, const char *name);

/* Listens at another path, or at an abstract name with @ in front, instead. */
void notify_scene_move(const char *name);

/* As many messages as there is room for wait to be read. */
void notify_scene_fill(void);

/* No longer reads, so that its queue fills; or reads on. */
void notify_scene_pause(void);
void notify_scene_resume(void);

/* The program is to show every so many milliseconds that it works: $WATCHDOG_USEC. */
void notify_scene_watch(unsigned ms);

/* Of all messages, or of those that begin so. The text fails where there is none. */
size_t notify_scene_count(const char *beginning);
const char *notify_scene_text(const char *beginning, size_t index);

/* How many others came before that one. */
size_t notify_scene_place(const char *beginning, size_t index);

/* Until so many messages have come that begin so; the second, within a limit of its own. */
void notify_scene_await(const char *beginning, size_t count);
void notify_scene_await_within(const char *beginning, size_t count, unsigned limit_ms);

#endif
