/*
 * The usual way: requests come out of the parser and queue up; the first is
 * answered (perhaps after a while, perhaps byte by byte), then the next, until
 * the connection is idle again. One answer, one write and one wait at a time,
 * so that one uv_write_t and one uv_timer_t do. What is due next when the wait
 * is over, or the write done, is the state.
 */
#include "mock_connection.h"

#include "boottime.h"
#include "mock_parser.h"
#include "mock_response.h"
#include "must.h"

struct exchange {
    struct mock_request *record; /* NULL where the request was malformed */
    struct mock_behaviour behaviour;
    struct mock_response response;
    size_t sent;
    struct exchange *next;
};

enum state {
    IDLE,      /* nothing to answer */
    LINGERING, /* nothing to answer, but the timer runs for what happens when idle */
    DELAYED,   /* the timer runs before the answer's first byte */
    SENDING,   /* a write is under way, or the timer runs before the next one */
    SILENT,    /* the answer will never come */
    DRAINING,  /* shut down: what still comes is discarded until the client closes */
    CLOSING,
};

struct mock_connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct mock_parser parser;
    struct mock_connections *all;
    struct mock_connection *previous;
    struct mock_connection *next;
    struct exchange *current; /* being answered, or the one to linger after */
    struct exchange *waiting;
    unsigned serial;
    int64_t accepted_ns;
    int handles; /* not yet closed */
    enum state state;
};

static void send_more(struct mock_connection *connection);
static void answer_next(struct mock_connection *connection);

static void exchange_free(struct exchange *exchange)
{
    if (exchange == NULL)
        return;
    mock_behaviour_finish(&exchange->behaviour);
    mock_response_finish(&exchange->response);
    free(exchange);
}

static void exchange_append(struct exchange **list, struct exchange *exchange)
{
    while (*list != NULL)
        list = &(*list)->next;
    *list = exchange;
}

static void link_first(struct mock_connection *connection)
{
    struct mock_connections *all = connection->all;

    connection->next = all->first;
    if (all->first != NULL)
        all->first->previous = connection;
    all->first = connection;
}

static void unlink_from_all(struct mock_connection *connection)
{
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        connection->all->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct mock_connection *connection = handle->data;

    if (--connection->handles > 0)
        return;
    connection->all->pending--;
    while (connection->waiting != NULL) {
        struct exchange *exchange = connection->waiting;

        connection->waiting = exchange->next;
        exchange_free(exchange);
    }
    exchange_free(connection->current);
    mock_parser_finish(&connection->parser);
    free(connection);
}

static void end(struct mock_connection *connection, enum mock_ending ending)
{
    if (connection->state == CLOSING)
        return;
    connection->state = CLOSING;
    unlink_from_all(connection);
    connection->all->open--;
    uv_close((uv_handle_t *)&connection->timer, on_handle_closed);
    if (ending != MOCK_RESET || connection->uv.handle.type != UV_TCP ||
        uv_tcp_close_reset(&connection->uv.tcp, on_handle_closed) != 0)
        uv_close(&connection->uv.handle, on_handle_closed);
}

static void on_timer(uv_timer_t *timer);

static void wait_ms(struct mock_connection *connection, enum state state, unsigned ms)
{
    connection->state = state;
    uv_update_time(connection->all->loop);
    uv_timer_start(&connection->timer, on_timer, ms, 0);
}

static void become_idle(struct mock_connection *connection)
{
    const struct exchange *done = connection->current;

    if (connection->waiting != NULL)
        answer_next(connection);
    else if (done->behaviour.late_extra.data != NULL || done->response.idle_ending != MOCK_KEEP)
        wait_ms(connection, LINGERING, done->behaviour.idle_ms);
    else
        connection->state = IDLE;
}

static void finish_answer(struct mock_connection *connection)
{
    enum mock_ending ending = connection->current->response.ending;

    if (ending == MOCK_KEEP)
        become_idle(connection);
    else
        end(connection, ending);
}

