/*
 * `openssl s_server`, as a peer (see peer.h). It serves the files of the
 * rig's directory, each of which is a whole response; one connection at a time,
 * with one response each.
 *
 *     rig_write(rig, "a", "HTTP/1.0 200 OK\r\n\r\n0.05");
 *     struct s_server *server = s_server_new(rig, "-cert leaf.pem -tls1_2");
 *     scene_start("[servers]\na = https://127.0.0.1:%d/a\n", s_server_port(server));
 */
#ifndef TESTS_LIB_S_SERVER_H
#define TESTS_LIB_S_SERVER_H

#include "rig.h"

struct s_server;

/*
 * Starts it with these options, words of a shell in the rig's directory, on a
 * port of the kernel's choice, and waits until it listens. Fails the test
 * where it does not.
 */
struct s_server *s_server_new(struct rig *rig, const char *options);
void s_server_free(struct s_server *server);

int s_server_port(const struct s_server *server);

#endif
