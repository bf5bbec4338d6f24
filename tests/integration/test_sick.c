/*
 * Healthy servers beside sick ones of every kind: the healthy ones never notice,
 * and each sick one is retried at its back-off, for ever.
 */
#include <string.h>

#include "check_main.h"
#include "full_listener.h"
#include "scene.h"

enum { HEALTHY = 20, HEALTHY_POLLS = 15, SICK_POLLS = 4 };

static const int64_t MS = 1000000;

/* What the timeouts and waits of the configuration below are. */
static const int64_t RETRY_MS[SICK_POLLS] = {50, 100, 200, 200};

static const struct sick {
    const char *name;
    const char *where; /* "sick", or one of the addresses below */
    const char *query;
    const char *error;
} sick[] = {
    {"silent", "sick", "silent", "timeout"},
    {"slow", "sick", "slow=60000", "timeout"},
    {"trickle", "sick", "trickle=200", "timeout"},
    {"refused", "refused", "", "connect"},
    {"unreached", "unreached", "", "connect"},
    {"accept-close", "accept-close", "", "closed"},
    {"accept-reset", "accept-reset", "", "closed"},
    {"close-request", "sick", "close=request", "closed"},
    {"close-header", "sick", "close=header", "closed"},
    {"close-body", "sick", "close=body", "closed"},
    {"reset-request", "sick", "reset=request", "closed"},
    {"reset-header", "sick", "reset=header", "closed"},
    {"reset-body", "sick", "reset=body", "closed"},
    {"garbage", "sick", "garbage", "protocol"},
    {"endless-header", "sick", "endless=header", "too-large"},
    {"endless-interim", "sick", "endless=interim", "protocol"},
    {"endless-body", "sick", "endless=body&framing=close", "too-large"},
    {"endless-chunks", "sick", "endless=body&framing=chunked", "too-large"},
    {"endless-extension", "sick", "endless=chunk-extension", "too-large"},
    {"endless-trailer", "sick", "endless=trailer", "too-large"},
    {"nowhere", "nosuch.invalid", "", "dns"},
    {"error", "sick", "status=500", "status"},
    {"wordy", "sick", "delay=soon", "no-delay"},
};

enum { SICK = sizeof(sick) / sizeof(sick[0]) };

static struct mock_server *sick_mock;
static struct mock_server *refusing;
static struct mock_server *closing;
static struct mock_server *resetting;
static struct full_listener unreached;

static void setup(void)
{
    sick_mock = rig_mock(rig);
    refusing = rig_mock(rig);
    mock_server_stop_listening(refusing);
    closing = rig_mock(rig);
    mock_server_set_accept(closing, MOCK_ACCEPT_AND_CLOSE, UINT_MAX);
    resetting = rig_mock(rig);
    mock_server_set_accept(resetting, MOCK_ACCEPT_AND_RESET, UINT_MAX);
    full_listener_init(&unreached);
}

static void teardown(void)
{
    full_listener_finish(&unreached);
}

static const char *authority(const char *where)
{
    static char text[64];

    if (strcmp(where, "sick") == 0)
        return mock_server_authority(sick_mock);
    if (strcmp(where, "refused") == 0)
        return mock_server_authority(refusing);
    if (strcmp(where, "accept-close") == 0)
        return mock_server_authority(closing);
    if (strcmp(where, "accept-reset") == 0)
        return mock_server_authority(resetting);
    if (strcmp(where, "unreached") != 0)
        return where;
    snprintf(text, sizeof(text), "127.0.0.1:%d", unreached.port);
    return text;
}

static const char *healthy_name(size_t index)
{
    static char name[16];

    snprintf(name, sizeof(name), "healthy%zu", index);
    return name;
}

static void add_healthy(struct bytes *list, size_t index)
{
    bytes_print(list, "[server %s]\nurl = @/%s?delay=0.%zu%s\n", healthy_name(index),
                healthy_name(index), 10 + index, index % 4 == 0 ? "&framing=chunked" : "");
}

