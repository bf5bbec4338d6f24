/*
 * A scene with a raw client instead of the program: for tests of the mock
 * server itself. The client connects when something is sent.
 */
#ifndef TESTS_LIB_RAW_SCENE_H
#define TESTS_LIB_RAW_SCENE_H

#include "raw_client.h"
#include "scene.h"

extern struct raw_client *client; /* NULL: none */

/* Like scene_case(). */
TCase *raw_scene_case(Suite *suite, const char *name);

void raw_disconnect(void);

/* Sends the text on a new connection. */
void raw_send_anew(const char *text);

/* Sends a GET on the connection, or on a new one where there is none. */
void raw_send_get(const char *path);

/* The same, and waits until the answer contains the text. What came before is forgotten. */
void raw_get(const char *path, char *wanted);

/* The same on a new connection, until it has come to this end. */
void raw_get_until_end(const char *path, int end);

/* As a predicate to wait for; arg is the text. */
bool raw_has_received(void *text);

#endif
