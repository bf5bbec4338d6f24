#include "page_site.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "base/buffer.h"
#include "bytes.h"
#include "must.h"
#include "report/assets.h"

enum { HISTORY = 32 };

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "connect-src 'self'; img-src 'self'; base-uri 'none'; "
                             "form-action 'none'; frame-ancestors 'none'";

struct made_up {
    struct page_said said;
    double changed;
};

struct page_site {
    struct rig *rig;
    uv_tcp_t listener;
    int port;
    char url[64];
    struct made_up *servers;
    size_t count;
    double started, ahead;
    unsigned generation;
    const char *answer; /* to be given instead, or NULL */
    struct client *clients;
    bool listens;
    int handles; /* not yet closed */
};

struct client {
    uv_tcp_t tcp;
    struct page_site *site;
    struct bytes incoming;
    struct client *next;
};

static double clock_now(const struct page_site *site)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return (double)now.tv_sec + (double)now.tv_usec / 1e6 + site->ahead;
}

/* --- its servers ---------------------------------------------------------------- */

static double delay_of(size_t server)
{
    return 1 + (double)(server % 30);
}

static double phase_of(size_t server)
{
    return fmod((double)server * 0.37, delay_of(server));
}

/* How many polls it had, and when the last one was. */
static unsigned polls_of(const struct page_site *site, size_t server, double now, double *last)
{
    double since = now - site->started - phase_of(server);
    double polls = since < 0 ? 0 : floor(since / delay_of(server)) + 1;

    *last = site->started + phase_of(server) + (polls - 1) * delay_of(server);
    return (unsigned)polls;
}

static const char *state_of(const struct page_site *site, size_t server)
{
    const char *state = site->servers[server].said.state;

    return state == NULL ? "ok" : state;
}

static void name_of(const struct page_site *site, size_t server, struct buffer *name)
{
    const char *said = site->servers[server].said.name;

    if (said == NULL)
        buffer_print(name, "s%05zu", server);
    else
        buffer_text(name, said);
    buffer_add(name, "", 1);
}

static void write_poll(const struct page_site *site, size_t server, double now, struct buffer *out)
{
    const struct made_up *made_up = &site->servers[server];
    bool good = strcmp(state_of(site, server), "ok") == 0;
    double last;
    unsigned polls = polls_of(site, server, now, &last);

    buffer_print(out, ",\"polls\":%u,\"failures\":%d", polls, good ? 0 : 3);
    if (!good) {
        if (made_up->said.status != 0)
            buffer_print(out, ",\"status\":%d,\"error\":\"status\"", made_up->said.status);
        else
            buffer_text(out, ",\"error\":\"timeout\"");
        buffer_text(out, ",\"attempt\":3,\"detail\":");
        buffer_json(out, made_up->said.detail == NULL ? "no detail" : made_up->said.detail);
    } else if (polls > 0) {
        buffer_text(out, ",\"status\":200");
    }
    if (polls > 0)
        buffer_print(out, ",\"delay\":%g,\"took\":%.6f,\"late\":%.6f,\"last\":%.6f",
                     delay_of(server), 0.0004 + (double)(server % 7) / 1e3,
                     0.00008 + (double)(server % 5) / 1e5, last);
    buffer_print(out, ",\"next\":%.6f", last + delay_of(server));
}

static void write_server(const struct page_site *site, size_t server, double now,
                         struct buffer *out)
{
    const struct made_up *made_up = &site->servers[server];
    struct buffer name = {0};

    name_of(site, server, &name);
    buffer_text(out, "{\"name\":");
    buffer_json(out, name.bytes);
    buffer_print(out, ",\"state\":\"%s\",\"since\":%.6f,\"url\":", state_of(site, server),
                 made_up->changed);
    if (made_up->said.url != NULL) {
        buffer_json(out, made_up->said.url);
    } else {
        struct buffer url = {0};
        buffer_print(&url, "http://127.0.0.1:8001/%s", name.bytes);
        buffer_add(&url, "", 1);
        buffer_json(out, url.bytes);
        buffer_free(&url);
    }
    write_poll(site, server, now, out);
    buffer_free(&name);
}

/* --- what it serves ---------------------------------------------------------------- */

