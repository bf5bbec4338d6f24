/*
 * What the service manager is told: READY, STATUS, STOPPING; and that nothing of it
 * is waited for, whatever the manager does.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "boottime.h"
#include "check_main.h"
#include "clock_scene.h"
#include "notify_scene.h"
#include "scene.h"
#include "usage.h"

static const int64_t SECOND = 1000000000;

/* --- the start and the stop ------------------------------------------------------------- */

static void start_many(unsigned count)
{
    struct bytes list = {0};

    for (unsigned i = 0; i < count; i++)
        bytes_print(&list, "s%u = @/s%u?delay=100\n", i, i);
    scene_start("[servers]\n%s", list.data);
    bytes_finish(&list);
}

START_TEST(ready_is_the_first_and_comes_once)
{
    start_many(300);
    notify_scene_await("READY=1", 1);
    notify_scene_await("STATUS=300 ok, 0 failing, 0 overdue", 1);
    ck_assert_uint_eq(notify_scene_place("READY=1", 0), 0);
    ck_assert_str_eq(notify_scene_text("", 0), "READY=1");
    scene_await_polls(NULL, 300);
    rig_stop(rig);
    ck_assert_uint_eq(notify_scene_count("READY=1"), 1);
}
END_TEST

START_TEST(a_start_that_fails_is_not_ready)
{
    rig_run(rig, "-c", scene_config("[servers]\na = @/a\nb = \n"), NULL);
    rig_run(rig, "-t", "-c", scene_config("[servers]\na = @/a\n"), NULL);
    rig_pass(rig, 50);
    ck_assert_uint_eq(notify_scene_count(""), 0);
}
END_TEST

START_TEST(stopping_is_the_last)
{
    notify_scene_watch(100);
    scene_start("[servers]\na = @/a?delay=0.02\nb = @/b?silent\n");
    scene_await_polls("a", 5);
    rig_stop(rig);
    notify_scene_await("STOPPING=1", 1);
    ck_assert_str_eq(notify_scene_text("STOPPING", 0), "STOPPING=1");
    ck_assert_uint_eq(notify_scene_place("STOPPING", 0) + 1, notify_scene_count(""));
}
END_TEST

START_TEST(all_polls_done_is_a_stop_as_well)
{
    scene_start_count(2, "[servers]\na = @/a?delay=0.02\n");
    scene_await_exit(0);
    notify_scene_await("STOPPING=1", 1);
    ck_assert_uint_eq(notify_scene_count("READY=1"), 1);
}
END_TEST

/* --- the status ------------------------------------------------------------------------- */

START_TEST(the_status_counts_the_states)
{
    scene_start("[defaults]\nretry = 100ms\nretry-max = 100ms\n"
                "[server good]\nurl = @/good?delay=0.2\n"
                "[server failing]\nurl = @/failing?status=500\noverdue-after = 1h\n"
                "[server overdue]\nurl = @/overdue?status=500\noverdue-after = 10ms\n");
    notify_scene_await("STATUS=1 ok, 1 failing, 1 overdue, next in 0.", 1);
}
END_TEST

START_TEST(the_status_follows_a_server_that_recovers)
{
    scene_start("[defaults]\nretry = 1500ms\n[servers]\na = @/a?delay=100&status=500,200\n");
    notify_scene_await("STATUS=0 ok, 1 failing, 0 overdue", 1);
    notify_scene_await("STATUS=1 ok, 0 failing, 0 overdue, next in 9", 1);
}
END_TEST

START_TEST(the_status_is_told_once_a_second_at_most)
{
    int64_t began_ns = boottime_ns();
    size_t seconds;

    scene_start(
        "[defaults]\nretry = 10ms\n[servers]\n"
        "a = @/a?delay=0.01&status=500,200,500,200,500,200,500,200,500,200,500,200,500,200,"
        "500,200,500,200,500,200,500,200,500,200,500,200,500,200,500,200,500,200,500,200,"
        "500,200,500,200,500,200,500,200,500,200,500,200,500,200,500,200,500,200,500,200\n");
    rig_wait_events(rig, "change", "a", 50, SCENE_LIMIT_MS);
    seconds = (size_t)((boottime_ns() - began_ns) / SECOND);
    ck_assert_uint_ge(notify_scene_count("STATUS="), 1);
    ck_assert_uint_le(notify_scene_count("STATUS="), seconds + 2); /* the first, and one begun */
}
END_TEST

