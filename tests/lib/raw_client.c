#include "raw_client.h"

#include "boottime.h"
#include "must.h"

struct sending {
    uv_write_t write;
    char *text;
};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char shared[65536];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof(shared));
}

/* libuv may call it the end of the stream when a RST came close behind the data. */
static int true_end(uv_stream_t *stream, int end)
{
    uv_os_fd_t fd;
    int error = 0;
    socklen_t length = sizeof(error);

    if (uv_fileno((uv_handle_t *)stream, &fd) == 0)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error == 0 ? end : uv_translate_sys_error(error);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    int64_t now_ns = boottime_ns();
    struct raw_client *client = stream->data;

    if (length > 0) {
        client->last_read_ns = now_ns;
        bytes_append(&client->received, buffer->base, (size_t)length);
    } else if (length < 0) {
        client->end = true_end(stream, (int)length);
        uv_read_stop(stream);
    }
}

static void on_sent(uv_write_t *write, int status)
{
    struct sending *sending = write->data;

    (void)status;
    free(sending->text);
    free(sending);
}

static void send_text(struct raw_client *client, const char *text)
{
    struct sending *sending = must_calloc(1, sizeof(*sending));
    uv_buf_t buffer;

    sending->text = must_strdup(text);
    sending->write.data = sending;
    buffer = uv_buf_init(sending->text, (unsigned)strlen(text));
    if (uv_write(&sending->write, (uv_stream_t *)&client->tcp, &buffer, 1, on_sent) != 0)
        on_sent(&sending->write, -1);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct raw_client *client = connect->data;

    client->connected = status == 0;
    client->end = status;
    if (status != 0)
        return;
    uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read);
    if (client->outgoing.length > 0)
        send_text(client, client->outgoing.data);
}

static void parse_authority(struct sockaddr_in *address, const char *authority)
{
    char host[64] = "";
    const char *colon = strrchr(authority, ':');

    if (colon == NULL || (size_t)(colon - authority) >= sizeof(host))
        abort();
    memcpy(host, authority, (size_t)(colon - authority));
    if (uv_ip4_addr(host, atoi(colon + 1), address) != 0)
        abort();
}

struct raw_client *raw_client_new(uv_loop_t *loop, const char *authority)
{
    struct raw_client *client = must_calloc(1, sizeof(*client));
    struct sockaddr_in address;

    parse_authority(&address, authority);
    uv_tcp_init(loop, &client->tcp);
    client->tcp.data = client->connect.data = client;
    client->end =
        uv_tcp_connect(&client->connect, &client->tcp, (struct sockaddr *)&address, on_connect);
    return client;
}

static void on_closed(uv_handle_t *handle)
{
    struct raw_client *client = handle->data;

    client->closed = true;
}

void raw_client_free(struct raw_client *client)
{
    uv_loop_t *loop = client->tcp.loop;

    uv_close((uv_handle_t *)&client->tcp, on_closed);
    while (!client->closed)
        uv_run(loop, UV_RUN_ONCE);
    bytes_finish(&client->outgoing);
    bytes_finish(&client->received);
    free(client);
}

void raw_client_send(struct raw_client *client, const char *text)
{
    if (client->connected)
        send_text(client, text);
    else
        bytes_append(&client->outgoing, text, strlen(text));
}

bool raw_client_is_connected(void *arg)
{
    const struct raw_client *client = arg;

    return client->connected;
}

bool raw_client_has_ended(void *arg)
{
    const struct raw_client *client = arg;

    return client->end != 0;
}
