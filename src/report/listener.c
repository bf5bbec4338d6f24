#include "report/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/xalloc.h"
#include "report/listener_connection.h"
#include "report/listener_socket.h"

enum { ACCEPTED_A_TURN = 4 };

/* Where there is no descriptor or no memory for a connection. */
#define PAUSE SECOND

struct listener {
    struct listener_common common;
    struct listener_socket socket;
    uv_poll_t poll;
    uv_idle_t idle;  /* is active while a connection is ready, so that the loop does not wait */
    unsigned closed; /* how many of these two are */
    struct wakeup pause;
    struct listener_connection *connections[LISTENER_CONNECTIONS];
    size_t ready; /* how many of these are */
    size_t next;  /* where the search for one goes on */
};

/* --- steps ------------------------------------------------------------------------ */

static void step_next(struct listener *listener)
{
    struct listener_connection *connection;
    do {
        connection = listener->connections[listener->next];
        listener->next = (listener->next + 1) % listener->common.most;
    } while (connection == NULL || !connection->ready);
    connection->ready = false;
    listener->ready--;
    listener_connection_step(connection);
}

static void on_turn(uv_idle_t *idle)
{
    struct listener *listener = container_of(idle, struct listener, idle);
    int64_t stop = clock_now() + LISTENER_TURN;
    while (listener->ready > 0) {
        step_next(listener);
        if (clock_now() >= stop)
            break;
    }
    if (listener->ready == 0)
        uv_idle_stop(idle);
}

static struct listener *listener_of(const struct listener_connection *connection)
{
    return container_of(connection->common, struct listener, common);
}

static void on_ready(struct listener_connection *connection)
{
    struct listener *listener = listener_of(connection);
    if (connection->ready)
        return;
    connection->ready = true;
    listener->ready++;
    uv_idle_start(&listener->idle, on_turn);
}

static void on_connection_closed(struct listener_connection *connection)
{
    struct listener *listener = listener_of(connection);
    listener->connections[connection->place] = NULL;
    listener->common.count--;
    listener->ready -= connection->ready;
    connection->ready = false;
}

/* --- connections -------------------------------------------------------------------- */

static bool waits_for_a_request(const struct listener_connection *connection)
{
    return connection->state == LISTENER_IDLE || connection->state == LISTENER_LINGERING;
}

/* How long it may wait for its client before it makes room: a request needs a moment to come. */
static int64_t patience_with(const struct listener_connection *connection)
{
    switch (connection->state) {
    case LISTENER_IDLE: return LISTENER_GRACE;
    case LISTENER_LINGERING: return 0;
    case LISTENER_RECEIVING:
    case LISTENER_SENDING: break;
    }
    return LISTENER_PATIENCE;
}

/* Whether `a` is rather closed than `b`. */
static bool is_less_missed(const struct listener_connection *a, const struct listener_connection *b)
{
    if (waits_for_a_request(a) != waits_for_a_request(b))
        return waits_for_a_request(a);
    return a->since < b->since;
}

/* Of those with whom nobody has to be patient any longer; NULL: there is none. */
static struct listener_connection *least_missed(const struct listener *listener)
{
    struct listener_connection *least = NULL;
    int64_t now = clock_now();
    for (size_t i = 0; i < listener->common.most; i++) {
        struct listener_connection *connection = listener->connections[i];
        if (now - connection->since >= patience_with(connection) &&
            (least == NULL || is_less_missed(connection, least)))
            least = connection;
    }
    return least;
}

/* A free place, if need be by closing who has it; LISTENER_CONNECTIONS: there is none. */
static size_t find_place(struct listener *listener)
{
    for (size_t i = 0; i < listener->common.most; i++)
        if (listener->connections[i] == NULL)
            return i;
    struct listener_connection *victim = least_missed(listener);
    if (victim == NULL)
        return LISTENER_CONNECTIONS;
    size_t place = victim->place;
    listener_connection_close(victim);
    return place;
}

static void take_on(struct listener *listener, int fd)
{
    size_t place = find_place(listener);
    if (place == LISTENER_CONNECTIONS) {
        close(fd);
        return;
    }
    listener->connections[place] = listener_connection_new(&listener->common, place, fd);
    listener->common.count += listener->connections[place] != NULL;
}

static void on_connections(uv_poll_t *poll, int status, int events);

static void accept_again(struct listener *listener)
{
    uv_poll_start(&listener->poll, UV_READABLE, on_connections);
}

static void on_pause_over(struct wakeup *wakeup)
{
    accept_again(container_of(wakeup, struct listener, pause));
}

static void pause_accepting(struct listener *listener)
{
    uv_poll_stop(&listener->poll);
    wakeup_set(listener->common.wakeups, &listener->pause, clock_now() + PAUSE, on_pause_over);
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* What else accept() may say concerns a connection that is gone already, or there is none. */
static void on_connections(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = container_of(poll, struct listener, poll);
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTED_A_TURN; i++) {
        int fd = accept4(listener->socket.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take_on(listener, fd);
            continue;
        }
        if (is_shortage(errno))
            pause_accepting(listener);
        return;
    }
}

/* --- start and end -------------------------------------------------------------------- */

static bool takes_any_host(const struct listen_address *address)
{
    return address->socket.any.sa_family == AF_UNIX || !listen_address_is_local(address);
}

static int open_socket(struct listener *listener, const char *text, char *why, size_t why_size)
{
    struct listen_address address;
    if (!listen_address_parse(&address, text, why, why_size))
        return UV_EINVAL;
    listener->common.any_host = takes_any_host(&address);
    int error = listener_socket_open(&listener->socket, &address, why, why_size);
    if (error != 0)
        return error;
    error = uv_poll_init(listener->common.loop, &listener->poll, listener->socket.fd);
    if (error != 0) {
        snprintf(why, why_size, "it cannot be listened on: %s", uv_strerror(error));
        listener_socket_close(&listener->socket);
    }
    return error;
}

int listener_start(struct listener **listener, uv_loop_t *loop, struct wakeups *wakeups,
                   const char *address, size_t connections, const struct listener_site *site,
                   char *why, size_t why_size)
{
    struct listener *new = xcalloc(1, sizeof *new);
    new->common = (struct listener_common){.loop = loop,
                                           .wakeups = wakeups,
                                           .site = *site,
                                           .most = connections,
                                           .ready = on_ready,
                                           .closed = on_connection_closed};
    int error = open_socket(new, address, why, why_size);
    if (error != 0) {
        free(new);
        return error;
    }
    uv_idle_init(loop, &new->idle);
    wakeups_reserve(wakeups, connections + 1);
    accept_again(new);
    *listener = new;
    return 0;
}

bool listener_is_local(const struct listener *listener)
{
    return listen_address_is_local(&listener->socket.address);
}

char *listener_address(const struct listener *listener, char out[LISTEN_ADDRESS_SIZE])
{
    return listen_address_text(&listener->socket.address, out);
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    if (++listener->closed == 2)
        free(listener);
}

static void close_handle(struct listener *listener, uv_handle_t *handle)
{
    handle->data = listener;
    uv_close(handle, on_closed);
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    for (size_t i = 0; i < listener->common.most; i++)
        if (listener->connections[i] != NULL)
            listener_connection_close(listener->connections[i]);
    wakeup_cancel(listener->common.wakeups, &listener->pause);
    wakeups_unreserve(listener->common.wakeups, listener->common.most + 1);
    close_handle(listener, (uv_handle_t *)&listener->poll);
    close_handle(listener, (uv_handle_t *)&listener->idle);
    listener_socket_close(&listener->socket);
}
