#include "name_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>

#include "bytes.h"
#include "must.h"

/* RFC 1035 section 4.1; the length before a message is for TCP. */
enum {
    HEADER_SIZE = 12,
    RECORD_HEADER_SIZE = 12,
    LENGTH_SIZE = 2,
    TYPE_A = 1,
    TYPE_CNAME = 5,
    TYPE_AAAA = 28
};

enum { ALIASES = 8, HUGE_SIZE = 64000, MESSAGE_MAX = 65535, ADDRESSES_TEXT_MAX = 1024 };

struct script {
    enum name_answer answer;
    unsigned delay_ms;
    char addresses[ADDRESSES_TEXT_MAX];
    size_t queries;
};

struct name_server {
    uv_loop_t *loop;
    uv_udp_t udp;
    uv_tcp_t tcp;
    struct script scripts[2];
    struct client *clients;
    size_t handles; /* not yet closed */
};

/* By TCP. */
struct client {
    uv_tcp_t tcp;
    struct name_server *server;
    struct client *next;
    struct bytes in;
};

/* An answer on its way. */
struct reply {
    uv_timer_t timer;
    struct name_server *server;
    struct bytes message;
    struct client *client; /* NULL: by UDP */
    struct sockaddr_in to;
};

/* --- messages -------------------------------------------------------------------------- */

static void append_16(struct bytes *message, unsigned value)
{
    bytes_append_byte(message, (char)(value >> 8), 1);
    bytes_append_byte(message, (char)value, 1);
}

static void set_16(struct bytes *message, size_t at, unsigned value)
{
    message->data[at] = (char)(value >> 8);
    message->data[at + 1] = (char)value;
}

/* A record of the name at `name`, an offset, with a time to live of a minute. */
static void append_record(struct bytes *message, size_t name, unsigned type, const void *data,
                          size_t length)
{
    append_16(message, 0xc000 | (unsigned)name);
    append_16(message, type);
    append_16(message, 1);
    append_16(message, 0);
    append_16(message, 60);
    append_16(message, (unsigned)length);
    bytes_append(message, data, length);
}

static unsigned append_addresses(struct bytes *message, size_t name, const char *addresses)
{
    char *copy = must_strdup(addresses);
    char *rest = NULL;
    unsigned count = 0;

    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        unsigned char address[16];

        if (inet_pton(AF_INET, word, address) == 1)
            append_record(message, name, TYPE_A, address, 4);
        else if (inet_pton(AF_INET6, word, address) == 1)
            append_record(message, name, TYPE_AAAA, address, 16);
        else
            ck_abort_msg("no address: %s", word);
        count++;
    }
    free(copy);
    return count;
}

/* a.test, b.test and so on. */
static unsigned append_aliases(struct bytes *message, const char *addresses)
{
    size_t name = HEADER_SIZE;

    for (int i = 0; i < ALIASES; i++) {
        char alias[] = {1, (char)('a' + i), 4, 't', 'e', 's', 't', 0};
        size_t next = message->length + RECORD_HEADER_SIZE;

        append_record(message, name, TYPE_CNAME, alias, sizeof(alias));
        name = next;
    }
    return ALIASES + append_addresses(message, name, addresses);
}

static unsigned append_many(struct bytes *message, const char *addresses)
{
    unsigned count = 0;

    while (message->length < HUGE_SIZE)
        count += append_addresses(message, HEADER_SIZE, addresses);
    return count;
}

static unsigned append_answers(struct bytes *message, const struct script *script, bool by_tcp)
{
    size_t name = HEADER_SIZE;
    size_t own = message->length;

    switch (script->answer) {
    case NAME_ADDRESSES:
    case NAME_OTHER_FAMILY:
    case NAME_WRONG_ID:
    case NAME_WRONG_NAME: return append_addresses(message, name, script->addresses);
    case NAME_ALIAS: return append_aliases(message, script->addresses);
    case NAME_ALIAS_LOOP: append_record(message, name, TYPE_CNAME, "\xc0\x0c", 2); return 1;
    case NAME_TRUNCATED: return by_tcp ? append_addresses(message, name, script->addresses) : 0;
    case NAME_HUGE: return by_tcp ? append_many(message, script->addresses) : 0;
    case NAME_CUT: return 3 * append_addresses(message, name, script->addresses);
    case NAME_LOOPING_NAME: return append_addresses(message, own, script->addresses);
    default: return 0;
    }
}

static unsigned code_of(enum name_answer answer)
{
    switch (answer) {
    case NAME_FAILURE: return 2;
    case NAME_UNKNOWN: return 3;
    case NAME_REFUSED: return 5;
    default: return 0;
    }
}

/* `question` is the query from its header to the end of its one question. */
static struct bytes make_answer(const struct script *script, const char *question, size_t length,
                                bool by_tcp)
{
    struct bytes message = {0};
    bool cut = !by_tcp && (script->answer == NAME_TRUNCATED || script->answer == NAME_HUGE);

    if (script->answer == NAME_GARBAGE) {
        bytes_append(&message, question, 2); /* its id, or it would not even be looked at */
        bytes_append_byte(&message, '\xff', 200);
        return message;
    }
    bytes_append(&message, question, length);
    set_16(&message, 2, 0x8180 | (cut ? 0x0200 : 0) | code_of(script->answer));
    set_16(&message, 4, 1);
    set_16(&message, 8, 0);
    set_16(&message, 10, 0);
    set_16(&message, 6, append_answers(&message, script, by_tcp));
    if (script->answer == NAME_WRONG_ID)
        message.data[0] ^= 1;
    if (script->answer == NAME_WRONG_NAME)
        message.data[HEADER_SIZE + 1] ^= 2;
    return message;
}

/* --- replies --------------------------------------------------------------------------- */

