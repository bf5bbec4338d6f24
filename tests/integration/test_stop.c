/*
 * SIGTERM and SIGINT end the program cleanly wherever it stands. That no handle
 * is left is checked by the program itself: its exit status would be 1, with a
 * sentence on standard error.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_main.h"
#include "full_listener.h"
#include "scene.h"
#include "silent_resolver.h"

/* Each stage by each signal; and at info, where what was cut short is not told. */
static const struct variant {
    int signal;
    const char *name; /* of the signal */
    const char *level;
} variants[] = {
    {SIGTERM, "SIGTERM", "debug"},
    {SIGINT, "SIGINT", "debug"},
    {SIGTERM, "SIGTERM", "info"},
};

enum { VARIANTS = sizeof(variants) / sizeof(variants[0]), ANY = -1 };

static bool tells_all(const struct variant *variant)
{
    return strcmp(variant->level, "debug") == 0;
}

static json_t *last_poll(const char *server)
{
    return scene_poll(server, rig_count_events(rig, "poll", server) - 1);
}

/* The server's poll was in flight: it is told once, and as what it is. */
static void check_canceled(const struct variant *variant, const char *server)
{
    json_t *poll;

    if (!tells_all(variant))
        return;
    ck_assert_uint_eq(scene_count_canceled(server), 1);
    poll = last_poll(server);
    ck_assert(scene_is_canceled(poll));
    ck_assert_str_eq(rig_string(poll, "level"), "debug");
    ck_assert_str_eq(rig_string(poll, "result"), "error");
    ck_assert_str_eq(rig_string(poll, "detail"), "aiopoll is stopping");
    ck_assert_ptr_null(json_object_get(poll, "delay"));
    ck_assert_ptr_null(json_object_get(poll, "clamped"));
}

static size_t count_failures(void)
{
    size_t cursor = 0;
    size_t count = 0;
    json_t *poll;

    while ((poll = rig_next_event(rig, &cursor, "poll", NULL)) != NULL)
        count += strcmp(rig_string(poll, "result"), "error") == 0 && !scene_is_canceled(poll);
    return count;
}

/* All polls are counted, and of the canceled ones none as a failure. */
static void check_counts(const struct variant *variant, const json_t *stop, int canceled)
{
    size_t told = rig_count_events(rig, "poll", NULL);
    size_t polls = (size_t)rig_number(stop, "polls");

    if (tells_all(variant))
        ck_assert_uint_eq(polls, told);
    else
        ck_assert_uint_eq(scene_count_canceled(NULL), 0);
    if (tells_all(variant) && canceled != ANY)
        ck_assert_uint_eq(scene_count_canceled(NULL), (size_t)canceled);
    if (!tells_all(variant) && canceled != ANY)
        ck_assert_uint_eq(polls, told + (size_t)canceled);
    if (tells_all(variant) || canceled != ANY)
        ck_assert_uint_eq((size_t)rig_number(stop, "failures"), count_failures());
}

/* `canceled`: how many polls are in flight. */
static void check_stop(const struct variant *variant, int canceled)
{
    json_t *stop;

    rig_signal(rig, variant->signal);
    scene_await_exit(0);
    ck_assert_str_eq(rig_stderr(rig), "");
    stop = rig_event(rig, "stop", NULL, 0);
    ck_assert_str_eq(rig_string(stop, "level"), "info");
    ck_assert_str_eq(rig_string(stop, "why"), variant->name);
    check_counts(variant, stop, canceled);
    ck_assert_uint_eq(rig_count_events(rig, "stop", NULL), 1);
    ck_assert_ptr_eq(rig_event(rig, NULL, NULL, rig_count_events(rig, NULL, NULL) - 1), stop);
}

/* Before each test: its variant. */
static const struct variant *use_variant(int index)
{
    scene_set_level(variants[index].level);
    return &variants[index];
}

