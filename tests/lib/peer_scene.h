/*
 * The program polls a peer: what a test says that each answer comes to.
 *
 *     static const struct peer_answer answers[] = {
 *         {.url = "http://127.0.0.1:@PORT@/a", .delay_ms = 20},
 *         {.url = "http://127.0.0.1:@PORT@/b", .error = "status", .status = 404},
 *     };
 *     peer_check_answers(nginx, answers, 2);
 */
#ifndef TESTS_LIB_PEER_SCENE_H
#define TESTS_LIB_PEER_SCENE_H

#include "peer.h"
#include "scene.h"

struct peer_answer {
    const char *url;      /* as the text of peer_write() */
    const char *settings; /* lines of configuration; NULL: none */
    const char *error;    /* the reason; NULL: the poll is good */
    const char *detail;   /* is a part of the sentence; NULL: any */
    int status;           /* 0: 200 where the poll is good, and else that none was read */
    int delay_ms;         /* 0: any */
    int redirects;        /* that were followed */
    bool fresh;           /* no poll is on the connection of the one before */
};

/*
 * Starts the program with this configuration, which is like the text of
 * peer_write(), and with --count where that is not 0.
 */
void peer_poll(struct peer *peer, unsigned count, const char *config);

/* The same, and that each of these, polled twice, gives what it says, both times. */
void peer_check_answers(struct peer *peer, const struct peer_answer *answers, size_t count);

/* With these lines in [defaults] as well. */
void peer_check_answers_with(struct peer *peer, const char *defaults,
                             const struct peer_answer *answers, size_t count);

/* That the first polls of the server are good, with that delay; waits until they are told. */
void peer_await_good(const char *server, size_t count, int delay_ms);

bool peer_was_reused(const json_t *poll);

/* How many secure connections were opened, and how many of them resumed a session. */
struct peer_handshakes {
    size_t all;
    size_t resumed;
};
struct peer_handshakes peer_handshakes(void);

#endif
