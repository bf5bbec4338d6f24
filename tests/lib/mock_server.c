#include "mock_server.h"

#include <signal.h>
#include <stdio.h>

#include "must.h"

static const int BACKLOG = 4096;

/* Apart from the server, because a new one may listen while the old one still closes. */
struct listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct mock_server *server;
};

struct mock_server {
    struct mock_connections connections;
    struct listener *listener;      /* NULL while it doesn't listen */
    struct listener *unix_listener; /* NULL: none */
    unsigned closing_listeners;
    struct sockaddr_storage address;
    char authority[INET6_ADDRSTRLEN + sizeof("[]:65535")];
    enum mock_accept accept;
    unsigned accept_count; /* how many more connections begin that way */
};

static void on_listener_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;

    listener->server->closing_listeners--;
    free(listener);
}

static void listener_close(struct listener *listener)
{
    listener->server->closing_listeners++;
    uv_close(&listener->uv.handle, on_listener_closed);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    struct mock_server *server = listener->server;
    enum mock_accept how = MOCK_SERVE;

    if (status != 0)
        return;
    if (server->accept_count > 0) {
        how = server->accept;
        if (server->accept_count != UINT_MAX)
            server->accept_count--;
    }
    mock_connection_accept(&server->connections, stream, how);
}

static struct listener *listener_new(struct mock_server *server)
{
    struct listener *listener = must_calloc(1, sizeof(*listener));

    listener->server = server;
    listener->uv.handle.data = listener;
    return listener;
}

/* Listens where it is bound, and is *out; or closes it. Passes an error on. */
static int start_listening(struct listener *listener, struct listener **out, int error)
{
    if (error == 0)
        error = uv_listen(&listener->uv.stream, BACKLOG, on_connection);
    if (error == 0)
        *out = listener;
    else
        listener_close(listener);
    return error;
}

int mock_server_listen_again(struct mock_server *server)
{
    struct listener *listener;

    if (server->listener != NULL)
        return 0;
    listener = listener_new(server);
    uv_tcp_init(server->connections.loop, &listener->uv.tcp);
    return start_listening(
        listener, &server->listener,
        uv_tcp_bind(&listener->uv.tcp, (const struct sockaddr *)&server->address, 0));
}

int mock_server_listen_on_unix(struct mock_server *server, const char *path)
{
    struct listener *listener = listener_new(server);

    uv_pipe_init(server->connections.loop, &listener->uv.pipe, 0);
    return start_listening(listener, &server->unix_listener,
                           uv_pipe_bind(&listener->uv.pipe, path));
}

void mock_server_stop_listening(struct mock_server *server)
{
    if (server->listener == NULL)
        return;
    listener_close(server->listener);
    server->listener = NULL;
}

/* From now on the address has the port that was chosen. */
static void learn_address(struct mock_server *server)
{
    const struct sockaddr *address = (const struct sockaddr *)&server->address;
    int length = sizeof(server->address);
    char host[INET6_ADDRSTRLEN];

    uv_tcp_getsockname(&server->listener->uv.tcp, (struct sockaddr *)&server->address, &length);
    uv_ip_name(address, host, sizeof(host));
    snprintf(server->authority, sizeof(server->authority),
             address->sa_family == AF_INET6 ? "[%s]:%d" : "%s:%d", host, mock_server_port(server));
}

static int parse_address(struct sockaddr_storage *address, const char *text, int port)
{
    if (uv_ip4_addr(text, port, (struct sockaddr_in *)address) == 0)
        return 0;
    return uv_ip6_addr(text, port, (struct sockaddr_in6 *)address);
}

int mock_server_new(struct mock_server **created, uv_loop_t *loop, const char *address, int port)
{
    struct mock_server *server = must_calloc(1, sizeof(*server));
    int error = parse_address(&server->address, address == NULL ? "127.0.0.1" : address, port);

    *created = NULL;
    signal(SIGPIPE, SIG_IGN);
    server->connections.loop = loop;
    server->connections.records = mock_records_new();
    if (error == 0)
        error = mock_server_listen_again(server);
    if (error != 0) {
        mock_server_free(server);
        return error;
    }
    learn_address(server);
    *created = server;
    return 0;
}

void mock_server_free(struct mock_server *server)
{
    mock_server_stop_listening(server);
    if (server->unix_listener != NULL)
        listener_close(server->unix_listener);
    mock_connections_close(&server->connections);
    while (server->connections.pending > 0 || server->closing_listeners > 0)
        uv_run(server->connections.loop, UV_RUN_ONCE);
    mock_records_free(server->connections.records);
    free(server);
}

int mock_server_port(const struct mock_server *server)
{
    if (server->address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&server->address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)&server->address)->sin_port);
}

const char *mock_server_authority(const struct mock_server *server)
{
    return server->authority;
}

void mock_server_set_accept(struct mock_server *server, enum mock_accept how, unsigned count)
{
    server->accept = how;
    server->accept_count = count;
}

void mock_server_observe(struct mock_server *server, mock_observer *observer, void *arg)
{
    server->connections.observer = observer;
    server->connections.observer_arg = arg;
}

unsigned mock_server_connections(const struct mock_server *server)
{
    return server->connections.accepted;
}

unsigned mock_server_open_connections(const struct mock_server *server)
{
    return server->connections.open;
}

unsigned mock_server_malformed(const struct mock_server *server)
{
    return server->connections.malformed;
}

size_t mock_server_requests(const struct mock_server *server, const char *target)
{
    const struct mock_records *records = server->connections.records;

    return target == NULL ? mock_records_total(records) : mock_records_count(records, target);
}

const struct mock_request *mock_server_request(const struct mock_server *server, const char *target,
                                               size_t index)
{
    return mock_records_at(server->connections.records, target, index);
}

struct mock_punctuality mock_server_punctuality(const struct mock_server *server,
                                                const char *target)
{
    return mock_records_punctuality(server->connections.records, target);
}