static void on_reply_closed(uv_handle_t *handle)
{
    struct reply *reply = handle->data;

    reply->server->handles--;
    bytes_finish(&reply->message);
    free(reply);
}

static bool is_client(const struct name_server *server, const struct client *client)
{
    const struct client *other = server->clients;

    while (other != NULL && other != client)
        other = other->next;
    return other != NULL;
}

static void on_reply_due(uv_timer_t *timer)
{
    struct reply *reply = timer->data;
    uv_buf_t buffers[2];
    char length[LENGTH_SIZE] = {(char)(reply->message.length >> 8), (char)reply->message.length};

    buffers[0] = uv_buf_init(length, LENGTH_SIZE);
    buffers[1] = uv_buf_init(reply->message.data, (unsigned)reply->message.length);
    if (reply->client == NULL)
        uv_udp_try_send(&reply->server->udp, &buffers[1], 1, (struct sockaddr *)&reply->to);
    else if (is_client(reply->server, reply->client))
        uv_try_write((uv_stream_t *)&reply->client->tcp, buffers, 2);
    uv_close((uv_handle_t *)timer, on_reply_closed);
}

static void reply_later(struct name_server *server, unsigned delay_ms, struct bytes message,
                        struct client *client, const struct sockaddr_in *to)
{
    struct reply *reply = must_calloc(1, sizeof(*reply));

    reply->server = server;
    reply->message = message;
    reply->client = client;
    if (to != NULL)
        reply->to = *to;
    uv_timer_init(server->loop, &reply->timer);
    reply->timer.data = reply;
    server->handles++;
    uv_update_time(server->loop);
    uv_timer_start(&reply->timer, on_reply_due, delay_ms, 0);
}

static void take_query(struct name_server *server, const char *data, size_t length,
                       struct client *client, const struct sockaddr_in *from)
{
    struct script *script;
    size_t end = HEADER_SIZE;
    unsigned type;

    while (end < length && data[end] != 0)
        end += 1 + (unsigned char)data[end];
    if (end + 5 > length)
        return;
    type = (unsigned char)data[end + 2];
    script = &server->scripts[type == TYPE_AAAA ? NAME_AAAA : NAME_A];
    script->queries++;
    if (script->answer != NAME_SILENCE)
        reply_later(server, script->delay_ms, make_answer(script, data, end + 5, client != NULL),
                    client, from);
}

/* --- sockets --------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char shared[MESSAGE_MAX];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof(shared));
}

static void on_datagram(uv_udp_t *udp, ssize_t length, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    (void)flags;
    if (length > HEADER_SIZE && from != NULL)
        take_query(udp->data, buffer->base, (size_t)length, NULL, (const struct sockaddr_in *)from);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;

    client->server->handles--;
    bytes_finish(&client->in);
    free(client);
}

static void close_client(struct client *client)
{
    struct client **link = &client->server->clients;

    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    uv_close((uv_handle_t *)&client->tcp, on_client_closed);
}

/* The whole messages that have come. */
static void take_messages(struct client *client)
{
    struct bytes *in = &client->in;

    while (in->length >= LENGTH_SIZE) {
        size_t size = (size_t)(unsigned char)in->data[0] << 8 | (unsigned char)in->data[1];

        if (in->length < LENGTH_SIZE + size)
            return;
        take_query(client->server, in->data + LENGTH_SIZE, size, client, NULL);
        in->length -= LENGTH_SIZE + size;
        memmove(in->data, in->data + LENGTH_SIZE + size, in->length);
    }
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct client *client = stream->data;

    if (length < 0) {
        close_client(client);
        return;
    }
    bytes_append(&client->in, buffer->base, (size_t)length);
    take_messages(client);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct name_server *server = stream->data;
    struct client *client = must_calloc(1, sizeof(*client));

    (void)status;
    client->server = server;
    client->next = server->clients;
    server->clients = client;
    server->handles++;
    uv_tcp_init(server->loop, &client->tcp);
    client->tcp.data = client;
    uv_accept(stream, (uv_stream_t *)&client->tcp);
    uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read);
}

struct name_server *name_server_new(uv_loop_t *loop)
{
    struct name_server *server = must_calloc(1, sizeof(*server));
    struct sockaddr_in address;

    server->loop = loop;
    server->handles = 2;
    uv_ip4_addr("127.0.0.1", 53, &address);
    uv_udp_init(loop, &server->udp);
    uv_tcp_init(loop, &server->tcp);
    server->udp.data = server->tcp.data = server;
    ck_assert_int_eq(uv_udp_bind(&server->udp, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_udp_recv_start(&server->udp, on_alloc, on_datagram), 0);
    ck_assert_int_eq(uv_tcp_bind(&server->tcp, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&server->tcp, 16, on_connection), 0);
    return server;
}

static void on_closed(uv_handle_t *handle)
{
    struct name_server *server = handle->data;

    server->handles--;
}

/* Answers that are on their way come to nobody; they are waited for. */
void name_server_free(struct name_server *server)
{
    uv_close((uv_handle_t *)&server->tcp, on_closed);
    while (server->clients != NULL)
        close_client(server->clients);
    while (server->handles > 1)
        uv_run(server->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&server->udp, on_closed);
    while (server->handles > 0)
        uv_run(server->loop, UV_RUN_ONCE);
    free(server);
}

void name_server_set(struct name_server *server, enum name_family family, enum name_answer answer,
                     unsigned delay_ms, const char *addresses)
{
    struct script *script = &server->scripts[family];

    script->answer = answer;
    script->delay_ms = delay_ms;
    snprintf(script->addresses, sizeof(script->addresses), "%s", addresses);
}

size_t name_server_queries(const struct name_server *server, enum name_family family)
{
    return server->scripts[family].queries;
}
