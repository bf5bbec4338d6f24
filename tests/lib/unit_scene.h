/*
 * The units that this build installs, under a real systemd (machine.h), and a mock server in
 * that machine which they poll (scene.h). A unit is "aiopoll" or an instance, "aiopoll@NAME".
 *
 * A test begins with no unit running, and none of their files there.
 */
#ifndef TESTS_LIB_UNIT_SCENE_H
#define TESTS_LIB_UNIT_SCENE_H

#include <check.h>
#include <jansson.h>

#include "machine.h"
#include "scene.h"

TCase *unit_scene_case(Suite *suite, const char *name);

/* The file that it is configured by, in which @ becomes the HOST:PORT of the mock. */
void unit_scene_configure(const char *unit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What an administrator adds to its section [Service]. */
void unit_scene_drop_in(const char *unit, const char *settings);

/* With a configuration; it has to come up. */
void unit_scene_start(const char *unit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What `systemctl show` has. The string is valid until the next command. */
const char *unit_scene_property(const char *unit, const char *name);
int unit_scene_pid(const char *unit);

/* Until `systemctl status` would show that. */
void unit_scene_await_status(const char *unit, const char *text);

/*
 * Until the journal has a line of its process that begins so. The entry is valid until the
 * next; the string, until the entry is not.
 */
json_t *unit_scene_await_line(const char *unit, const char *beginning);
const char *unit_scene_field(const json_t *entry, const char *name);

/* All that its process wrote, an array of entries that is the caller's to release. */
json_t *unit_scene_journal(const char *unit);

#endif