/* Of two refreshes, the second has something to tell. */
START_TEST(the_manager_is_not_woken_for_what_it_knows)
{
    clock_scene_begin();
    scene_start("[servers]\na = @/a?delay=20000\n");
    scene_await_polls("a", 1);
    clock_scene_sleep(11 * SECOND);
    notify_scene_await("STATUS=1 ok, 0 failing, 0 overdue, next in 5 h", 1);
    clock_scene_sleep(11 * SECOND);
    rig_pass(rig, 100);
    clock_scene_sleep(11 * SECOND);
    rig_pass(rig, 100);
    ck_assert_uint_eq(notify_scene_count("STATUS="), 2);
    clock_scene_sleep(3600 * SECOND);
    notify_scene_await("STATUS=1 ok, 0 failing, 0 overdue, next in 4 h", 1);
    ck_assert_uint_eq(notify_scene_count("STATUS="), 3);
}
END_TEST

/* --- reload ----------------------------------------------------------------------------- */

static int64_t monotonic_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* One that began after this moment, with its end behind it. */
static void check_reload(int64_t since_usec, size_t index)
{
    static const char beginning[] = "RELOADING=1\nMONOTONIC_USEC=";
    int64_t usec;

    notify_scene_await("READY=1", index + 2);
    usec = strtoll(notify_scene_text(beginning, index) + sizeof(beginning) - 1, NULL, 10);
    ck_assert_int_ge(usec, since_usec);
    ck_assert_int_le(usec, monotonic_usec());
    ck_assert_uint_gt(notify_scene_place(beginning, index), notify_scene_place("READY=1", index));
    ck_assert_uint_lt(notify_scene_place(beginning, index),
                      notify_scene_place("READY=1", index + 1));
}

START_TEST(a_reload_has_a_beginning_and_an_end)
{
    scene_start("[servers]\na = @/a?delay=0.05\n");
    notify_scene_await("READY=1", 1);
    for (size_t i = 0; i < 3; i++) {
        int64_t since_usec = monotonic_usec();

        rig_signal(rig, SIGHUP);
        check_reload(since_usec, i);
    }
    ck_assert_uint_eq(notify_scene_count("READY=1"), 4);
}
END_TEST

START_TEST(a_reload_that_failed_is_in_the_status_until_one_succeeds)
{
    const char *status;
    int64_t since_usec = monotonic_usec();

    scene_start("[servers]\na = @/a?delay=100\n");
    notify_scene_await("STATUS=1 ok", 1);
    scene_config("[servers]\na = @/a?delay=100\nb =\n[nonsense]\n");
    rig_signal(rig, SIGHUP);
    check_reload(since_usec, 0);
    notify_scene_await("STATUS=", 2);
    status = notify_scene_text("STATUS=", notify_scene_count("STATUS=") - 1);
    ck_assert_msg(strstr(status, "; the new configuration has 2 problems, the first: ") != NULL &&
                      strstr(status, "servers.ini:3: ") != NULL &&
                      strstr(status, "; the old one is in use") != NULL,
                  "%s", status);
    scene_config("[servers]\na = @/a?delay=100\nb = @/b?delay=100\n");
    rig_signal(rig, SIGHUP);
    check_reload(since_usec, 1);
    notify_scene_await("STATUS=2 ok, 0 failing, 0 overdue", 1);
    status = notify_scene_text("STATUS=", notify_scene_count("STATUS=") - 1);
    ck_assert_ptr_null(strstr(status, "problem"));
}
END_TEST

/* --- sockets ---------------------------------------------------------------------------- */

START_TEST(an_abstract_name_is_as_good_as_a_path)
{
    char name[64];

    snprintf(name, sizeof(name), "@aiopoll-test-%d", (int)getpid());
    notify_scene_move(name);
    scene_start("[servers]\na = @/a?delay=0.02\n");
    notify_scene_await("READY=1", 1);
    notify_scene_await("STATUS=", 1);
    rig_stop(rig);
    notify_scene_await("STOPPING=1", 1);
}
END_TEST

static void check_told_once(const char *words)
{
    json_t *event;

    rig_wait_events(rig, "notify", NULL, 1, SCENE_LIMIT_MS);
    scene_await_polls("a", 20);
    rig_stop(rig);
    event = rig_event(rig, "notify", NULL, 0);
    ck_assert_str_eq(rig_string(event, "level"), "warning");
    ck_assert_ptr_nonnull(strstr(rig_string(event, "detail"), words));
    ck_assert_uint_eq(rig_count_events(rig, "notify", NULL), 1);
    scene_check_all_good(NULL);
    ck_assert_uint_eq(notify_scene_count(""), 0);
}

START_TEST(a_socket_that_is_not_there_is_told_and_harmless)
{
    rig_set_env(rig, "NOTIFY_SOCKET", rig_path(rig, "missing"));
    scene_start("[servers]\na = @/a?delay=0.1\n");
    check_told_once("no such file");
}
END_TEST

START_TEST(a_socket_that_is_no_address_is_told_and_harmless)
{
    rig_set_env(rig, "NOTIFY_SOCKET", _i == 0 ? "notify" : "vsock:2:1234");
    scene_start("[servers]\na = @/a?delay=0.02\n");
    check_told_once("neither an absolute path");
}
END_TEST

