/*
 * Bytes from a client in, its requests out. Pure: no loop, no sockets.
 */
#ifndef TESTS_LIB_MOCK_PARSER_H
#define TESTS_LIB_MOCK_PARSER_H

#include <stdbool.h>
#include <stdint.h>

#include <llhttp.h>

#include "bytes.h"

struct mock_message {
    int64_t arrived_ns;
    struct bytes url;    /* the request target, as in the request line */
    struct bytes header; /* as received: request line to empty line */
    struct bytes body;
    bool head;
    bool keep_alive;
};

/* The message is the parser's; the receiver may take bytes out of it, leaving them zeroed. */
typedef void mock_message_cb(void *arg, struct mock_message *message);

struct mock_parser {
    llhttp_t llhttp;
    struct mock_message message; /* the one that is being received */
    bool in_header;
    bool complete;
    int64_t now_ns;
    mock_message_cb *cb;
    void *arg;
};

void mock_parser_init(struct mock_parser *parser, mock_message_cb *cb, void *arg);
void mock_parser_finish(struct mock_parser *parser);

/*
 * Takes what was read at now_ns, and calls back for each request that is now
 * complete. False: this is no HTTP/1 request; the parser must not be fed again.
 */
bool mock_parser_feed(struct mock_parser *parser, const char *data, size_t length, int64_t now_ns);

#endif
