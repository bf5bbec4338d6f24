/*
 * A listener with pages that are made up, and its clients: plain sockets in the same thread, which
 * let the loop run while they wait. What is waited for has a limit, after which the test fails.
 *
 *   /           "hello\n", with the ETag "v1"
 *   /empty      nothing, of known length
 *   /large      LARGE bytes of known length
 *   /three      "one\n", an empty piece, "two\n", "three\n", of unknown length
 *   /big        BIG bytes in pieces
 *   /endless    pieces without an end
 *   /heavy      the same, and each takes longer to make than a turn of the loop may
 *   /broken     a piece, and one for which memory is short
 *   /unwell     the same as /three, with the status 503
 *   /echo...    path, a blank, and query or "-"
 *
 * Bytes of /large, /big and the like are listener_scene_byte() of their place.
 */
#ifndef TESTS_LIB_LISTENER_SCENE_H
#define TESTS_LIB_LISTENER_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "report/listener.h"

enum { LARGE = 1 << 20, BIG = (4 << 20) + 5 };

struct listener_scene {
    uv_loop_t loop;
    struct wakeups wakeups;
    struct listener *listener;
    char address[LISTEN_ADDRESS_SIZE];
    unsigned open;   /* pages that have not been freed */
    unsigned pieces; /* made so far */
    unsigned found;  /* requests that a page was looked for */
};

/* Wake-ups come this many times sooner than they are set for. */
extern int listener_scene_haste;

void listener_scene_start(struct listener_scene *scene, const char *address);

/* Closes the listener where that was not done, and finds out what is left behind. */
void listener_scene_stop(struct listener_scene *scene);

/* Lets the loop run for one turn; it does not wait for more than a millisecond. */
void listener_scene_turn(struct listener_scene *scene);

/* Until that is true. */
void listener_scene_wait(struct listener_scene *scene, bool (*predicate)(void *arg), void *arg);

char listener_scene_byte(size_t place);

struct listener_client {
    struct listener_scene *scene;
    int fd;
    struct bytes received;
    bool ended; /* the listener has closed; or it has reset the connection: */
    bool reset;
};

/* Connects; the listener may not have accepted yet. */
struct listener_client *listener_client_new(struct listener_scene *scene);
void listener_client_free(struct listener_client *client);

/* Sends as much as is taken, up to all of it, while the loop runs. Returns how much that was: less
 * where the listener has closed. */
size_t listener_client_send(struct listener_client *client, const char *bytes, size_t length);
void listener_client_say(struct listener_client *client, const char *text);

/* Reads what is there, without waiting. */
void listener_client_read(struct listener_client *client);

/* Reads until that text has come. */
void listener_client_await(struct listener_client *client, const char *text);

/* Reads until the connection ends. */
void listener_client_await_end(struct listener_client *client);

/* On a connection of its own: sends, reads to the end, and returns all that came, to be freed. */
char *listener_scene_ask(struct listener_scene *scene, const char *text);

#endif