static void on_written(uv_write_t *write, int status)
{
    struct mock_connection *connection = write->data;
    const struct exchange *exchange = connection->current;

    if (connection->state == CLOSING)
        return; /* what was written before the close is told after it */
    if (status != 0)
        end(connection, MOCK_CLOSE);
    else if (exchange->sent == exchange->response.total)
        finish_answer(connection);
    else if (exchange->behaviour.trickle_ms > 0)
        wait_ms(connection, SENDING, exchange->behaviour.trickle_ms);
    else
        send_more(connection);
}

/* The bytes that go out with the next write. */
static uv_buf_t next_slice(const struct exchange *exchange)
{
    const struct mock_response *response = &exchange->response;
    const struct bytes *source = &response->bytes;
    size_t offset = exchange->sent;
    size_t length = response->total - exchange->sent;

    if (offset >= source->length && response->endless.length > 0) {
        offset = (offset - source->length) % response->endless.length;
        source = &response->endless;
    }
    if (length > source->length - offset)
        length = source->length - offset;
    if (exchange->behaviour.trickle_ms > 0 && exchange->sent + 1 < response->answer_length)
        length = 1;
    return uv_buf_init(source->data + offset, (unsigned)length);
}

static void record_write(struct exchange *exchange, size_t length)
{
    struct mock_request *record = exchange->record;
    bool last = exchange->sent + length >= exchange->response.answer_length;

    if (record == NULL || record->answered_ns >= 0)
        return;
    record->status = exchange->response.status;
    if (last)
        record->promised_ns = exchange->response.promised_ns;
    record->answered_ns = boottime_ns();
    if (record->begun_ns < 0)
        record->begun_ns = record->answered_ns;
    if (!last)
        record->answered_ns = -1;
}

static void send_more(struct mock_connection *connection)
{
    struct exchange *exchange = connection->current;
    uv_buf_t slice = next_slice(exchange);

    connection->state = SENDING;
    connection->write.data = connection;
    record_write(exchange, slice.len);
    exchange->sent += slice.len;
    if (slice.len == 0)
        finish_answer(connection);
    else if (uv_write(&connection->write, &connection->uv.stream, &slice, 1, on_written) != 0)
        end(connection, MOCK_CLOSE);
}

static void answer_next(struct mock_connection *connection)
{
    struct exchange *exchange = connection->waiting;

    exchange_free(connection->current);
    connection->current = exchange;
    connection->waiting = exchange->next;
    if (exchange->behaviour.silent)
        connection->state = SILENT;
    else if (exchange->behaviour.slow_ms > 0)
        wait_ms(connection, DELAYED, exchange->behaviour.slow_ms);
    else
        send_more(connection);
}

static void linger_over(struct mock_connection *connection)
{
    const struct exchange *done = connection->current;
    const struct bytes *extra = &done->behaviour.late_extra;
    uv_buf_t buffer = uv_buf_init(extra->data, (unsigned)extra->length);

    connection->state = IDLE;
    if (extra->length > 0)
        uv_try_write(&connection->uv.stream, &buffer, 1);
    if (done->response.idle_ending != MOCK_KEEP)
        end(connection, done->response.idle_ending);
}

static void on_timer(uv_timer_t *timer)
{
    struct mock_connection *connection = timer->data;

    if (connection->state == LINGERING)
        linger_over(connection);
    else
        send_more(connection);
}

static void enqueue(struct mock_connection *connection, struct exchange *exchange)
{
    exchange_append(&connection->waiting, exchange);
    if (connection->state == LINGERING)
        uv_timer_stop(&connection->timer);
    if (connection->state == IDLE || connection->state == LINGERING)
        answer_next(connection);
}

/* The target's name and the query within the URL; the URL is cut up for that. */
static void split_url(char *url, const char **name, const char **query)
{
    char *question = strchr(url, '?');
    char *slash;

    *query = "";
    if (question != NULL) {
        *question = '\0';
        *query = question + 1;
    }
    *name = url + (*url == '/');
    slash = strchr(*name, '/');
    if (slash != NULL)
        *slash = '\0';
}