START_TEST(with_an_idle_connection)
{
    const struct variant *variant = use_variant(_i);

    scene_start("[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    check_stop(variant, 0);
    scene_await_no_connection();
}
END_TEST

START_TEST(without_a_connection)
{
    const struct variant *variant = use_variant(_i);

    scene_start("[defaults]\nkeep-alive = 0\n[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    scene_await_no_connection();
    check_stop(variant, 0);
}
END_TEST

START_TEST(before_the_first_poll_of_some)
{
    const struct variant *variant = use_variant(_i);

    scene_start("[aiopoll]\nstart-rate = 1\n"
                "[servers]\na = @/a?delay=60\nb = @/b?delay=60\nc = @/c?delay=60\n");
    scene_await_polls("a", 1);
    check_stop(variant, 0);
    ck_assert_uint_eq(mock_server_requests(mock, "c"), 0);
}
END_TEST

START_TEST(while_waiting_to_retry)
{
    const struct variant *variant = use_variant(_i);

    scene_start("[defaults]\nretry = 60s\n[servers]\na = @/a?status=500\n");
    scene_await_polls("a", 1);
    check_stop(variant, 0);
}
END_TEST

START_TEST(while_waiting_for_the_response)
{
    const struct variant *variant = use_variant(_i);

    scene_start("[servers]\na = @/a?silent\n");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    check_stop(variant, 1);
    check_canceled(variant, "a");
    scene_await_no_connection();
}
END_TEST

static bool has_begun(void *arg)
{
    (void)arg;
    return mock_server_requests(mock, "a") > 0 && scene_request("a", 0)->begun_ns >= 0;
}

START_TEST(in_the_middle_of_the_response)
{
    static const char *const queries[] = {
        "raw=HTTP/1.1%20200",
        "raw=HTTP/1.1%20200%20OK%0D%0AContent-Length:%205%0D%0A%0D%0A12",
        "raw=HTTP/1.1%20200%20OK%0D%0ATransfer-Encoding:%20chunked%0D%0A%0D%0A5%0D%0A12",
        "raw=HTTP/1.1%20200%20OK%0D%0A%0D%0A12",
        "trickle=100",
    };

    scene_start("[servers]\na = @/a?%s\n", queries[_i]);
    rig_wait(rig, has_begun, NULL, SCENE_LIMIT_MS);
    rig_pass(rig, 50); /* for the bytes to arrive; before that it would be the test above */
    check_stop(&variants[0], 1);
    check_canceled(&variants[0], "a");
    ck_assert_uint_eq(rig_count_events(rig, "poll", NULL), 1);
    scene_await_no_connection();
}
END_TEST

START_TEST(while_connecting)
{
    const struct variant *variant = use_variant(_i);
    struct full_listener unreached;

    full_listener_init(&unreached);
    scene_start("[servers]\na = 127.0.0.1:%d/\n", unreached.port);
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    rig_pass(rig, 50); /* for the connect to be under way */
    check_stop(variant, 1);
    check_canceled(variant, "a");
    full_listener_finish(&unreached);
}
END_TEST

START_TEST(while_resolving)
{
    const struct variant *variant = use_variant(_i);
    struct silent_resolver *resolver = silent_resolver_new(rig_loop(rig));

    if (resolver == NULL)
        return; /* not as this user */
    if (scene_replace_file("/etc/resolv.conf", rig_write(rig, "resolv.conf", "nameserver %s\n",
                                                         silent_resolver_address(resolver)))) {
        scene_start("[servers]\na = http://some.test/\nb = http://other.test/\n"
                    "c = http://some.test:81/\n");
        rig_wait(rig, silent_resolver_was_asked, resolver, SCENE_LIMIT_MS);
        check_stop(variant, 3);
        check_canceled(variant, "a");
        check_canceled(variant, "b");
        check_canceled(variant, "c");
    }
    silent_resolver_free(resolver);
}
END_TEST

START_TEST(with_all_of_that_at_once)
{
    const struct variant *variant = use_variant(_i);
    struct full_listener unreached;

    full_listener_init(&unreached);
    scene_start("[defaults]\nconnect-timeout = 60s\ntimeout = 60s\n"
                "[servers]\n"
                "a = @/a?delay=60\n"
                "b = @/b?silent\n"
                "c = @/c?trickle=100\n"
                "d = 127.0.0.1:%d/\n"
                "e = @/e?delay=0\n"
                "f = @/f?delay=0.001&connection=close\n"
                "g = @/g?close=request\n"
                "h = http://nosuch.invalid/\n",
                unreached.port);
    rig_wait_requests(rig, mock, "e", 100, SCENE_LIMIT_MS);
    scene_await_polls("a", 1);
    rig_wait_requests(rig, mock, "b", 1, SCENE_LIMIT_MS);
    rig_wait_requests(rig, mock, "f", 10, SCENE_LIMIT_MS);
    check_stop(variant, ANY);
    check_canceled(variant, "b");
    check_canceled(variant, "c");
    check_canceled(variant, "d");
    full_listener_finish(&unreached);
}
END_TEST

/* At whatever point of a busy program's work the signal comes. */
START_TEST(at_any_moment)
{
    scene_start("[aiopoll]\nstart-rate = 1000000\n"
                "[servers]\n"
                "a = @/a?delay=0.001\nb = @/b?delay=0\nc = @/c?delay=0&framing=close\n"
                "d = localhost:%d/d?delay=0.002&connection=close\n",
                mock_server_port(mock));
    rig_wait_requests(rig, mock, NULL, (size_t)_i * 7, SCENE_LIMIT_MS);
    rig_wait_events(rig, "start", NULL, 1, SCENE_LIMIT_MS);
    check_stop(&variants[0], ANY);
}
END_TEST

/* --- a second signal -------------------------------------------------------------------- */

/* The first may not have been seen yet, or may have ended the program before the second came. */
START_TEST(a_second_signal_does_not_hang)
{
    struct rig_exit ended;

    scene_start("[servers]\na = @/a?delay=0\n");
    scene_await_polls("a", 10);
    rig_signal(rig, SIGTERM);
    kill(rig_pid(rig), SIGINT);
    ended = rig_wait_exit(rig, SCENE_LIMIT_MS);
    ck_assert(ended.signal == SIGINT || (ended.signal == 0 && ended.status == 0));
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

/* Sends both as often as it can, until it is killed. */
static pid_t start_storm(pid_t target)
{
    pid_t storm = fork();

    ck_assert_int_ge(storm, 0);
    while (storm == 0) {
        kill(target, SIGHUP);
        kill(target, SIGUSR1);
    }
    return storm;
}

/* A reload or a rotation of the log that meets the stop is none, and does not cut it short. */
START_TEST(signals_that_mean_no_harm_do_none)
{
    pid_t storm;

    scene_start("[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    storm = start_storm(rig_pid(rig));
    rig_stop(rig);
    kill(storm, SIGKILL);
    ck_assert_int_eq(waitpid(storm, NULL, 0), storm);
}
END_TEST

/* Its last lines have no room in the pipe, so it waits a little, but not for ever. */
START_TEST(a_stalled_reader_does_not_hold_up_the_stop)
{
    struct rig_exit ended;

    rig_pause_reading(rig);
    scene_start("[servers]\na = @/a?delay=0\n");
    rig_wait_requests(rig, mock, "a", 1000, SCENE_LIMIT_MS);
    rig_signal(rig, variants[_i].signal);
    ended = rig_wait_exit(rig, SCENE_LIMIT_MS);
    ck_assert_int_eq(ended.signal, 0);
    ck_assert_int_eq(ended.status, 0);
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

/* --- with a count ----------------------------------------------------------------------- */

START_TEST(a_signal_is_no_failure_even_after_failures)
{
    scene_start_count(1000, "[defaults]\nretry = 10ms\nretry-max = 10ms\n"
                            "[servers]\na = @/a?status=500\nb = @/b?silent\n");
    scene_await_polls("a", 3);
    rig_wait_requests(rig, mock, "b", 1, SCENE_LIMIT_MS);
    check_stop(&variants[_i], ANY);
    ck_assert_int_ge((int)rig_number(rig_event(rig, "stop", NULL, 0), "failures"), 3);
    check_canceled(&variants[_i], "b");
}
END_TEST

enum { COUNT = 100 };

/* All polls are done, some were failures, and there is no room for the last lines. */
static void finish_count_before_stalled_reader(void)
{
    rig_pause_reading(rig);
    scene_start_count(COUNT, "[servers]\n"
                             "a = @/a?delay=0.001&status=500,200\nb = @/b?delay=0.001\n");
    rig_wait_requests(rig, mock, "a", COUNT, SCENE_LIMIT_MS);
    rig_wait_requests(rig, mock, "b", COUNT, SCENE_LIMIT_MS);
    rig_pass(rig, 200); /* more than the reader is waited for at a stop */
    ck_assert(rig_is_running(rig));
}

START_TEST(when_all_is_done_a_signal_ends_the_wait_for_the_reader)
{
    struct rig_exit ended;

    finish_count_before_stalled_reader();
    rig_signal(rig, variants[_i].signal);
    ended = rig_wait_exit(rig, SCENE_LIMIT_MS);
    ck_assert_int_eq(ended.signal, 0);
    ck_assert_int_eq(ended.status, 0);
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

START_TEST(when_all_is_done_the_reader_gets_all_of_it)
{
    finish_count_before_stalled_reader();
    rig_resume_reading(rig);
    scene_await_exit(1);
    ck_assert_uint_eq(rig_count_events(rig, "poll", NULL), 2 * COUNT);
    ck_assert_str_eq(rig_string(rig_event(rig, "stop", NULL, 0), "why"), "count");
    ck_assert_int_eq((int)rig_number(rig_event(rig, "stop", NULL, 0), "failures"), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("stop");
    TCase *tests = scene_case(suite, "stop");

    tcase_add_loop_test(tests, with_an_idle_connection, 0, VARIANTS);
    tcase_add_loop_test(tests, without_a_connection, 0, VARIANTS);
    tcase_add_loop_test(tests, before_the_first_poll_of_some, 0, VARIANTS);
    tcase_add_loop_test(tests, while_waiting_to_retry, 0, VARIANTS);
    tcase_add_loop_test(tests, while_waiting_for_the_response, 0, VARIANTS);
    tcase_add_loop_test(tests, in_the_middle_of_the_response, 0, 5);
    tcase_add_loop_test(tests, while_connecting, 0, VARIANTS);
    tcase_add_loop_test(tests, while_resolving, 0, VARIANTS);
    tcase_add_loop_test(tests, with_all_of_that_at_once, 0, VARIANTS);
    tcase_add_loop_test(tests, at_any_moment, 0, 8);
    tests = scene_case(suite, "second");
    tcase_add_test(tests, a_second_signal_does_not_hang);
    tcase_add_loop_test(tests, signals_that_mean_no_harm_do_none, 0, 8);
    tcase_add_loop_test(tests, a_stalled_reader_does_not_hold_up_the_stop, 0, 2);
    tests = scene_case(suite, "count");
    tcase_add_loop_test(tests, a_signal_is_no_failure_even_after_failures, 0, 2);
    tcase_add_loop_test(tests, when_all_is_done_a_signal_ends_the_wait_for_the_reader, 0, 2);
    tcase_add_test(tests, when_all_is_done_the_reader_gets_all_of_it);
    return suite;
}

CHECK_MAIN(suite())
