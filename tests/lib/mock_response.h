/*
 * The bytes that answer one request, made from its behaviour. Pure: no loop,
 * no sockets.
 */
#ifndef TESTS_LIB_MOCK_RESPONSE_H
#define TESTS_LIB_MOCK_RESPONSE_H

#include <stdint.h>

#include "mock_behaviour.h"

enum mock_ending {
    MOCK_KEEP, /* the connection stays open */
    MOCK_CLOSE,
    MOCK_RESET,
};

struct mock_response {
    struct bytes bytes;           /* sent once */
    size_t answer_length;         /* how many of them are the response; `extra` is the rest */
    struct bytes endless;         /* then sent again and again, until total */
    size_t total;                 /* bytes to send in all */
    int status;                   /* 0 where the response is not a generated one */
    int64_t promised_ns;          /* -1 where it promises no delay */
    enum mock_ending ending;      /* what happens when all is sent */
    enum mock_ending idle_ending; /* what happens idle_ms later */
};

/* What must be known of a request to answer it. */
struct mock_question {
    size_t index;    /* how many of its target came before */
    bool head;       /* the method is HEAD */
    bool keep_alive; /* the client lets the connection persist */
};

/* mock_response_finish() frees what these allocate. */
void mock_response_init(struct mock_response *response, const struct mock_behaviour *behaviour,
                        const struct mock_question *question);
void mock_response_init_refusal(struct mock_response *response, const char *complaint);
void mock_response_finish(struct mock_response *response);

/*
 * A plain number of seconds ([0-9]+ or [0-9]+.[0-9]+) in nanoseconds: cut, not
 * rounded, and at most a hundred years; -1 where it is anything else.
 */
int64_t mock_promise_ns(const struct bytes *text);

#endif