static void decide_answer(struct mock_connection *connection, struct exchange *exchange,
                          struct mock_message *message)
{
    struct mock_records *records = connection->all->records;
    const char *name;
    const char *query;
    struct mock_question question = {.head = message->head, .keep_alive = message->keep_alive};

    split_url(message->url.data, &name, &query);
    question.index = mock_records_count(records, name);
    exchange->record = mock_records_add(records, name);
    if (mock_behaviour_parse(&exchange->behaviour, query))
        mock_response_init(&exchange->response, &exchange->behaviour, &question);
    else
        mock_response_init_refusal(&exchange->response, exchange->behaviour.complaint);
}

static void on_message(void *arg, struct mock_message *message)
{
    struct mock_connection *connection = arg;
    struct exchange *exchange;

    if (connection->state == CLOSING)
        return;
    exchange = must_calloc(1, sizeof(*exchange));
    decide_answer(connection, exchange, message);
    exchange->record->arrived_ns = message->arrived_ns;
    exchange->record->connection = connection->serial;
    exchange->record->accepted_ns = connection->accepted_ns;
    exchange->record->header = message->header;
    exchange->record->body = message->body;
    message->header = message->body = (struct bytes){0};
    if (connection->all->observer != NULL)
        connection->all->observer(exchange->record, connection->all->observer_arg);
    enqueue(connection, exchange);
}

static void refuse_malformed(struct mock_connection *connection)
{
    struct exchange *exchange = must_calloc(1, sizeof(*exchange));

    connection->all->malformed++;
    uv_read_stop(&connection->uv.stream);
    mock_response_init_refusal(&exchange->response, "mock server: this is no HTTP/1 request");
    enqueue(connection, exchange);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct mock_connection *connection = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(connection->all->buffer, sizeof(connection->all->buffer));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    int64_t now_ns = boottime_ns();
    struct mock_connection *connection = stream->data;

    if (length < 0)
        end(connection, MOCK_CLOSE);
    else if (length > 0 && connection->state != DRAINING &&
             !mock_parser_feed(&connection->parser, buffer->base, (size_t)length, now_ns) &&
             connection->state != CLOSING)
        refuse_malformed(connection);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status;
}

static void begin(struct mock_connection *connection, enum mock_accept how)
{
    uv_stream_t *stream = &connection->uv.stream;

    switch (how) {
    case MOCK_SERVE: break;
    case MOCK_ACCEPT_AND_CLOSE:
        connection->state = DRAINING;
        uv_shutdown(&connection->shutdown, stream, on_shutdown);
        break;
    case MOCK_ACCEPT_AND_RESET: end(connection, MOCK_RESET); return;
    }
    uv_read_start(stream, on_alloc, on_read);
}

int mock_connection_accept(struct mock_connections *all, uv_stream_t *listener,
                           enum mock_accept how)
{
    struct mock_connection *connection = must_calloc(1, sizeof(*connection));
    int error;

    connection->all = all;
    connection->handles = 2;
    if (listener->type == UV_TCP)
        uv_tcp_init(all->loop, &connection->uv.tcp);
    else
        uv_pipe_init(all->loop, &connection->uv.pipe, 0);
    uv_timer_init(all->loop, &connection->timer);
    connection->uv.handle.data = connection->timer.data = connection;
    mock_parser_init(&connection->parser, on_message, connection);
    link_first(connection);
    all->open++;
    all->pending++;
    error = uv_accept(listener, &connection->uv.stream);
    if (error != 0) {
        end(connection, MOCK_CLOSE);
        return error;
    }
    connection->serial = ++all->accepted;
    connection->accepted_ns = boottime_ns();
    if (listener->type == UV_TCP)
        uv_tcp_nodelay(&connection->uv.tcp, 1);
    begin(connection, how);
    return 0;
}

void mock_connections_close(struct mock_connections *all)
{
    while (all->first != NULL)
        end(all->first, MOCK_CLOSE);
}
