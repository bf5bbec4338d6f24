#include "report/listener_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "report/listener_response.h"

/* --- waiting -------------------------------------------------------------------- */

static void drop_page(struct listener_connection *connection)
{
    struct page *page = connection->page;
    connection->page = NULL;
    if (page != NULL && page->free != NULL)
        page->free(page);
}

static void on_closed(uv_handle_t *handle)
{
    free(container_of((uv_poll_t *)handle, struct listener_connection, poll));
}

/* What is not written is not kept by the system either, and the reader learns that it is missing;
 * but where the address is a socket in the file system, only if chunks or a length say so. */
static void make_reset(const struct listener_connection *connection)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

void listener_connection_close(struct listener_connection *connection)
{
    struct listener_common *common = connection->common;
    if (connection->state == LISTENER_SENDING)
        make_reset(connection);
    wakeup_cancel(common->wakeups, &connection->limit);
    drop_page(connection);
    buffer_free(&connection->out);
    uv_close((uv_handle_t *)&connection->poll, on_closed);
    close(connection->fd);
    common->closed(connection);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct listener_connection *connection = container_of(poll, struct listener_connection, poll);
    (void)status; /* reading or writing will tell */
    (void)events;
    uv_poll_stop(poll);
    connection->common->ready(connection);
}

static void wait_for(struct listener_connection *connection, enum uv_poll_event event)
{
    uv_poll_start(&connection->poll, event, on_event);
}

static void on_limit(struct wakeup *wakeup)
{
    struct listener_connection *connection =
        container_of(wakeup, struct listener_connection, limit);
    if (connection->state == LISTENER_RECEIVING) {
        uv_poll_stop(&connection->poll);
        listener_request_refuse(&connection->request, 408, "it was not whole within 10 seconds");
        connection->common->ready(connection);
    } else {
        listener_connection_close(connection);
    }
}

static void set_limit(struct listener_connection *connection, int64_t span)
{
    wakeup_set(connection->common->wakeups, &connection->limit, clock_now() + span, on_limit);
}

static void enter(struct listener_connection *connection, enum listener_connection_state state)
{
    connection->state = state;
    connection->since = clock_now();
    wakeup_cancel(connection->common->wakeups, &connection->limit);
}

/* --- the end of a response ------------------------------------------------------- */

static void await_request(struct listener_connection *connection, int64_t limit)
{
    enter(connection, LISTENER_IDLE);
    listener_request_init(&connection->request, connection->common->any_host);
    set_limit(connection, limit);
    if (connection->input_start < connection->input_end)
        connection->common->ready(connection);
    else
        wait_for(connection, UV_READABLE);
}

/* To close while bytes have not been read would be a reset, which may overtake the response (RFC
 * 9112 section 9.6). */
static void linger(struct listener_connection *connection)
{
    enter(connection, LISTENER_LINGERING);
    set_limit(connection, LISTENER_LINGER);
    shutdown(connection->fd, SHUT_WR);
    wait_for(connection, UV_READABLE);
}

static void end_response(struct listener_connection *connection)
{
    buffer_free(&connection->out);
    connection->written = 0;
    if (connection->keep)
        await_request(connection, LISTENER_IDLE_LIMIT);
    else
        linger(connection);
}

/* --- sending --------------------------------------------------------------------- */

/* Returns whether more is left. */
static bool add_some_bytes(struct listener_connection *connection)
{
    const struct page *page = connection->page;
    size_t left = page->length - connection->taken;
    size_t length = left < PAGE_PIECE ? left : PAGE_PIECE;
    buffer_add(&connection->out, page->bytes + connection->taken, length);
    connection->taken += length;
    return length < left;
}

static bool add_content(struct listener_connection *connection)
{
    struct page *page = connection->page;
    if (page->bytes != NULL)
        return add_some_bytes(connection);
    return page->next(page, &connection->out);
}

static void add_piece(struct listener_connection *connection)
{
    struct buffer *out = &connection->out;
    size_t begun = connection->chunked ? listener_chunk_begin(out) : out->length;
    size_t before = out->length;
    bool more = add_content(connection);
    if (out->length == before)
        out->length = begun; /* an empty chunk would be the last one */
    else if (connection->chunked)
        listener_chunk_end(out, begun);
    if (more)
        return;
    if (connection->chunked)
        listener_chunk_last(out);
    drop_page(connection);
}

static void make_piece(struct listener_connection *connection)
{
    buffer_clear(&connection->out);
    connection->written = 0;
    connection->since = clock_now();
    add_piece(connection);
}

static bool is_all_written(const struct listener_connection *connection)
{
    return connection->written == connection->out.length;
}

/* Each time that it has taken something its limit begins anew. */
static void note_written(struct listener_connection *connection, size_t length)
{
    connection->written += length;
    if (length > 0)
        wakeup_cancel(connection->common->wakeups, &connection->limit);
}

static void await_reader(struct listener_connection *connection)
{
    if (!wakeup_is_set(&connection->limit))
        set_limit(connection, LISTENER_READER_LIMIT);
    wait_for(connection, UV_WRITABLE);
}

static void write_some(struct listener_connection *connection)
{
    const struct buffer *out = &connection->out;
    ssize_t written = send(connection->fd, out->bytes + connection->written,
                           out->length - connection->written, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN && errno != EINTR) {
        listener_connection_close(connection);
        return;
    }
    note_written(connection, written > 0 ? (size_t)written : 0);
    if (!is_all_written(connection))
        await_reader(connection);
    else if (connection->page != NULL)
        connection->common->ready(connection);
    else
        end_response(connection);
}

