#include "silent_resolver.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "bytes.h"
#include "must.h"

/* RFC 1035 section 4.1. */
enum { HEADER_SIZE = 12, NAME_MAX_SIZE = 256, TYPE_A = 1 };

struct query {
    struct bytes message; /* the header and the question */
    char name[NAME_MAX_SIZE];
    unsigned type;
    struct sockaddr_in from;
};

struct silent_resolver {
    uv_udp_t udp;
    struct query *queries;
    size_t count;
    struct in_addr answer; /* to all names, where has_answer */
    bool has_answer;
    bool closed;
    char address[32];
};

static void on_closed(uv_handle_t *handle)
{
    struct silent_resolver *resolver = handle->data;

    resolver->closed = true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char shared[4096];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof(shared));
}

/* Writes the labels at `at` as a name, and returns the place behind them. */
static size_t read_name(const unsigned char *data, size_t length, size_t at, char *name)
{
    size_t n = 0;

    while (at < length && data[at] != 0) {
        size_t label = data[at++];

        for (size_t i = 0; i < label && at < length && n < NAME_MAX_SIZE - 1; i++)
            name[n++] = (char)data[at++];
        if (n < NAME_MAX_SIZE - 1)
            name[n++] = '.';
    }
    name[n > 0 ? n - 1 : 0] = '\0';
    return at + 1;
}

/* The question again, and one record where it asks for IPv4. */
static void answer_query(struct silent_resolver *resolver, const struct query *query)
{
    unsigned char record[] = {0xc0, HEADER_SIZE, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, 0, 0, 0, 0};
    bool has_record = query->type == TYPE_A;
    unsigned char counts[] = {0, 1, 0, has_record, 0, 0, 0, 0};
    struct bytes message = {0};
    uv_buf_t buffer;

    memcpy(record + sizeof(record) - 4, &resolver->answer, 4);
    bytes_append(&message, query->message.data, query->message.length);
    memcpy(message.data + 2, "\x81\x80", 2); /* a response, without error */
    memcpy(message.data + 4, counts, sizeof(counts));
    if (has_record)
        bytes_append(&message, record, sizeof(record));
    buffer = uv_buf_init(message.data, (unsigned)message.length);
    uv_udp_try_send(&resolver->udp, &buffer, 1, (const struct sockaddr *)&query->from);
    bytes_finish(&message);
}

static bool is_repeated(const struct silent_resolver *resolver, const struct query *query)
{
    for (size_t i = 0; i < resolver->count; i++) {
        const struct bytes *other = &resolver->queries[i].message;

        if (other->length == query->message.length &&
            memcmp(other->data, query->message.data, other->length) == 0)
            return true;
    }
    return false;
}

static void take_query(struct silent_resolver *resolver, const char *data, size_t length,
                       const struct sockaddr_in *from)
{
    const unsigned char *raw = (const unsigned char *)data;
    struct query query = {.from = *from};
    size_t end = read_name(raw, length, HEADER_SIZE, query.name);

    if (end + 4 > length)
        return;
    query.type = (unsigned)raw[end] << 8 | raw[end + 1];
    bytes_append(&query.message, data, end + 4);
    if (resolver->has_answer)
        answer_query(resolver, &query);
    if (is_repeated(resolver, &query)) {
        bytes_finish(&query.message);
        return;
    }
    resolver->queries = must_realloc(resolver->queries, resolver->count + 1, sizeof(query));
    resolver->queries[resolver->count++] = query;
}

static void on_datagram(uv_udp_t *udp, ssize_t length, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    (void)flags;
    if (length > HEADER_SIZE && from != NULL)
        take_query(udp->data, buffer->base, (size_t)length, (const struct sockaddr_in *)from);
}

/* Tests that run at the same time have different addresses. */
static int listen_on_own_address(struct silent_resolver *resolver)
{
    unsigned pid = (unsigned)getpid();
    struct sockaddr_in address;

    snprintf(resolver->address, sizeof(resolver->address), "127.113.%u.%u", pid >> 8 & 0xff,
             pid & 0xff);
    uv_ip4_addr(resolver->address, 53, &address);
    return uv_udp_bind(&resolver->udp, (const struct sockaddr *)&address, 0);
}

struct silent_resolver *silent_resolver_new(uv_loop_t *loop)
{
    struct silent_resolver *resolver = must_calloc(1, sizeof(*resolver));

    uv_udp_init(loop, &resolver->udp);
    resolver->udp.data = resolver;
    if (listen_on_own_address(resolver) == 0 &&
        uv_udp_recv_start(&resolver->udp, on_alloc, on_datagram) == 0)
        return resolver;
    silent_resolver_free(resolver);
    return NULL;
}

void silent_resolver_free(struct silent_resolver *resolver)
{
    uv_close((uv_handle_t *)&resolver->udp, on_closed);
    while (!resolver->closed)
        uv_run(resolver->udp.loop, UV_RUN_ONCE);
    for (size_t i = 0; i < resolver->count; i++)
        bytes_finish(&resolver->queries[i].message);
    free(resolver->queries);
    free(resolver);
}

const char *silent_resolver_address(const struct silent_resolver *resolver)
{
    return resolver->address;
}

bool silent_resolver_was_asked(void *arg)
{
    const struct silent_resolver *resolver = arg;

    return resolver->count > 0;
}

size_t silent_resolver_look_ups(const struct silent_resolver *resolver, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < resolver->count; i++) {
        const struct query *query = &resolver->queries[i];

        count += query->type == TYPE_A && strcasecmp(query->name, name) == 0;
    }
    return count;
}

void silent_resolver_answer(struct silent_resolver *resolver, const char *address)
{
    resolver->has_answer = inet_pton(AF_INET, address, &resolver->answer) == 1;
    for (size_t i = 0; i < resolver->count; i++)
        answer_query(resolver, &resolver->queries[i]);
}
