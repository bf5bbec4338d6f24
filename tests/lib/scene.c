#include "scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "namespace.h"

struct rig *rig;
struct mock_server *mock;

static const char *level;

static void setup(void)
{
    rig = rig_new();
    mock = rig_mock(rig);
    level = "debug";
}

/* However the test left it, it must be able to stop; a sanitizer reports now. */
static void teardown(void)
{
    if (rig_is_running(rig))
        rig_stop(rig);
    rig_free(rig);
}

TCase *scene_case_within(Suite *suite, const char *name, SFun enter, SFun leave)
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, enter, leave);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60 * rig_slowness());
    suite_add_tcase(suite, tests);
    return tests;
}

TCase *scene_case(Suite *suite, const char *name)
{
    return scene_case_within(suite, name, NULL, NULL);
}

TCase *scene_case_apart(Suite *suite, const char *name)
{
    return scene_case_within(suite, name, namespace_enter_network, NULL);
}

/* --- the start -------------------------------------------------------------- */

static const char *write_config(const char *format, va_list args)
{
    struct bytes text = {0};
    struct bytes config = {0};
    const char *path;

    bytes_print_args(&text, format, args);
    for (const char *at = text.data; *at != '\0'; at++) {
        if (*at == '@')
            bytes_print(&config, "%s", mock_server_authority(mock));
        else
            bytes_append_byte(&config, *at, 1);
    }
    path = rig_write(rig, "servers.ini", "%s", config.data);
    bytes_finish(&text);
    bytes_finish(&config);
    return path;
}

const char *scene_config(const char *format, ...)
{
    const char *path;
    va_list args;

    va_start(args, format);
    path = write_config(format, args);
    va_end(args);
    return path;
}

void scene_set_level(const char *name)
{
    level = name;
}

static void start(unsigned count, const char *path)
{
    char option[32];
    char level_option[32];

    snprintf(option, sizeof(option), "--count=%u", count);
    snprintf(level_option, sizeof(level_option), "--log-level=%s", level);
    rig_start(rig, "--log-format=json", level_option, "-c", path, count > 0 ? option : NULL, NULL);
}

void scene_start(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    start(0, write_config(format, args));
    va_end(args);
}

void scene_start_count(unsigned count, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    start(count, write_config(format, args));
    va_end(args);
}

json_t *scene_reload(const char *format, ...)
{
    size_t before = rig_count_events(rig, "reload", NULL);
    va_list args;

    va_start(args, format);
    write_config(format, args);
    va_end(args);
    rig_signal(rig, SIGHUP);
    rig_wait_events(rig, "reload", NULL, before + 1, SCENE_LIMIT_MS);
    return rig_event(rig, "reload", NULL, before);
}

bool scene_replace_file(const char *system_file, const char *path)
{
    return namespace_replace_file(system_file, path);
}

/* --- waiting ---------------------------------------------------------------- */

void scene_await_polls(const char *server, size_t count)
{
    rig_wait_events(rig, "poll", server, count, SCENE_LIMIT_MS);
}

struct wanted_state {
    const char *state;
    size_t count;
};

static bool was_told(void *arg)
{
    const struct wanted_state *wanted = arg;
    size_t cursor = 0;
    size_t count = 0;
    json_t *event;

    while ((event = rig_next_event(rig, &cursor, "connection", NULL)) != NULL)
        count += strcmp(rig_string(event, "is"), wanted->state) == 0;
    return count >= wanted->count;
}

void scene_await_connections(const char *state, size_t count)
{
    struct wanted_state wanted = {state, count};

    rig_wait(rig, was_told, &wanted, SCENE_LIMIT_MS);
}

void scene_await_exit(int status)
{
    struct rig_exit ended = rig_wait_exit(rig, SCENE_LIMIT_MS);

    if (ended.signal == 0 && ended.status == status)
        return;
    /* Not in the message, where Check has no room for all of it. */
    fprintf(stderr, "--- standard output:\n%s--- standard error:\n%s---\n", rig_stdout(rig),
            rig_stderr(rig));
    ck_abort_msg("status %d, signal %d instead of status %d", ended.status, ended.signal, status);
}

