/*
 * A scene in which the program polls the mock server through a TLS relay, which
 * it trusts, and maybe a wire in front of that.
 */
#ifndef TESTS_LIB_TLS_SCENE_H
#define TESTS_LIB_TLS_SCENE_H

#include "certificates.h"
#include "cutting_relay.h"
#include "scene.h"
#include "tls_relay.h"

extern struct tls_relay *tls;
extern struct cutting_relay *wire; /* NULL: none */

/* Like scene_case(). */
TCase *tls_scene_case(Suite *suite, const char *name);

/* Before a start. Where the setup has no certificate, it is one for 127.0.0.1. */
void tls_scene_relay(const struct tls_relay_setup *setup);
void tls_scene_wire(const struct cutting_relay_setup *setup);

/*
 * Starts the program with these [defaults], and this path and query of the mock
 * server as server "a"; the retries after 10 ms. With --count where that is not 0.
 */
void tls_scene_start(unsigned count, const char *defaults, const char *path);

/* Poll number index of "a" is a failure of that kind, with these words in the detail. */
void tls_scene_check_failure(size_t index, const char *error, const char *words);

/* Or a good one, with a delay of 20 ms. */
void tls_scene_check_good(size_t index);

#endif
