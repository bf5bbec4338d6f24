/* The framing of a body in chunks, byte by byte, exactly as RFC 9112 section 7.1
 * writes it, without the blanks that a sender must not put there. Pure.
 *
 * llhttp is not asked for this: 8.1 as distributions build it takes any two
 * bytes behind a chunk for its CRLF and refuses some right extensions; each
 * version takes other wrong ones. */
#ifndef AIOPOLL_HTTP_CHUNKS_H
#define AIOPOLL_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_chunks {
    uint8_t state;       /* enum state of http_chunks.c */
    bool ended;          /* the line of the last chunk has been read */
    const char *refused; /* a sentence on the first wrong byte, else NULL */
    uint64_t size;       /* content of this chunk that is still to come */
    size_t framing;      /* bytes of framing so far */
};

/* Reads framing up to the next content or the end, at most `length` bytes, and
 * returns how many were right: then `size` bytes are content, or `ended` or
 * `refused` is set, or there were no more. The struct starts as all zero. */
size_t http_chunks_read(struct http_chunks *chunks, const char *bytes, size_t length);

/* Whether content is to come next. */
bool http_chunks_at_content(const struct http_chunks *chunks);

/* Takes note of `length` bytes of content, at most `size`. */
void http_chunks_skip(struct http_chunks *chunks, size_t length);

#endif