/* Short limits only for those who are to run into them, as the machine may be busy. */
static void add_sick(struct bytes *list, const struct sick *server)
{
    bytes_print(list, "[server %s]\nurl = %s/%s?%s\n", server->name, authority(server->where),
                server->name, server->query);
    if (strcmp(server->error, "timeout") == 0)
        bytes_print(list, "timeout = 300ms\n");
    if (strcmp(server->error, "connect") == 0 || strcmp(server->error, "dns") == 0)
        bytes_print(list, "connect-timeout = 200ms\n");
}

/* Alternately healthy and sick, as far as there are both. */
static void start(void)
{
    struct bytes list = {0};

    for (size_t i = 0; i < HEALTHY || i < SICK; i++) {
        if (i < HEALTHY)
            add_healthy(&list, i);
        if (i < SICK)
            add_sick(&list, &sick[i]);
    }
    scene_start("[defaults]\nretry = 50ms\nretry-max = 200ms\n%s", list.data);
    bytes_finish(&list);
}

static void check_healthy(const char *name)
{
    size_t polls = scene_count_whole(name);
    size_t requests = mock_server_requests(mock, name);

    scene_check_all_good(name);
    scene_check_never_early(name);
    ck_assert_uint_ge(requests, polls);
    ck_assert_uint_le(requests, polls + 1); /* the last may have been cut off by the stop */
}

/* Where the reset comes so soon that the connect itself fails. */
static bool is_reset_of_connect(const struct sick *server, json_t *poll)
{
    return strcmp(server->where, "accept-reset") == 0 &&
           strcmp(rig_string(poll, "error"), "connect") == 0;
}

static void check_sick(const struct sick *server)
{
    for (size_t i = 0; i < SICK_POLLS; i++) {
        json_t *poll = scene_poll(server->name, i);

        if (!is_reset_of_connect(server, poll))
            scene_failure(server->name, i, server->error);
        ck_assert_int_eq((int)rig_number(poll, "attempt"), (int)i + 1);
        ck_assert_int_le(scene_ns(poll, "delay"), RETRY_MS[i] * MS);
        ck_assert_int_ge(scene_ns(poll, "delay"), RETRY_MS[i] * MS * 3 / 4);
    }
}

/* Not for those that send no request. */
static void check_retries_are_not_early(const char *name)
{
    struct mock_server *const home = mock;

    if (mock_server_requests(sick_mock, name) == 0)
        return;
    mock = sick_mock;
    scene_check_never_early(name);
    mock = home;
}

START_TEST(the_healthy_never_notice_the_sick)
{
    start();
    for (size_t i = 0; i < HEALTHY; i++)
        scene_await_polls(healthy_name(i), HEALTHY_POLLS);
    for (size_t i = 0; i < SICK; i++)
        scene_await_polls(sick[i].name, SICK_POLLS);
    rig_stop(rig);
    scene_check_punctual();
    for (size_t i = 0; i < HEALTHY; i++)
        check_healthy(healthy_name(i));
    for (size_t i = 0; i < SICK; i++) {
        check_sick(&sick[i]);
        check_retries_are_not_early(sick[i].name);
    }
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

START_TEST(the_sick_recover)
{
    mock_server_stop_listening(mock);
    scene_start("[defaults]\nretry = 50ms\nretry-max = 200ms\n"
                "[servers]\na = @/a?delay=0.03\n");
    scene_await_polls("a", 3);
    scene_failure("a", 2, "connect");
    ck_assert_int_eq(mock_server_listen_again(mock), 0);
    mock_server_set_accept(mock, MOCK_ACCEPT_AND_RESET, 2);
    rig_wait_requests(rig, mock, "a", 3, SCENE_LIMIT_MS);
    rig_stop(rig);
    scene_check_punctual();
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("sick");
    TCase *tests = scene_case(suite, "sick");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_healthy_never_notice_the_sick);
    tcase_add_test(tests, the_sick_recover);
    return suite;
}

CHECK_MAIN(suite())
