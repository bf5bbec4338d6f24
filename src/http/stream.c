#include "http/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/container_of.h"

static struct stream *stream_of(void *handle)
{
    return container_of(handle, struct stream, uv);
}

/* --- bytes ------------------------------------------------------------------- */

static void give_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    *buffer = uv_buf_init(stream_of(handle)->read_buffer, STREAM_READ_SIZE);
}

/* libuv says UV_EOF without looking where a reset follows close behind data: such an
 * end must not complete a body that ends with the connection. */
static int true_end(const struct stream *stream)
{
    uv_os_fd_t fd;
    char byte;
    if (uv_fileno(&stream->uv.handle, &fd) == 0 &&
        recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno != EAGAIN)
        return uv_translate_sys_error(errno);
    return UV_EOF;
}

static void on_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *buffer)
{
    struct stream *stream = stream_of(handle);
    if (length == UV_EOF)
        length = true_end(stream);
    if (length > 0)
        stream->callbacks->received(stream, buffer->base, (size_t)length);
    else if (length < 0)
        stream->callbacks->ended(stream, (int)length);
}

int stream_adopt(struct stream *stream, const struct stream_callbacks *callbacks, void *owner)
{
    stream->callbacks = callbacks;
    stream->owner = owner;
    return uv_read_start(&stream->uv.stream, give_read_buffer, on_read);
}

/* The part of what is written that did not fit in the socket's buffer. */
struct rest {
    uv_write_t request;
    char bytes[];
};

static void on_written(uv_write_t *request, int status)
{
    struct stream *stream = stream_of(request->handle);
    free(container_of(request, struct rest, request));
    if (status < 0 && stream->owner != NULL)
        stream->callbacks->ended(stream, status);
}

static int write_rest(struct stream *stream, const char *bytes, size_t length)
{
    struct rest *rest = malloc(sizeof *rest + length);
    if (rest == NULL)
        return UV_ENOMEM;
    memcpy(rest->bytes, bytes, length);
    uv_buf_t buffer = uv_buf_init(rest->bytes, (unsigned)length);
    int error = uv_write(&rest->request, &stream->uv.stream, &buffer, 1, on_written);
    if (error != 0)
        free(rest);
    return error;
}

int stream_write(struct stream *stream, const char *bytes, size_t length)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
    int written = uv_try_write(&stream->uv.stream, &buffer, 1);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0)
        return written;
    if ((size_t)written == length)
        return 0;
    return write_rest(stream, bytes + written, length - (size_t)written);
}

enum stream_peeked stream_peek(const struct stream *stream)
{
    uv_os_fd_t fd;
    char byte;
    if (uv_fileno(&stream->uv.handle, &fd) != 0)
        return STREAM_HAS_ENDED;
    ssize_t length = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (length > 0)
        return STREAM_HAS_BYTES;
    return length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? STREAM_IS_QUIET
                                                                   : STREAM_HAS_ENDED;
}

size_t stream_take(struct stream *stream, char *out, size_t size)
{
    uv_os_fd_t fd;
    if (uv_fileno(&stream->uv.handle, &fd) != 0)
        return 0;
    ssize_t length = recv(fd, out, size, MSG_DONTWAIT);
    return length > 0 ? (size_t)length : 0;
}

/* --- beginning and end ---------------------------------------------------------- */

static void free_stream(uv_handle_t *handle)
{
    free(stream_of(handle));
}

void stream_close(struct stream *stream)
{
    stream->owner = NULL;
    uv_close(&stream->uv.handle, free_stream);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct stream *stream = stream_of(request->handle);
    free(request);
    if (stream->owner == NULL)
        return; /* closed meanwhile */
    if (status == 0 && stream->uv.handle.type == UV_TCP)
        uv_tcp_nodelay(&stream->uv.tcp, 1);
    stream->callbacks->connected(stream, status);
}

/* Where the second allocation fails there is none of both. */
static int make(struct stream **out, uv_connect_t **request, char *read_buffer,
                const struct stream_callbacks *callbacks, void *owner)
{
    struct stream *stream = calloc(1, sizeof *stream);
    *request = malloc(sizeof **request);
    if (stream == NULL || *request == NULL) {
        free(stream);
        free(*request);
        return UV_ENOMEM;
    }
    stream->callbacks = callbacks;
    stream->owner = owner;
    stream->read_buffer = read_buffer;
    *out = stream;
    return 0;
}

int stream_connect(struct stream **out, uv_loop_t *loop, const union address *address,
                   char *read_buffer, const struct stream_callbacks *callbacks, void *owner)
{
    uv_connect_t *request;
    int error = make(out, &request, read_buffer, callbacks, owner);
    if (error != 0)
        return error;
    uv_tcp_init(loop, &(*out)->uv.tcp); /* makes no socket yet, and cannot fail */
    error = uv_tcp_connect(request, &(*out)->uv.tcp, &address->any, on_connected);
    if (error != 0) {
        free(request);
        stream_close(*out);
    }
    return error;
}

int stream_connect_unix(struct stream **out, uv_loop_t *loop, const char *path, char *read_buffer,
                        const struct stream_callbacks *callbacks, void *owner)
{
    uv_connect_t *request;
    int error = make(out, &request, read_buffer, callbacks, owner);
    if (error != 0)
        return error;
    uv_pipe_init(loop, &(*out)->uv.pipe, 0);
    uv_pipe_connect(request, &(*out)->uv.pipe, path, on_connected);
    return 0;
}