static void send_on(struct listener_connection *connection)
{
    if (is_all_written(connection))
        make_piece(connection);
    if (connection->out.failed)
        listener_connection_close(connection);
    else if (is_all_written(connection) && connection->page != NULL)
        connection->common->ready(connection); /* the piece was empty */
    else if (is_all_written(connection))
        end_response(connection);
    else
        write_some(connection);
}

/* --- the response ------------------------------------------------------------------ */

static void add_head(struct listener_connection *connection, struct listener_response *response)
{
    response->close = !connection->keep;
    response->is_1_0 = connection->request.is_1_0;
    listener_response_head(&connection->out, response, clock_wall());
}

/* `sentence` and `more` are one sentence. */
static void say(struct listener_connection *connection, int status, const char *sentence,
                const char *more)
{
    struct buffer text = {0};
    buffer_print(&text, "%s%s.\n", sentence, more);
    add_head(connection, &(struct listener_response){.status = status,
                                                     .type = "text/plain; charset=utf-8",
                                                     .length = text.length});
    if (!connection->request.head)
        buffer_add(&connection->out, text.bytes, text.length);
    connection->out.failed |= text.failed;
    buffer_free(&text);
}

static bool is_known(const struct listener_connection *connection)
{
    const struct http_field *known = &connection->request.if_none_match;
    const struct page *page = connection->page;
    return page->status == 200 && page->etag != NULL && known->state == HTTP_FIELD_PRESENT &&
           listener_etag_matches(known->value, page->etag);
}

static void begin_page(struct listener_connection *connection)
{
    const struct page *page = connection->page;
    bool is_1_0 = connection->request.is_1_0;
    struct listener_response response = {.status = page->status,
                                         .type = page->type,
                                         .etag = page->etag,
                                         .framing = page->bytes != NULL ? LISTENER_LENGTH
                                                    : is_1_0            ? LISTENER_CLOSING
                                                                        : LISTENER_CHUNKS,
                                         .length = page->length};
    connection->taken = 0;
    connection->chunked = response.framing == LISTENER_CHUNKS;
    connection->keep &= response.framing != LISTENER_CLOSING;
    add_head(connection, &response);
    if (connection->request.head)
        drop_page(connection);
    else
        add_piece(connection);
}

static void serve(struct listener_connection *connection)
{
    const struct listener_site *site = &connection->common->site;
    const struct listener_request *request = &connection->request;
    connection->page = site->find(site->user, request->path, request->query);
    if (connection->page == NULL) {
        say(connection, 404, "There is no such page", "");
    } else if (is_known(connection)) {
        add_head(connection,
                 &(struct listener_response){.status = 304, .etag = connection->page->etag});
        drop_page(connection);
    } else {
        begin_page(connection);
    }
}

static void respond(struct listener_connection *connection)
{
    const struct listener_request *request = &connection->request;
    enter(connection, LISTENER_SENDING);
    connection->keep = request->keep_alive && connection->common->count < connection->common->most;
    if (request->refused != 0)
        say(connection, request->refused, "The request is refused: ", request->why);
    else
        serve(connection);
    if (connection->out.failed)
        listener_connection_close(connection);
    else
        write_some(connection);
}

/* --- requests ---------------------------------------------------------------------- */

/* Returns the number of bytes that were read; 0: there are none now, or the connection is closed
 * now. */
static size_t read_some(struct listener_connection *connection)
{
    ssize_t length =
        recv(connection->fd, connection->input, sizeof connection->input, MSG_DONTWAIT);
    if (length > 0)
        return (size_t)length;
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        wait_for(connection, UV_READABLE);
    else
        listener_connection_close(connection);
    return 0;
}

static void take_input(struct listener_connection *connection)
{
    struct listener_request *request = &connection->request;
    connection->input_start +=
        listener_request_feed(request, connection->input + connection->input_start,
                              connection->input_end - connection->input_start);
    if (request->complete || request->refused != 0) {
        respond(connection);
        return;
    }
    if (connection->state == LISTENER_IDLE) {
        enter(connection, LISTENER_RECEIVING);
        set_limit(connection, LISTENER_REQUEST_LIMIT);
    }
    wait_for(connection, UV_READABLE);
}

static void receive(struct listener_connection *connection)
{
    if (connection->request.refused != 0) { /* it took too long */
        respond(connection);
        return;
    }
    if (connection->input_start == connection->input_end) {
        size_t length = read_some(connection);
        if (length == 0)
            return;
        connection->input_start = 0;
        connection->input_end = length;
    }
    take_input(connection);
}

void listener_connection_step(struct listener_connection *connection)
{
    switch (connection->state) {
    case LISTENER_IDLE:
    case LISTENER_RECEIVING: receive(connection); break;
    case LISTENER_SENDING: send_on(connection); break;
    case LISTENER_LINGERING:
        if (read_some(connection) > 0)
            connection->common->ready(connection);
        break;
    }
}

struct listener_connection *listener_connection_new(struct listener_common *common, size_t place,
                                                    int fd)
{
    struct listener_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL || uv_poll_init(common->loop, &connection->poll, fd) != 0) {
        free(connection);
        close(fd);
        return NULL;
    }
    connection->common = common;
    connection->place = place;
    connection->fd = fd;
    await_request(connection, LISTENER_REQUEST_LIMIT);
    return connection;
}