static void write_head(const struct page_site *site, double now, struct buffer *out)
{
    size_t failing = 0, overdue = 0, polls = 0;
    double last;

    for (size_t i = 0; i < site->count; i++) {
        failing += strcmp(state_of(site, i), "failing") == 0;
        overdue += strcmp(state_of(site, i), "overdue") == 0;
        polls += polls_of(site, i, now, &last);
    }
    buffer_print(out,
                 "{\"version\":\"0.1.0\",\"pid\":42,\"started\":%.6f,\"now\":%.6f,\"up\":%.6f,"
                 "\"change\":%.0f,"
                 "\"generation\":%u,\"ok\":%zu,\"failing\":%zu,\"overdue\":%zu,\"polls\":%zu,"
                 "\"failures\":%zu,\"servers\":[",
                 site->started, now, now - site->started, now * 1e6, site->generation,
                 site->count - failing - overdue, failing, overdue, polls, 3 * (failing + overdue));
}

static void write_status(const struct page_site *site, double since, struct buffer *out)
{
    double now = clock_now(site);
    bool first = true;
    double last;

    write_head(site, now, out);
    for (size_t i = 0; i < site->count; i++) {
        polls_of(site, i, now, &last);
        if (last <= since && site->servers[i].changed <= since)
            continue;
        buffer_text(out, first ? "\n" : ",\n");
        write_server(site, i, now, out);
        buffer_text(out, "}");
        first = false;
    }
    buffer_text(out, "]}\n");
}

static void write_history(const struct page_site *site, size_t server, double now,
                          struct buffer *out)
{
    double last;
    unsigned polls = polls_of(site, server, now, &last);
    unsigned count = polls < HISTORY ? polls : HISTORY;
    bool good = strcmp(state_of(site, server), "ok") == 0;

    buffer_text(out, ",\"history\":[");
    for (unsigned i = 0; i < count; i++) {
        bool failed = !good && i + 3 >= count;
        buffer_print(out, "%s[%.6f,%g,%g,", i == 0 ? "" : ",",
                     last - (count - 1 - i) * delay_of(server), delay_of(server),
                     0.0004 * (1 + i % 4));
        buffer_print(out, failed ? "null,false]" : "%g,true]", 0.00007 * (1 + i % 3));
    }
    buffer_text(out, "]");
}

static void write_one(const struct page_site *site, size_t server, struct buffer *out)
{
    double now = clock_now(site);

    write_server(site, server, now, out);
    write_history(site, server, now, out);
    buffer_print(out,
                 ",\"explain\":{},\"why\":[\"The server said %g s, in its body.\",\"That is "
                 "between min-delay, 0 s, and max-delay, 1 d.\",\"So the next request is due "
                 "then.\"]}\n",
                 delay_of(server));
}

/* %-escapes as encodeURIComponent() writes them. */
static void unescape(struct buffer *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned byte = (unsigned char)text[i];
        if (byte == '%' && i + 2 < length && sscanf(text + i + 1, "%2x", &byte) == 1)
            i += 2;
        buffer_add(out, &(char){(char)byte}, 1);
    }
    buffer_add(out, "", 1);
}

/* The number of the server in /servers/NAME.json, or the count of all. */
static size_t find_server(const struct page_site *site, const char *path)
{
    size_t length = strlen(path);
    size_t found = site->count;
    struct buffer wanted = {0};

    if (strncmp(path, "/servers/", 9) != 0 || length < 14)
        return found;
    unescape(&wanted, path + 9, length - 14);
    for (size_t i = 0; i < site->count && found == site->count; i++) {
        struct buffer name = {0};
        name_of(site, i, &name);
        if (strcmp(name.bytes, wanted.bytes) == 0)
            found = i;
        buffer_free(&name);
    }
    buffer_free(&wanted);
    return found;
}

/* The body; its type, or NULL where there is no such page. */
static const char *serve(const struct page_site *site, const char *target, struct buffer *body)
{
    const struct page *asset = asset_page(target);
    size_t server = find_server(site, target);
    double since = -1;

    if (asset != NULL) {
        buffer_add(body, asset->bytes, asset->length);
        return asset->type;
    }
    if (strncmp(target, "/status.json", 12) == 0) {
        sscanf(target, "/status.json?since=%lf", &since); /* its changes are counted in µs */
        since /= 1e6;
        if (site->answer != NULL)
            buffer_text(body, site->answer);
        else
            write_status(site, since, body);
        return "application/json";
    }
    if (server == site->count)
        return NULL;
    write_one(site, server, body);
    return "application/json";
}

/* --- its connections ---------------------------------------------------------------- */

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;

    client->site->handles--;
    bytes_finish(&client->incoming);
    free(client);
}

static void close_client(struct client *client)
{
    struct client **link = &client->site->clients;

    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    uv_close((uv_handle_t *)&client->tcp, on_client_closed);
}

struct answer {
    uv_write_t write;
    struct buffer text;
};

