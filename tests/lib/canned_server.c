#include "canned_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "must.h"

enum { ANSWERS_MAX = 8, DRIP_MS = 20 };

struct answer {
    char *path;
    const char *bytes;
    size_t length;
    struct bytes own; /* what `bytes` are, where they are not borrowed */
    enum canned_end end;
};

union stream {
    uv_handle_t handle;
    uv_stream_t any;
    uv_tcp_t tcp;
    uv_pipe_t local;
};

struct visit {
    union stream stream;
    uv_timer_t drip;
    uv_write_t write;
    struct canned_server *server;
    struct bytes request;
    const struct answer *answer;
    size_t dripped;
    int handles; /* not yet closed */
    struct visit *next;
};

struct canned_server {
    union stream listener;
    uv_loop_t *loop;
    bool on_unix, closed;
    char address[200];
    struct answer answers[ANSWERS_MAX];
    size_t answer_count, requests;
    struct bytes last;
    struct visit *visits; /* open or not, until the end */
    int open;
};

static void check(int error)
{
    if (error != 0) {
        fprintf(stderr, "canned server: %s\n", uv_strerror(error));
        abort();
    }
}

/* --- one connection -------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct visit *visit = handle->data;
    if (--visit->handles == 0)
        visit->server->open--;
}

static void end_visit(struct visit *visit)
{
    if (uv_is_closing(&visit->stream.handle))
        return;
    uv_close(&visit->stream.handle, on_closed);
    uv_close((uv_handle_t *)&visit->drip, on_closed);
}

static void on_written(uv_write_t *write, int status)
{
    struct visit *visit = write->data;
    if (status != 0 || visit->answer->end == CANNED_CLOSE)
        end_visit(visit);
}

static void on_drip(uv_timer_t *timer)
{
    struct visit *visit = timer->data;
    const struct answer *answer = visit->answer;
    if (visit->dripped == answer->length)
        return;
    uv_buf_t buffer = uv_buf_init((char *)answer->bytes + visit->dripped++, 1);
    if (uv_try_write(&visit->stream.any, &buffer, 1) < 0)
        end_visit(visit);
}

static const struct answer *find_answer(const struct canned_server *server, const char *request)
{
    for (size_t i = 0; i < server->answer_count; i++) {
        size_t length = strlen(server->answers[i].path);
        if (strncmp(request, "GET ", 4) == 0 &&
            strncmp(request + 4, server->answers[i].path, length) == 0 &&
            request[4 + length] == ' ')
            return &server->answers[i];
    }
    return NULL;
}

/* Where no answer is prepared there is silence. */
static void answer_request(struct visit *visit)
{
    struct canned_server *server = visit->server;
    server->requests++;
    bytes_truncate(&server->last, 0);
    bytes_append(&server->last, visit->request.data, visit->request.length);
    visit->answer = find_answer(server, visit->request.data);
    if (visit->answer == NULL)
        return;
    if (visit->answer->end == CANNED_DRIP) {
        uv_timer_start(&visit->drip, on_drip, 0, DRIP_MS);
        return;
    }
    uv_buf_t buffer = uv_buf_init((char *)visit->answer->bytes, (unsigned)visit->answer->length);
    check(uv_write(&visit->write, &visit->stream.any, &buffer, 1, on_written));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char bytes[4096];
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct visit *visit = stream->data;
    bool asked = visit->request.data != NULL && strstr(visit->request.data, "\r\n\r\n") != NULL;
    if (n < 0) {
        end_visit(visit);
        return;
    }
    bytes_append(&visit->request, buffer->base, (size_t)n);
    if (!asked && strstr(visit->request.data, "\r\n\r\n") != NULL)
        answer_request(visit);
}

