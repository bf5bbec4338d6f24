#include "notify_scene.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "must.h"
#include "scene.h"

enum { MESSAGES_MAX = 10000, MESSAGE_SIZE = 4096 };

/* Each test has a process of its own, and so has this. */
static int fd;
static uv_poll_t *reader;
static char *messages[MESSAGES_MAX];
static size_t message_count;

static void read_message(void)
{
    char text[MESSAGE_SIZE];
    ssize_t length = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

    if (length < 0)
        return;
    text[length] = '\0';
    ck_assert_uint_lt(message_count, MESSAGES_MAX);
    messages[message_count++] = must_strdup(text);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)events;
    ck_assert_int_eq(status, 0);
    read_message();
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void close_socket(void)
{
    if (reader != NULL)
        uv_close((uv_handle_t *)reader, on_closed);
    reader = NULL;
    uv_run(rig_loop(rig), UV_RUN_NOWAIT);
    close(fd);
}

static void listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);

    ck_assert_uint_lt(length, sizeof(address.sun_path));
    memcpy(address.sun_path, name, length);
    if (*name == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    rig_set_env(rig, "NOTIFY_SOCKET", name);
    notify_scene_resume();
}

static void setup(void)
{
    listen_at(rig_path(rig, "notify"));
}

static void teardown(void)
{
    if (rig_is_running(rig))
        rig_stop(rig);
    close_socket();
    for (size_t i = 0; i < message_count; i++)
        free(messages[i]);
}

TCase *notify_scene_case(Suite *suite, const char *name)
{
    TCase *tests = scene_case(suite, name);

    tcase_add_checked_fixture(tests, setup, teardown);
    return tests;
}

void notify_scene_move(const char *name)
{
    close_socket();
    listen_at(name);
}

void notify_scene_fill(void)
{
    struct sockaddr_un address;
    socklen_t length = sizeof(address);
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    notify_scene_pause();
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    while (sendto(sender, "full", 4, MSG_DONTWAIT, (const struct sockaddr *)&address, length) > 0) {
    }
    ck_assert_int_eq(errno, EAGAIN);
    close(sender);
}

void notify_scene_pause(void)
{
    uv_poll_stop(reader);
}

void notify_scene_resume(void)
{
    if (reader == NULL) {
        reader = must_calloc(1, sizeof(*reader));
        ck_assert_int_eq(uv_poll_init(rig_loop(rig), reader, fd), 0);
    }
    ck_assert_int_eq(uv_poll_start(reader, UV_READABLE, on_readable), 0);
}

void notify_scene_watch(unsigned ms)
{
    char usec[32];

    snprintf(usec, sizeof(usec), "%u000", ms);
    rig_set_env(rig, "WATCHDOG_USEC", usec);
}

/* --- what has come ---------------------------------------------------------------------- */

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

size_t notify_scene_count(const char *beginning)
{
    size_t count = 0;

    for (size_t i = 0; i < message_count; i++)
        count += begins(messages[i], beginning);
    return count;
}

size_t notify_scene_place(const char *beginning, size_t index)
{
    for (size_t i = 0; i < message_count; i++) {
        if (begins(messages[i], beginning) && index-- == 0)
            return i;
    }
    for (size_t i = 0; i < message_count; i++)
        fprintf(stderr, "--- message: %s\n", messages[i]);
    ck_abort_msg("there are too few messages that begin with %s", beginning);
    return 0;
}

const char *notify_scene_text(const char *beginning, size_t index)
{
    return messages[notify_scene_place(beginning, index)];
}

struct wanted {
    const char *beginning;
    size_t count;
};

static bool have_come(void *arg)
{
    const struct wanted *wanted = arg;

    return notify_scene_count(wanted->beginning) >= wanted->count;
}

void notify_scene_await_within(const char *beginning, size_t count, unsigned limit_ms)
{
    struct wanted wanted = {beginning, count};

    rig_wait_at(beginning, rig, "messages to the service manager", have_come, &wanted, limit_ms);
}

void notify_scene_await(const char *beginning, size_t count)
{
    notify_scene_await_within(beginning, count, SCENE_LIMIT_MS);
}
