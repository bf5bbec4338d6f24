#include "listener_scene.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "must.h"

#define LIMIT (30 * SECOND)

int listener_scene_haste = 1;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
void __real_wakeup_set(struct wakeups *wakeups, struct wakeup *wakeup, int64_t due,
                       void (*wake)(struct wakeup *wakeup));
void __wrap_wakeup_set(struct wakeups *wakeups, struct wakeup *wakeup, int64_t due,
                       void (*wake)(struct wakeup *wakeup));

void __wrap_wakeup_set(struct wakeups *wakeups, struct wakeup *wakeup, int64_t due,
                       void (*wake)(struct wakeup *wakeup))
{
    int64_t now = clock_now();

    __real_wakeup_set(wakeups, wakeup, now + (due - now) / listener_scene_haste, wake);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* --- pages ----------------------------------------------------------------------------- */

struct made_up {
    struct page page;
    struct listener_scene *scene;
    char *text;  /* where the page has one of its own */
    size_t made; /* pieces, or bytes */
};

char listener_scene_byte(size_t place)
{
    return (char)('a' + place % 23);
}

static void free_page(struct page *page)
{
    struct made_up *made_up = container_of(page, struct made_up, page);

    made_up->scene->open--;
    free(made_up->text);
    free(made_up);
}

static bool make_three(struct page *page, struct buffer *piece)
{
    static const char *const texts[] = {"one\n", "", "two\n", "three\n"};
    struct made_up *made_up = container_of(page, struct made_up, page);

    made_up->scene->pieces++;
    buffer_text(piece, texts[made_up->made++]);
    return made_up->made < 4;
}

static void add_bytes(struct made_up *made_up, struct buffer *piece, size_t length)
{
    char bytes[PAGE_PIECE];

    for (size_t i = 0; i < length; i++)
        bytes[i] = listener_scene_byte(made_up->made + i);
    buffer_add(piece, bytes, length);
    made_up->made += length;
    made_up->scene->pieces++;
}

static bool make_big(struct page *page, struct buffer *piece)
{
    struct made_up *made_up = container_of(page, struct made_up, page);
    size_t left = BIG - made_up->made;

    add_bytes(made_up, piece, left < PAGE_PIECE ? left : PAGE_PIECE);
    return made_up->made < BIG;
}

static bool make_endless(struct page *page, struct buffer *piece)
{
    add_bytes(container_of(page, struct made_up, page), piece, PAGE_PIECE);
    return true;
}

static bool make_heavy(struct page *page, struct buffer *piece)
{
    int64_t stop = clock_now() + LISTENER_TURN + 1;

    while (clock_now() < stop) {
    }
    return make_endless(page, piece);
}

static bool make_broken(struct page *page, struct buffer *piece)
{
    struct made_up *made_up = container_of(page, struct made_up, page);

    piece->failed = made_up->made > 0;
    add_bytes(made_up, piece, PAGE_PIECE);
    return true;
}

static void set_text(struct made_up *made_up, char *text, size_t length)
{
    made_up->text = text;
    made_up->page.bytes = text;
    made_up->page.length = length;
}

static void set_large(struct made_up *made_up)
{
    char *text = must_calloc(1, LARGE);

    for (size_t i = 0; i < LARGE; i++)
        text[i] = listener_scene_byte(i);
    set_text(made_up, text, LARGE);
}

static void set_echo(struct made_up *made_up, const char *path, const char *query)
{
    struct bytes text = {0};

    bytes_print(&text, "%s %s\n", path, query == NULL ? "-" : query);
    set_text(made_up, text.data, text.length);
}

static const struct {
    const char *path;
    bool (*next)(struct page *page, struct buffer *piece);
} streams[] = {
    {"/three", make_three},     {"/unwell", make_three}, {"/big", make_big},
    {"/endless", make_endless}, {"/heavy", make_heavy},  {"/broken", make_broken},
};

static bool set_content(struct made_up *made_up, const char *path, const char *query)
{
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        if (strcmp(path, streams[i].path) == 0)
            made_up->page.next = streams[i].next;
    if (made_up->page.next != NULL)
        return true;
    if (strncmp(path, "/echo", 5) == 0)
        set_echo(made_up, path, query);
    else if (strcmp(path, "/large") == 0)
        set_large(made_up);
    else if (strcmp(path, "/empty") == 0)
        made_up->page.bytes = "";
    return made_up->page.bytes != NULL;
}

static struct page *find(void *user, const char *path, const char *query)
{
    static struct page hello = {.status = 200,
                                .type = "text/plain; charset=utf-8",
                                .etag = "\"v1\"",
                                .bytes = "hello\n",
                                .length = 6};
    struct listener_scene *scene = user;
    struct made_up *made_up;

    scene->found++;
    if (strcmp(path, "/") == 0)
        return &hello;
    made_up = must_calloc(1, sizeof *made_up);
    made_up->scene = scene;
    made_up->page = (struct page){.status = strcmp(path, "/unwell") == 0 ? 503 : 200,
                                  .type = "text/plain; charset=utf-8",
                                  .free = free_page};
    scene->open++;
    if (set_content(made_up, path, query))
        return &made_up->page;
    free_page(&made_up->page);
    return NULL;
}

/* --- the scene --------------------------------------------------------------------------- */

void listener_scene_start(struct listener_scene *scene, const char *address)
{
    const struct listener_site site = {find, scene};
    char why[256] = "";

    *scene = (struct listener_scene){0};
    listener_scene_haste = 1;
    ck_assert_int_eq(uv_loop_init(&scene->loop), 0);
    ck_assert_int_eq(wakeups_init(&scene->wakeups, &scene->loop), 0);
    ck_assert_msg(listener_start(&scene->listener, &scene->loop, &scene->wakeups, address,
                                 LISTENER_CONNECTIONS, &site, why, sizeof why) == 0,
                  "%s: %s", address, why);
    listener_address(scene->listener, scene->address);
}

void listener_scene_stop(struct listener_scene *scene)
{
    listener_close(scene->listener);
    wakeups_close(&scene->wakeups);
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(scene->wakeups.count, 0);
    wakeups_free(&scene->wakeups);
    ck_assert_int_eq(uv_loop_close(&scene->loop), 0);
    ck_assert_uint_eq(scene->open, 0);
}

void listener_scene_turn(struct listener_scene *scene)
{
    struct pollfd ready = {.fd = uv_backend_fd(&scene->loop), .events = POLLIN};

    if (uv_backend_timeout(&scene->loop) != 0)
        poll(&ready, 1, 1);
    uv_run(&scene->loop, UV_RUN_NOWAIT);
}

void listener_scene_wait(struct listener_scene *scene, bool (*predicate)(void *arg), void *arg)
{
    int64_t limit = clock_now() + LIMIT;

    while (!predicate(arg)) {
        ck_assert_msg(clock_now() < limit, "what was waited for did not happen");
        listener_scene_turn(scene);
    }
}

/* --- clients ------------------------------------------------------------------------------- */

struct listener_client *listener_client_new(struct listener_scene *scene)
{
    struct listener_client *client = must_calloc(1, sizeof *client);
    struct listen_address address;
    char why[128];

    ck_assert(listen_address_parse(&address, scene->address, why, sizeof why));
    client->scene = scene;
    client->fd = socket(address.socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(client->fd, 0);
    ck_assert_int_eq(connect(client->fd, &address.socket.any, address.length), 0);
    ck_assert_int_eq(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
    return client;
}

void listener_client_free(struct listener_client *client)
{
    close(client->fd);
    bytes_finish(&client->received);
    free(client);
}

size_t listener_client_send(struct listener_client *client, const char *bytes, size_t length)
{
    int64_t limit = clock_now() + LIMIT;
    size_t sent = 0;

    while (sent < length) {
        ssize_t some = send(client->fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (some < 0 && errno != EAGAIN)
            break;
        sent += some > 0 ? (size_t)some : 0;
        ck_assert_msg(clock_now() < limit, "what was sent was not taken");
        listener_scene_turn(client->scene);
    }
    return sent;
}

void listener_client_say(struct listener_client *client, const char *text)
{
    ck_assert_uint_eq(listener_client_send(client, text, strlen(text)), strlen(text));
}

void listener_client_read(struct listener_client *client)
{
    char bytes[65536];
    ssize_t length = 1;

    while (length > 0) {
        length = recv(client->fd, bytes, sizeof bytes, 0);
        if (length > 0)
            bytes_append(&client->received, bytes, (size_t)length);
    }
    client->reset |= length < 0 && errno == ECONNRESET;
    client->ended |= length == 0 || client->reset;
}

void listener_client_await(struct listener_client *client, const char *text)
{
    int64_t limit = clock_now() + LIMIT;

    while (strstr(bytes_text(&client->received), text) == NULL) {
        ck_assert_msg(clock_now() < limit, "no \"%s\" in \"%s\"", text,
                      bytes_text(&client->received));
        listener_scene_turn(client->scene);
        listener_client_read(client);
    }
}

static bool has_ended(void *arg)
{
    struct listener_client *client = arg;

    listener_client_read(client);
    return client->ended;
}

void listener_client_await_end(struct listener_client *client)
{
    listener_scene_wait(client->scene, has_ended, client);
}

char *listener_scene_ask(struct listener_scene *scene, const char *text)
{
    struct listener_client *client = listener_client_new(scene);
    char *received;

    listener_client_say(client, text);
    listener_client_await_end(client);
    received = must_strdup(bytes_text(&client->received));
    listener_client_free(client);
    return received;
}