static void init_stream(struct canned_server *server, union stream *stream)
{
    if (server->on_unix)
        check(uv_pipe_init(server->loop, &stream->local, 0));
    else
        check(uv_tcp_init(server->loop, &stream->tcp));
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct canned_server *server = listener->data;
    struct visit *visit = must_calloc(1, sizeof *visit);
    check(status);
    init_stream(server, &visit->stream);
    check(uv_timer_init(server->loop, &visit->drip));
    visit->stream.handle.data = visit->drip.data = visit->write.data = visit;
    visit->server = server;
    visit->handles = 2;
    visit->next = server->visits;
    server->visits = visit;
    server->open++;
    check(uv_accept(listener, &visit->stream.any));
    check(uv_read_start(&visit->stream.any, on_alloc, on_read));
}

/* --- the server ------------------------------------------------------------------------------ */

static void bind_ip(struct canned_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length = sizeof address;
    check(uv_tcp_bind(&server->listener.tcp, (struct sockaddr *)&address, 0));
    check(uv_tcp_getsockname(&server->listener.tcp, (struct sockaddr *)&address, &length));
    snprintf(server->address, sizeof server->address, "127.0.0.1:%u", ntohs(address.sin_port));
}

struct canned_server *canned_server_new(uv_loop_t *loop, const char *path)
{
    struct canned_server *server = must_calloc(1, sizeof *server);
    server->loop = loop;
    server->on_unix = path != NULL;
    init_stream(server, &server->listener);
    server->listener.handle.data = server;
    if (path != NULL) {
        check(uv_pipe_bind(&server->listener.local, path));
        snprintf(server->address, sizeof server->address, "unix:%s", path);
    } else {
        bind_ip(server);
    }
    check(uv_listen(&server->listener.any, 16, on_connection));
    return server;
}

static void on_listener_closed(uv_handle_t *handle)
{
    ((struct canned_server *)handle->data)->closed = true;
}

void canned_server_free(struct canned_server *server)
{
    uv_close(&server->listener.handle, on_listener_closed);
    for (struct visit *visit = server->visits; visit != NULL; visit = visit->next)
        end_visit(visit);
    while (!server->closed || server->open > 0)
        uv_run(server->loop, UV_RUN_ONCE);
    for (struct visit *visit = server->visits, *next; visit != NULL; visit = next) {
        next = visit->next;
        bytes_finish(&visit->request);
        free(visit);
    }
    for (size_t i = 0; i < server->answer_count; i++) {
        free(server->answers[i].path);
        bytes_finish(&server->answers[i].own);
    }
    bytes_finish(&server->last);
    free(server);
}

const char *canned_server_address(const struct canned_server *server)
{
    return server->address;
}

static struct answer *answer_for(struct canned_server *server, const char *path)
{
    struct answer *answer = server->answers;
    while (answer < server->answers + server->answer_count && strcmp(answer->path, path) != 0)
        answer++;
    if (answer < server->answers + server->answer_count) {
        bytes_truncate(&answer->own, 0);
        return answer;
    }
    if (server->answer_count++ == ANSWERS_MAX)
        abort();
    answer->path = must_strdup(path);
    return answer;
}

void canned_server_set(struct canned_server *server, const char *path, const char *bytes,
                       size_t length, enum canned_end end)
{
    struct answer *answer = answer_for(server, path);
    answer->bytes = bytes;
    answer->length = length;
    answer->end = end;
}

void canned_server_respond(struct canned_server *server, const char *path, int status,
                           const char *body)
{
    struct answer *answer = answer_for(server, path);
    bytes_print(&answer->own,
                "HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\n"
                "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                status, strlen(body), body);
    answer->bytes = answer->own.data;
    answer->length = answer->own.length;
    answer->end = CANNED_CLOSE;
}

size_t canned_server_requests(const struct canned_server *server)
{
    return server->requests;
}

const char *canned_server_last(const struct canned_server *server)
{
    return bytes_text(&server->last);
}

bool canned_server_was_asked(void *server)
{
    return canned_server_requests(server) > 0;
}
