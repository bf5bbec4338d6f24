/*
 * SIGTERM and SIGINT end the program cleanly wherever it stands. That no handle
 * is left is checked by the program itself: its exit status would be 1, with a
 * sentence on standard error.
 */
#include <signal.h>

#include "check_main.h"
#include "full_listener.h"
#include "scene.h"
#include "silent_resolver.h"

static const int signals[] = {SIGTERM, SIGINT};

static void check_stop(int number)
{
    json_t *stop;

    rig_signal(rig, number);
    scene_await_exit(0);
    ck_assert_str_eq(rig_stderr(rig), "");
    stop = rig_event(rig, "stop", NULL, 0);
    ck_assert_str_eq(rig_string(stop, "level"), "info");
    ck_assert_str_eq(rig_string(stop, "why"), number == SIGTERM ? "SIGTERM" : "SIGINT");
    ck_assert_uint_eq((size_t)rig_number(stop, "polls"), rig_count_events(rig, "poll", NULL));
    ck_assert_uint_eq(rig_count_events(rig, "stop", NULL), 1);
    ck_assert_ptr_eq(rig_event(rig, NULL, NULL, rig_count_events(rig, NULL, NULL) - 1), stop);
}

START_TEST(with_an_idle_connection)
{
    scene_start("[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    check_stop(signals[_i]);
    scene_await_no_connection();
}
END_TEST

START_TEST(without_a_connection)
{
    scene_start("[defaults]\nkeep-alive = 0\n[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    scene_await_no_connection();
    check_stop(signals[_i]);
}
END_TEST

START_TEST(before_the_first_poll_of_some)
{
    scene_start("[aiopoll]\nstart-rate = 1\n"
                "[servers]\na = @/a?delay=60\nb = @/b?delay=60\nc = @/c?delay=60\n");
    scene_await_polls("a", 1);
    check_stop(signals[_i]);
    ck_assert_uint_eq(mock_server_requests(mock, "c"), 0);
}
END_TEST

START_TEST(while_waiting_to_retry)
{
    scene_start("[defaults]\nretry = 60s\n[servers]\na = @/a?status=500\n");
    scene_await_polls("a", 1);
    check_stop(signals[_i]);
}
END_TEST

START_TEST(while_waiting_for_the_response)
{
    scene_start("[servers]\na = @/a?silent\n");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    check_stop(signals[_i]);
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
    check_stop(SIGTERM);
    scene_await_no_connection();
}
END_TEST

START_TEST(while_connecting)
{
    struct full_listener unreached;

    full_listener_init(&unreached);
    scene_start("[servers]\na = 127.0.0.1:%d/\n", unreached.port);
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    rig_pass(rig, 50); /* for the connect to be under way */
    check_stop(signals[_i]);
    ck_assert_uint_eq(rig_count_events(rig, "poll", NULL), 0);
    full_listener_finish(&unreached);
}
END_TEST

START_TEST(while_resolving)
{
    struct silent_resolver *resolver = silent_resolver_new(rig_loop(rig));

    if (resolver == NULL)
        return; /* not as this user */
    if (scene_replace_file("/etc/resolv.conf", rig_write(rig, "resolv.conf", "nameserver %s\n",
                                                         silent_resolver_address(resolver)))) {
        scene_start("[servers]\na = http://some.test/\nb = http://other.test/\n"
                    "c = http://some.test:81/\n");
        rig_wait(rig, silent_resolver_was_asked, resolver, SCENE_LIMIT_MS);
        check_stop(signals[_i]);
        ck_assert_uint_eq(rig_count_events(rig, "poll", NULL), 0);
    }
    silent_resolver_free(resolver);
}
END_TEST

START_TEST(with_all_of_that_at_once)
{
    struct full_listener unreached;

    full_listener_init(&unreached);
    scene_start("[servers]\n"
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
    check_stop(signals[_i]);
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
    check_stop(SIGTERM);
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

/* Its last lines have no room in the pipe, so it waits a little, but not for ever. */
START_TEST(a_stalled_reader_does_not_hold_up_the_stop)
{
    struct rig_exit ended;

    rig_pause_reading(rig);
    scene_start("[servers]\na = @/a?delay=0\n");
    rig_wait_requests(rig, mock, "a", 1000, SCENE_LIMIT_MS);
    rig_signal(rig, signals[_i]);
    ended = rig_wait_exit(rig, SCENE_LIMIT_MS);
    ck_assert_int_eq(ended.signal, 0);
    ck_assert_int_eq(ended.status, 0);
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("stop");
    TCase *tests = scene_case(suite, "stop");

    tcase_add_loop_test(tests, with_an_idle_connection, 0, 2);
    tcase_add_loop_test(tests, without_a_connection, 0, 2);
    tcase_add_loop_test(tests, before_the_first_poll_of_some, 0, 2);
    tcase_add_loop_test(tests, while_waiting_to_retry, 0, 2);
    tcase_add_loop_test(tests, while_waiting_for_the_response, 0, 2);
    tcase_add_loop_test(tests, in_the_middle_of_the_response, 0, 5);
    tcase_add_loop_test(tests, while_connecting, 0, 2);
    tcase_add_loop_test(tests, while_resolving, 0, 2);
    tcase_add_loop_test(tests, with_all_of_that_at_once, 0, 2);
    tcase_add_loop_test(tests, at_any_moment, 0, 8);
    tests = scene_case(suite, "second");
    tcase_add_test(tests, a_second_signal_does_not_hang);
    tcase_add_loop_test(tests, a_stalled_reader_does_not_hold_up_the_stop, 0, 2);
    return suite;
}

CHECK_MAIN(suite())
