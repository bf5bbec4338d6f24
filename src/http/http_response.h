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
#include "http/http_field.h"
#include "http/http_lines.h"

enum {
    HTTP_INTERIM_MAX = 8,           /* 1xx responses before the final one */
    HTTP_OTHER_BODY_MAX = 64 << 10, /* the body of a status that is not 2xx, at least */
};

/* What the request makes of the response. */
struct http_expected {
    size_t body_max;           /* a longer body is FAILURE_TOO_LARGE; see HTTP_OTHER_BODY_MAX */
    bool head;                 /* the request was HEAD: no body follows (RFC 9112 section 6.3) */
    const char *const *fields; /* the names of those whose values are wanted; borrowed */
    size_t field_count;        /* at most HTTP_WANTED_MAX */
};

struct http_response {
    bool complete;   /* the members up to `fields` are final */
    int status;      /* 0 until the status line of a final response was read */
    bool keep_alive; /* the connection may be used again (RFC 9112 section 9.3) */
    char *body;      /* NULL where it is empty; freed by http_response_finish() */
    size_t body_length;
    struct http_field date, retry_after; /* where they are repeated, the last */
    /* Location of a 301, 302, 303, 307 or 308, at most URL_MAX bytes; NULL where there
     * is none. Freed by http_response_finish(). */
    char *location;
    char content_coding[32]; /* beginning of a Content-Encoding but "identity", or "" */
    struct http_field fields[HTTP_WANTED_MAX]; /* those that are wanted, in that order */
    bool started;                              /* a byte has come */
    struct failure failure;                    /* reason FAILURE_NONE while all is well */

    /* Private. */
    llhttp_t parser;
    struct http_lines lines;
    struct http_chunks chunks;
    bool in_lines;    /* in a header or trailer section, else in the body */
    bool chunked;     /* the body is in chunks, and trailers follow it */
    bool until_close; /* the body ends with the connection */
    bool coded;       /* Transfer-Encoding was seen */
    uint8_t interim;  /* responses passed over */
    size_t body_capacity;
    struct http_expected expected;
    struct http_field_line line; /* that is being read */
    bool in_location;            /* the value belongs to `location` */
    char detail[128];            /* what failure.detail points to */
};

/* Of these statuses the Location is read (RFC 9110 section 15.4). */
static inline bool http_is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

void http_response_init(struct http_response *response, const struct http_expected *expected);

/* Takes the next bytes and returns how many belong to the response; what is left
 * over is none of it. Call it until `complete` or a failure is set. */
size_t http_response_feed(struct http_response *response, const char *bytes, size_t length);

/* The peer has closed: completes a body that ends so, else FAILURE_CLOSED. */
void http_response_end(struct http_response *response);

void http_response_finish(struct http_response *response);

#endif
