/*
 * A server program of the system, such as nginx, that runs as a child on the
 * rig's loop, with ports that the kernel chose and files in the rig's directory.
 *
 *     struct peer *nginx = peer_new(rig);
 *     peer_write(nginx, "nginx.conf", "... listen 127.0.0.1:@PORT@; ...");
 *     peer_start(nginx, "nginx", "-c", "@DIR@/nginx.conf", NULL);
 *     scene_start("[servers]\na = http://127.0.0.1:%d/\n", peer_port(nginx, 1));
 *
 * It is to stay in the foreground and in the process group of the test: Check
 * kills that whole group when a test is over, however it went, and so what the
 * server forked as well. What it wrote is shown when a rig_wait fails.
 */
#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

#include <stdbool.h>

#include "check_main.h"
#include "rig.h"

enum { PEER_PORTS = 8 };

struct peer;

/* Whether the program is in PATH or one of the system's directories; says on stderr if not. */
bool peer_is_installed(const char *file, const char *debian_package);

/* The main() of tests that need that program; meson takes 77 for skipped. */
#define PEER_MAIN(suite, file, debian_package)                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        return peer_is_installed(file, debian_package) ? check_main(suite) : 77;                   \
    }

/* Freed by rig_free(), or before. One that runs is stopped, as by peer_stop(). */
struct peer *peer_new(struct rig *rig);
void peer_free(struct peer *peer);

/*
 * Port number 1 to PEER_PORTS, chosen when it is first spoken of, and kept from
 * everybody else until the peer is freed.
 */
int peer_port(struct peer *peer, unsigned number);

/*
 * Writes a file in the rig's directory and returns its path. In the text @DIR@
 * becomes that directory, @PORT@ or @PORT1@ port number 1, @PORT2@ number 2, ...
 */
const char *peer_write(struct peer *peer, const char *name, const char *text);

/*
 * Starts the program, whose arguments are up to a NULL and like the text of
 * peer_write(), and waits until something listens at each of its ports. It may
 * be called again once the peer has been stopped. Its output goes on.
 */
void peer_start(struct peer *peer, const char *file, ...) __attribute__((sentinel));

/* The same in parts: for one that has no port, a socket's path perhaps, or is to fail. */
void peer_launch(struct peer *peer, const char *file, ...) __attribute__((sentinel));
void peer_await_listening(struct peer *peer);

/* SIGTERM, and it must be gone in time, with whatever status. */
void peer_stop(struct peer *peer);

bool peer_is_running(const struct peer *peer);
void peer_signal(struct peer *peer, int number);

/* All that it wrote to standard output, and then to standard error, since it was last started. */
const char *peer_output(struct peer *peer);

/* Until that has the text so many times. */
void peer_await_output(struct peer *peer, const char *text, unsigned times);

/* For the rig: to standard error, what all of them wrote; and the end of all. */
void peers_dump(const struct peer *first);
void peers_free(struct peer **first);

#endif
