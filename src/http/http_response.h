/* The bytes of one response in, the final response out (RFC 9112). Pure.
 *
 * Interim (1xx) responses are read and passed over. Nothing is trusted: every
 * size is bounded, and what RFC 9112 does not allow is a failure. The result is
 * the same however the bytes are cut, and with every llhttp from 8.1 to 9.x. */
#ifndef AIOPOLL_HTTP_RESPONSE_H
#define AIOPOLL_HTTP_RESPONSE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/failure.h"
#include "http/http_chunks.h"
#include "http/http_lines.h"

enum {
    HTTP_INTERIM_MAX = 8, /* 1xx responses before the final one */
};

struct http_response {
    bool complete;   /* the fields up to retry_after are final */
    int status;      /* 0 until the status line of a final response was read */
    bool keep_alive; /* the connection may be used again (RFC 9112 section 9.3) */
    char *body;      /* NULL where it is empty; freed by http_response_finish() */
    size_t body_length;
    int64_t retry_after;    /* Retry-After in ns, where it is a number of seconds; else -1 */
    bool started;           /* a byte has come */
    struct failure failure; /* reason FAILURE_NONE while all is well */

    /* Private. */
    llhttp_t parser;
    struct http_lines lines;
    struct http_chunks chunks;
    bool in_lines;    /* in a header or trailer section, else in the body */
    bool chunked;     /* the body is in chunks, and trailers follow it */
    bool until_close; /* the body ends with the connection */
    bool coded;       /* Transfer-Encoding was seen */
    uint8_t interim;  /* responses passed over */
    size_t body_capacity, body_max;
    char name[24], value[24]; /* of the field being read, cut: only short ones matter */
    uint8_t name_length, value_length;
    char detail[128]; /* what failure.detail points to */
};

/* `body_max`: a longer body is FAILURE_TOO_LARGE. */
void http_response_init(struct http_response *response, size_t body_max);

/* Takes the next bytes and returns how many belong to the response; what is left
 * over is none of it. Call it until `complete` or a failure is set. */
size_t http_response_feed(struct http_response *response, const char *bytes, size_t length);

/* The peer has closed: completes a body that ends so, else FAILURE_CLOSED. */
void http_response_end(struct http_response *response);

void http_response_finish(struct http_response *response);

#endif
