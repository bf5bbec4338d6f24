/* One socket, TCP or Unix: connect, bytes both ways, the end. */
#ifndef AIOPOLL_STREAM_H
#define AIOPOLL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "http/address.h"

enum { STREAM_READ_SIZE = 64 << 10 };

struct stream;

/* All come from the loop, never from within a call of the owner. */
struct stream_callbacks {
    /* `status` is 0 or libuv's error code. */
    void (*connected)(struct stream *stream, int status);
    /* Bytes, valid during the call. */
    void (*received)(struct stream *stream, const char *bytes, size_t length);
    /* UV_EOF: an orderly end by the peer; else libuv's error code. */
    void (*ended)(struct stream *stream, int error);
};

/* On the heap, as libuv's handle outlives its closing. */
struct stream {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    const struct stream_callbacks *callbacks;
    void *owner; /* NULL from stream_close() on, which tells a loop over bytes to stop */
    char *read_buffer;
};

/* Begins to connect. `read_buffer` has STREAM_READ_SIZE bytes and is borrowed; it can be
 * shared by all streams of a loop. Returns 0 and *out, or libuv's error code. */
int stream_connect(struct stream **out, uv_loop_t *loop, const union address *address,
                   char *read_buffer, const struct stream_callbacks *callbacks, void *owner);

/* The same to a Unix socket, whose path has to fit in a sockaddr_un. */
int stream_connect_unix(struct stream **out, uv_loop_t *loop, const char *path, char *read_buffer,
                        const struct stream_callbacks *callbacks, void *owner);

/* A connected one has a new owner, and begins to read. Returns 0 or libuv's error code. */
int stream_adopt(struct stream *stream, const struct stream_callbacks *callbacks, void *owner);

/* `bytes` are copied where they cannot leave at once. Returns 0 or libuv's error code:
 * the owner then closes. A later failure is an end. */
int stream_write(struct stream *stream, const char *bytes, size_t length);

enum stream_peeked { STREAM_IS_QUIET, STREAM_HAS_BYTES, STREAM_HAS_ENDED };

/* What has come that was not read: the loop may not have told yet. */
enum stream_peeked stream_peek(const struct stream *stream);

/* Reads at once what the loop has not told yet. Returns how much, 0 where there is none or an
 * end. */
size_t stream_take(struct stream *stream, char *out, size_t size);

/* Whatever it was doing: no callback comes any more, and the memory is freed later. */
void stream_close(struct stream *stream);

#endif
