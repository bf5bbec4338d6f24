/*
 * What the tests of the log file share: the log of the scene where it stands in files of the
 * scratch directory, as JSON.
 */
#ifndef TESTS_LIB_LOG_SCENE_H
#define TESTS_LIB_LOG_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "scene.h"

/*
 * Reads these files, up to a NULL, one after the other: what the functions below know. What was
 * read before is forgotten, with the json_t in it. A file that is not there is empty.
 */
void log_scene_read(const char *name, ...) __attribute__((sentinel));
void log_scene_read_all(const char *const *names, size_t count);

/* As rig_count_events() and rig_event(). */
size_t log_scene_count(const char *event, const char *server);
json_t *log_scene_event(const char *event, size_t index);

/* Fails where a line is torn, or there twice, or out of order. */
void log_scene_check_whole(void);

/*
 * The same, and where it is not the log of a whole life with each poll: one that is not told may
 * be one of those that were dropped (at info, where a poll is one line), or of `canceled`.
 */
void log_scene_check_complete(size_t canceled);

/* Until that many of the events are in the file. */
void log_scene_await(const char *name, const char *event, size_t count);

/* Of the newest event "log-file" the level and a part of the detail. */
void log_scene_check_told(const char *level, const char *text);

#endif
