#include "duct.h"

#include "must.h"

struct sending {
    uv_write_t write;
    char bytes[];
};

static uv_stream_t *stream(uv_tcp_t *tcp)
{
    return (uv_stream_t *)tcp;
}

static void must(int error)
{
    if (error != 0)
        abort();
}

/* --- the end ----------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct duct *duct = handle->data;
    struct duct **place = &duct->ducts->first;

    if (--duct->handles > 0)
        return;
    duct->ducts->callbacks->closed(duct);
    while (*place != duct)
        place = &(*place)->next;
    *place = duct->next;
    free(duct);
}

void duct_close(struct duct *duct)
{
    if (duct->closing)
        return;
    duct->closing = true;
    if (!uv_is_closing((uv_handle_t *)&duct->client))
        uv_close((uv_handle_t *)&duct->client, on_handle_closed);
    uv_close((uv_handle_t *)&duct->target, on_handle_closed);
}

void duct_reset_client(struct duct *duct)
{
    if (duct->closing)
        return;
    if (uv_tcp_close_reset(&duct->client, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&duct->client, on_handle_closed);
    duct_close(duct);
}

static void on_shut_down(uv_shutdown_t *shutdown, int status)
{
    (void)status;
    free(shutdown);
}

void duct_end_client(struct duct *duct)
{
    uv_shutdown_t *shutdown = must_calloc(1, sizeof(*shutdown));

    if (duct->closing || uv_shutdown(shutdown, stream(&duct->client), on_shut_down) != 0)
        free(shutdown);
}

/* --- bytes ------------------------------------------------------------------- */

static void on_sent(uv_write_t *write, int status)
{
    (void)status;
    free(write);
}

static void send_bytes(uv_tcp_t *tcp, const void *bytes, size_t length)
{
    struct sending *sending = must_calloc(1, sizeof(*sending) + length);
    uv_buf_t buffer = uv_buf_init(sending->bytes, (unsigned)length);

    memcpy(sending->bytes, bytes, length);
    if (uv_write(&sending->write, stream(tcp), &buffer, 1, on_sent) != 0)
        free(sending);
}

void duct_send_client(struct duct *duct, const void *bytes, size_t length)
{
    if (!duct->closing && length > 0)
        send_bytes(&duct->client, bytes, length);
}

void duct_send_target(struct duct *duct, const void *bytes, size_t length)
{
    if (!duct->closing && length > 0)
        send_bytes(&duct->target, bytes, length);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char shared[65536];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof(shared));
}

/* libuv may call it the end of the stream when a RST came close behind the data. */
static int true_end(uv_stream_t *handle, int end)
{
    uv_os_fd_t fd;
    int error = 0;
    socklen_t length = sizeof(error);

    if (uv_fileno((uv_handle_t *)handle, &fd) == 0)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error == 0 ? end : uv_translate_sys_error(error);
}

static void on_client_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *buffer)
{
    struct duct *duct = handle->data;

    if (length > 0)
        duct->ducts->callbacks->from_client(duct, buffer->base, (size_t)length);
    if (length >= 0)
        return;
    uv_read_stop(handle);
    duct->client_over = true;
    duct->ducts->callbacks->client_ended(duct, true_end(handle, (int)length));
}

static void on_target_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *buffer)
{
    struct duct *duct = handle->data;

    if (length > 0)
        duct->ducts->callbacks->from_target(duct, buffer->base, (size_t)length);
    if (length >= 0)
        return;
    uv_read_stop(handle);
    duct->ducts->callbacks->target_ended(duct, true_end(handle, (int)length));
}

/* --- the beginning ------------------------------------------------------------- */

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address;

    must(uv_ip4_addr("127.0.0.1", port, &address));
    return address;
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct duct *duct = connect->data;

    if (duct->closing)
        return;
    if (status == 0)
        uv_read_start(stream(&duct->target), on_alloc, on_target_read);
    else
        duct->ducts->callbacks->target_ended(duct, status);
}

void duct_connect(struct duct *duct)
{
    struct sockaddr_in address = loopback(duct->ducts->target_port);

    duct->connecting.data = duct;
    must(uv_tcp_connect(&duct->connecting, &duct->target, (struct sockaddr *)&address,
                        on_connected));
    uv_tcp_nodelay(&duct->target, 1);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct ducts *ducts = listener->data;
    struct duct *duct = must_calloc(1, sizeof(*duct));

    must(status);
    duct->ducts = ducts;
    duct->handles = 2;
    duct->next = ducts->first;
    ducts->first = duct;
    uv_tcp_init(listener->loop, &duct->client);
    uv_tcp_init(listener->loop, &duct->target);
    duct->client.data = duct->target.data = duct;
    must(uv_accept(listener, stream(&duct->client)));
    uv_tcp_nodelay(&duct->client, 1);
    duct->number = ducts->count++;
    ducts->callbacks->accepted(duct);
    if (!duct->closing && !ducts->held)
        uv_read_start(stream(&duct->client), on_alloc, on_client_read);
}

void ducts_init(struct ducts *ducts, uv_loop_t *loop, int target_port,
                const struct duct_callbacks *callbacks, void *owner)
{
    struct sockaddr_in address = loopback(0);
    int length = sizeof(address);

    *ducts = (struct ducts){.callbacks = callbacks, .owner = owner, .target_port = target_port};
    must(uv_tcp_init(loop, &ducts->listener));
    ducts->listener.data = ducts;
    must(uv_tcp_bind(&ducts->listener, (struct sockaddr *)&address, 0));
    must(uv_listen(stream(&ducts->listener), SOMAXCONN, on_connection));
    must(uv_tcp_getsockname(&ducts->listener, (struct sockaddr *)&address, &length));
    ducts->port = ntohs(address.sin_port);
}

void ducts_hold(struct ducts *ducts)
{
    ducts->held = true;
    for (struct duct *duct = ducts->first; duct != NULL; duct = duct->next)
        uv_read_stop(stream(&duct->client));
}

void ducts_go_on(struct ducts *ducts)
{
    ducts->held = false;
    for (struct duct *duct = ducts->first; duct != NULL; duct = duct->next) {
        if (!duct->closing && !duct->client_over)
            uv_read_start(stream(&duct->client), on_alloc, on_client_read);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct ducts *ducts = handle->data;

    ducts->closed = true;
}

void ducts_finish(struct ducts *ducts)
{
    uv_loop_t *loop = ducts->listener.loop;

    uv_close((uv_handle_t *)&ducts->listener, on_listener_closed);
    for (struct duct *duct = ducts->first; duct != NULL; duct = duct->next)
        duct_close(duct);
    while (!ducts->closed || ducts->first != NULL)
        uv_run(loop, UV_RUN_ONCE);
}
