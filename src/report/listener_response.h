/* A response's bytes but for those of its page (RFC 9110, RFC 9112). Pure. */
#ifndef AIOPOLL_LISTENER_RESPONSE_H
#define AIOPOLL_LISTENER_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* How the body's end is told. */
enum listener_framing {
    LISTENER_LENGTH,  /* Content-Length */
    LISTENER_CHUNKS,  /* Transfer-Encoding: chunked */
    LISTENER_CLOSING, /* the connection ends with it */
};

struct listener_response {
    int status;
    const char *type; /* Content-Type; NULL: there is none, nor a body, as with 304 */
    const char *etag; /* in its quotes; NULL: it must not be stored */
    enum listener_framing framing;
    size_t length; /* with LISTENER_LENGTH */
    bool close;    /* it is the last one of its connection */
    bool is_1_0;   /* for a client with HTTP/1.0 */
};

/* Appends the status line and the header section. `wall`: ns since 1970. */
void listener_response_head(struct buffer *out, const struct listener_response *response,
                            int64_t wall);

/* A chunk is what is appended between these two; it is not empty. */
size_t listener_chunk_begin(struct buffer *out);
void listener_chunk_end(struct buffer *out, size_t begun);
void listener_chunk_last(struct buffer *out);

/* Whether If-None-Match, which has the value `list`, names `etag` (RFC 9110 section 13.1.2). */
bool listener_etag_matches(const char *list, const char *etag);

#endif