static bool has_no_connection(void *arg)
{
    (void)arg;
    return mock_server_open_connections(mock) == 0;
}

void scene_await_no_connection(void)
{
    rig_wait(rig, has_no_connection, NULL, SCENE_LIMIT_MS);
}

/* --- what was seen ---------------------------------------------------------- */

json_t *scene_poll(const char *server, size_t index)
{
    return rig_event(rig, "poll", server, index);
}

json_t *scene_failure(const char *server, size_t index, const char *error)
{
    json_t *poll = scene_poll(server, index);

    ck_assert_str_eq(rig_string(poll, "result"), "error");
    ck_assert_msg(strcmp(rig_string(poll, "error"), error) == 0, "%s instead of %s: %s",
                  rig_string(poll, "error"), error, rig_string(poll, "detail"));
    ck_assert_ptr_null(strstr(rig_string(poll, "detail"), "Unknown system error"));
    return poll;
}

bool scene_is_canceled(const json_t *poll)
{
    const char *error = json_string_value(json_object_get(poll, "error"));

    return error != NULL && strcmp(error, "canceled") == 0;
}

size_t scene_count_canceled(const char *server)
{
    size_t cursor = 0;
    size_t count = 0;
    json_t *poll;

    while ((poll = rig_next_event(rig, &cursor, "poll", server)) != NULL)
        count += scene_is_canceled(poll);
    return count;
}

size_t scene_count_whole(const char *server)
{
    return rig_count_events(rig, "poll", server) - scene_count_canceled(server);
}

void scene_check_all_good(const char *server)
{
    size_t cursor = 0;
    json_t *poll;

    while ((poll = rig_next_event(rig, &cursor, "poll", server)) != NULL) {
        if (strcmp(rig_string(poll, "result"), "ok") != 0 && !scene_is_canceled(poll))
            ck_abort_msg("a failure of %s: %s", server == NULL ? "one" : server,
                         json_dumps(poll, JSON_COMPACT));
    }
}

void scene_check_polls_go_on(const char *server)
{
    size_t cursor = 0;
    json_t *poll;

    scene_await_polls(server, rig_count_events(rig, "poll", server) + 30);
    while ((poll = rig_next_event(rig, &cursor, "poll", server)) != NULL)
        ck_assert_int_le(scene_ns(poll, "late"), (int64_t)(1e9 * rig_slowness()));
}

void scene_check_punctual(void)
{
    struct mock_punctuality found = mock_server_punctuality(mock, NULL);

    ck_assert_uint_gt(found.promises, 0);
    ck_assert_msg(found.early == 0, "%zu of %zu requests were early, the worst by %.0f ns",
                  found.early, found.promises, -(double)found.earliest_ns);
}

int64_t scene_ns(const json_t *event, const char *key)
{
    return (int64_t)(rig_number(event, key) * 1e9 + 0.5);
}

void scene_check_never_early(const char *server)
{
    size_t polls = scene_count_whole(server); /* one that was canceled is the last */
    const struct mock_request *request;

    for (size_t i = 0; i < polls; i++) {
        const struct mock_request *before = scene_request(server, i);
        int64_t since_ns = before->answered_ns >= 0 ? before->answered_ns : before->arrived_ns;
        int64_t delay_ns = scene_ns(scene_poll(server, i), "delay");

        request = mock_server_request(mock, server, i + 1);
        if (request != NULL)
            ck_assert_int_ge(request->arrived_ns - since_ns, delay_ns);
    }
}

const struct mock_request *scene_request(const char *target, size_t index)
{
    const struct mock_request *request = mock_server_request(mock, target, index);

    ck_assert_msg(request != NULL, "there is no request number %zu of %s", index, target);
    return request;
}
