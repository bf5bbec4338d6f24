/*
 * Requests in the order of their arrival, over several mock servers; and the
 * queries that send a client from one to the next.
 */
#ifndef TESTS_LIB_TRAIL_H
#define TESTS_LIB_TRAIL_H

#include <stdbool.h>

#include "mock_server.h"

/* Forgets all; to be called before the first trail_watch() of a test. */
void trail_begin(void);

/* From now on requests of this mock are part of the trail. */
void trail_watch(struct mock_server *server);

size_t trail_count(void);

/* Request number index, from 0; the test fails where there is none. */
const struct mock_request *trail_at(size_t index);

/* Its method and target, as "GET /a?b"; valid until the next call. */
const char *trail_line(size_t index);

/* Fails the test unless that is its method and target. */
void trail_check_line(size_t index, const char *line);

/* Whether it has the whole field line "Name: value", in just that case. */
bool trail_has(size_t index, const char *field);

/* Whether it has a field of that name, in any case. */
bool trail_has_name(size_t index, const char *name);

/*
 * Text for a query of the mock server in a configuration: everything that
 * would mean something there is percent-encoded, but for '@', which is the mock of
 * the scene. The second is a whole query, of an answer that redirects there. Valid
 * until the test ends; both can be nested.
 */
const char *trail_encode(const char *text);
const char *trail_to(int status, const char *location);

/* Any text, valid as long. */
const char *trail_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
