/*
 * The scene of a test that polls `openssl s_server` with certificates of its
 * own: whether the program takes it for the server that it means.
 */
#ifndef TESTS_LIB_S_SERVER_SCENE_H
#define TESTS_LIB_S_SERVER_SCENE_H

#include "certificates.h"
#include "s_server.h"
#include "scene.h"

extern struct s_server *server; /* NULL: none */

/* Like scene_case(). */
TCase *s_server_case(Suite *suite, const char *name);

/* A certification authority, ca.pem, that the program takes for the system's. */
void make_authority(void);

/* leaf.pem, of that authority. */
void make_leaf(const char *sans);

/* Serves /a: a good answer with a delay of 20 ms. */
void start_server(const char *options);

/* The text with the rig's directory for each $. Valid until the next call. */
const char *with_directory(const char *text);

/*
 * Two polls of /a there, with these settings in [defaults], have to be good, or
 * to fail with `tls` and these words in the detail.
 */
void expect_good(const char *settings, const char *host);
void expect_failure(const char *settings, const char *host, const char *words);

#endif