START_TEST(without_a_socket_nothing_is_told)
{
    rig_set_env(rig, "NOTIFY_SOCKET", NULL);
    scene_start("[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 10);
    rig_stop(rig);
    ck_assert_uint_eq(rig_count_events(rig, "notify", NULL), 0);
}
END_TEST

/* Not only with the next refresh of the status, 10 s after the start. */
START_TEST(a_manager_that_comes_later_is_told)
{
    rig_set_env(rig, "NOTIFY_SOCKET", rig_path(rig, "late"));
    scene_start("[servers]\na = @/a?delay=0.02\n");
    rig_wait_events(rig, "notify", NULL, 1, SCENE_LIMIT_MS);
    notify_scene_move(rig_path(rig, "late"));
    notify_scene_await_within("STATUS=1 ok", 1, 8000);
    ck_assert_uint_eq(notify_scene_place("READY=1", 0), 0);
}
END_TEST

/* --- a manager that does not read -------------------------------------------------------- */

static void start_full(void)
{
    notify_scene_watch(400);
    notify_scene_fill();
    scene_start("[defaults]\nretry = 50ms\n[servers]\na = @/a?delay=0.05\n"
                "b = @/b?delay=0.05&status=200,500,200,500\n");
}

START_TEST(a_manager_that_never_reads_delays_no_poll_and_no_stop)
{
    start_full();
    scene_check_polls_go_on("a");
    rig_stop(rig);
    scene_check_all_good("a");
    scene_check_punctual();
    ck_assert_uint_eq(rig_count_events(rig, "notify", NULL), 0);
    notify_scene_resume();
    notify_scene_await("full", 1);
    rig_pass(rig, 50);
    ck_assert_uint_eq(notify_scene_count("full"), notify_scene_count(""));
}
END_TEST

START_TEST(nor_does_it_spin)
{
    int64_t before_ns;

    notify_scene_fill();
    scene_start("[servers]\na = @/a?delay=100\n");
    scene_await_polls("a", 1);
    before_ns = usage_cpu_ns(rig_pid(rig));
    rig_pass(rig, 500);
    ck_assert_int_le(usage_cpu_ns(rig_pid(rig)) - before_ns,
                     (int64_t)((double)(SECOND / 10) * rig_slowness()));
}
END_TEST

/* Of the status and of the watchdog only the newest. */
START_TEST(what_has_to_arrive_comes_when_the_manager_reads_again)
{
    size_t full, messages;

    start_full();
    scene_check_polls_go_on("a");
    notify_scene_resume();
    notify_scene_await("STATUS=", 1);
    full = notify_scene_count("full");
    messages = notify_scene_count("");
    ck_assert_uint_eq(notify_scene_place("READY=1", 0), full);
    ck_assert_uint_eq(notify_scene_place("WATCHDOG=1", 0), full + 1);
    ck_assert_uint_eq(notify_scene_place("STATUS=", 0), full + 2);
    ck_assert_uint_le(messages, full + 4);
    rig_stop(rig);
    notify_scene_await("STOPPING=1", 1);
    ck_assert_uint_eq(notify_scene_count("READY=1"), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("notify");
    TCase *tests = notify_scene_case(suite, "start and stop");

    tcase_add_test(tests, ready_is_the_first_and_comes_once);
    tcase_add_test(tests, a_start_that_fails_is_not_ready);
    tcase_add_test(tests, stopping_is_the_last);
    tcase_add_test(tests, all_polls_done_is_a_stop_as_well);
    tests = notify_scene_case(suite, "status");
    tcase_add_test(tests, the_status_counts_the_states);
    tcase_add_test(tests, the_status_follows_a_server_that_recovers);
    tcase_add_test(tests, the_status_is_told_once_a_second_at_most);
    tcase_add_test(tests, the_manager_is_not_woken_for_what_it_knows);
    tests = notify_scene_case(suite, "reload");
    tcase_add_test(tests, a_reload_has_a_beginning_and_an_end);
    tcase_add_test(tests, a_reload_that_failed_is_in_the_status_until_one_succeeds);
    tests = notify_scene_case(suite, "sockets");
    tcase_add_test(tests, an_abstract_name_is_as_good_as_a_path);
    tcase_add_test(tests, a_socket_that_is_not_there_is_told_and_harmless);
    tcase_add_loop_test(tests, a_socket_that_is_no_address_is_told_and_harmless, 0, 2);
    tcase_add_test(tests, without_a_socket_nothing_is_told);
    tcase_add_test(tests, a_manager_that_comes_later_is_told);
    tests = notify_scene_case(suite, "a manager that does not read");
    tcase_add_test(tests, a_manager_that_never_reads_delays_no_poll_and_no_stop);
    tcase_add_test(tests, nor_does_it_spin);
    tcase_add_test(tests, what_has_to_arrive_comes_when_the_manager_reads_again);
    return suite;
}

CHECK_MAIN(suite())