static void on_written(uv_write_t *write, int status)
{
    struct answer *answer = write->data;

    (void)status;
    buffer_free(&answer->text);
    free(answer);
}

static void answer(struct client *client, const char *target)
{
    struct answer *answer = must_calloc(1, sizeof(*answer));
    struct buffer body = {0};
    const char *type = serve(client->site, target, &body);
    uv_buf_t whole;

    buffer_print(&answer->text,
                 "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                 "Content-Security-Policy: %s\r\nX-Content-Type-Options: nosniff\r\n"
                 "Cache-Control: no-store\r\n\r\n",
                 type == NULL ? "404 Not Found" : "200 OK", type == NULL ? "text/plain" : type,
                 body.length, policy);
    buffer_add(&answer->text, body.bytes, body.length);
    buffer_free(&body);
    answer->write.data = answer;
    whole = uv_buf_init(answer->text.bytes, (unsigned)answer->text.length);
    if (uv_write(&answer->write, (uv_stream_t *)&client->tcp, &whole, 1, on_written) != 0)
        on_written(&answer->write, -1);
}

/* The browser waits for each answer before it asks the next. */
static void take_request(struct client *client)
{
    char target[4096];

    if (client->incoming.data == NULL || strstr(client->incoming.data, "\r\n\r\n") == NULL)
        return;
    ck_assert_int_eq(sscanf(client->incoming.data, "GET %4095s HTTP/1.1\r\n", target), 1);
    bytes_truncate(&client->incoming, 0);
    answer(client, target);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char shared[65536];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof(shared));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct client *client = stream->data;

    if (length < 0) {
        close_client(client);
        return;
    }
    bytes_append(&client->incoming, buffer->base, (size_t)length);
    take_request(client);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct page_site *site = listener->data;
    struct client *client = must_calloc(1, sizeof(*client));

    ck_assert_int_eq(status, 0);
    client->site = site;
    client->next = site->clients;
    site->clients = client;
    site->handles++;
    uv_tcp_init(rig_loop(site->rig), &client->tcp);
    client->tcp.data = client;
    uv_accept(listener, (uv_stream_t *)&client->tcp);
    uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read);
}

/* --- its life ---------------------------------------------------------------- */

void page_site_start(struct page_site *site)
{
    struct sockaddr_in address;
    int length = sizeof(address);

    uv_ip4_addr("127.0.0.1", site->port, &address);
    uv_tcp_init(rig_loop(site->rig), &site->listener);
    site->listener.data = site;
    site->handles++;
    site->listens = true;
    ck_assert_int_eq(uv_tcp_bind(&site->listener, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&site->listener, 128, on_connection), 0);
    uv_tcp_getsockname(&site->listener, (struct sockaddr *)&address, &length);
    site->port = ntohs(address.sin_port);
    snprintf(site->url, sizeof(site->url), "http://127.0.0.1:%d/", site->port);
}

static void on_closed(uv_handle_t *handle)
{
    struct page_site *site = handle->data;

    site->handles--;
}

static bool is_closed(void *arg)
{
    const struct page_site *site = arg;

    return site->handles == 0;
}

void page_site_stop(struct page_site *site)
{
    if (!site->listens)
        return;
    site->listens = false;
    uv_close((uv_handle_t *)&site->listener, on_closed);
    while (site->clients != NULL)
        close_client(site->clients);
    rig_wait(site->rig, is_closed, site, 10000);
}

struct page_site *page_site_new(struct rig *rig, size_t servers)
{
    struct page_site *site = must_calloc(1, sizeof(*site));

    site->rig = rig;
    /* A while ago, so that there is something to draw. */
    site->started = clock_now(site) - 120;
    page_site_reload(site, servers);
    page_site_start(site);
    return site;
}

void page_site_free(struct page_site *site)
{
    page_site_stop(site);
    free(site->servers);
    free(site);
}

const char *page_site_url(const struct page_site *site)
{
    return site->url;
}

void page_site_say(struct page_site *site, size_t server, struct page_said said)
{
    ck_assert_uint_lt(server, site->count);
    site->servers[server] = (struct made_up){said, clock_now(site)};
}

void page_site_reload(struct page_site *site, size_t servers)
{
    site->servers = must_realloc(site->servers, servers, sizeof(*site->servers));
    for (size_t i = site->count; i < servers; i++)
        site->servers[i] = (struct made_up){.changed = site->started};
    site->count = servers;
    site->generation++;
}

void page_site_answer(struct page_site *site, const char *body)
{
    site->answer = body;
}

void page_site_set_clock(struct page_site *site, double ahead)
{
    site->started += ahead - site->ahead;
    site->ahead = ahead;
}
