/*
 * WATCHDOG=1 comes while every task is woken as it should be, and stops with the
 * first one that is not, though the loop turns and all others are polled. The
 * faults are put into the program's own objects, see faults.c.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "clock_scene.h"
#include "notify_scene.h"
#include "scene.h"

static const int64_t SECOND = 1000000000;

/* --- all is well ------------------------------------------------------------------------ */

static void await_more(size_t count)
{
    notify_scene_await("WATCHDOG=1", notify_scene_count("WATCHDOG=1") + count);
}

static void check_nothing_was_told(void)
{
    ck_assert_uint_eq(rig_count_events(rig, "watchdog", NULL), 0);
}

START_TEST(it_is_fed_while_all_is_well)
{
    notify_scene_watch(200);
    scene_start("[defaults]\nretry = 20ms\n[servers]\na = @/a?delay=0.03\nb = @/b?delay=1000\n"
                "c = @/c?silent\nd = http://127.0.0.1:1/\n");
    await_more(20);
    check_nothing_was_told();
}
END_TEST

START_TEST(there_is_no_watchdog_for_another_process)
{
    notify_scene_watch(100);
    rig_set_env(rig, "WATCHDOG_PID", "1");
    scene_start("[servers]\na = @/a?delay=0.02\n");
    notify_scene_await("READY=1", 1);
    scene_await_polls("a", 30);
    ck_assert_uint_eq(notify_scene_count("WATCHDOG"), 0);
}
END_TEST

START_TEST(there_is_one_for_this_process)
{
    notify_scene_watch(100);
    rig_set_shell(rig, "export WATCHDOG_PID=$$; exec \"$@\"");
    scene_start("[servers]\na = @/a?delay=0.02\n");
    await_more(3);
}
END_TEST

START_TEST(what_is_no_span_is_no_watchdog)
{
    rig_set_env(rig, "WATCHDOG_USEC", "1s");
    scene_start("[servers]\na = @/a?delay=0.02\n");
    notify_scene_await("READY=1", 1);
    scene_await_polls("a", 30);
    ck_assert_uint_eq(notify_scene_count("WATCHDOG"), 0);
}
END_TEST

static void start_many(unsigned count, const char *query, const char *settings)
{
    struct bytes list = {0};

    for (unsigned i = 0; i < count; i++)
        bytes_print(&list, "s%u = @/s%u?%s\n", i, i, query);
    scene_start("[defaults]\n%s[servers]\n%s", settings, list.data);
    bytes_finish(&list);
}

/* More than are checked at a time. */
START_TEST(a_round_goes_over_many_servers)
{
    notify_scene_watch(400);
    scene_set_level("warning");
    start_many(2000, "delay=1", "overdue-after = 1h\n");
    await_more(10);
    check_nothing_was_told();
}
END_TEST

START_TEST(to_wait_for_a_descriptor_is_well)
{
    notify_scene_watch(200);
    rig_set_shell(rig, "ulimit -n 40; exec \"$@\"");
    start_many(200, "silent", "timeout = 300ms\nconnect-timeout = 300ms\nretry = 50ms\n");
    await_more(40);
    check_nothing_was_told();
}
END_TEST

/* --- everything is late ------------------------------------------------------------------ */

/* It was not the tasks that did not work. */
START_TEST(a_process_that_was_stopped_goes_on)
{
    size_t count;

    notify_scene_watch(200);
    start_many(50, "delay=0.1", "");
    await_more(3);
    rig_signal(rig, SIGSTOP);
    rig_pass(rig, 100); /* what was sent before is read */
    count = notify_scene_count("");
    rig_pass(rig, 1000);
    ck_assert_uint_eq(notify_scene_count(""), count);
    rig_signal(rig, SIGCONT);
    await_more(10);
    scene_await_polls(NULL, rig_count_events(rig, "poll", NULL) + 100);
    check_nothing_was_told();
}
END_TEST

START_TEST(a_suspend_is_nobodys_fault)
{
    clock_scene_begin();
    notify_scene_watch(200);
    start_many(50, "delay=1800", "");
    scene_await_polls(NULL, 50);
    for (int i = 0; i < 3; i++) {
        clock_scene_sleep(3600 * SECOND);
        await_more(3);
    }
    scene_await_polls(NULL, 200);
    check_nothing_was_told();
}
END_TEST

/* --- a task that is stuck ---------------------------------------------------------------- */

static void use_fault(const char *name)
{
    setenv("AIOPOLL", FAULTY_BINARY, 1);
    rig_set_env(rig, "FAULT", name);
}

/* The others are polled, and no message comes any more. */
static void check_bites(const char *server, const char *words)
{
    json_t *event;
    size_t count;

    rig_wait_events(rig, "watchdog", NULL, 1, SCENE_LIMIT_MS);
    event = rig_event(rig, "watchdog", NULL, 0);
    ck_assert_str_eq(rig_string(event, "level"), "error");
    ck_assert_str_eq(rig_string(event, "server"), server);
    ck_assert_msg(strstr(rig_string(event, "detail"), words) != NULL, "%s",
                  rig_string(event, "detail"));
    scene_await_polls("other", rig_count_events(rig, "poll", "other") + 2);
    count = notify_scene_count("WATCHDOG=1");
    scene_await_polls("other", rig_count_events(rig, "poll", "other") + 60);
    ck_assert_uint_eq(notify_scene_count("WATCHDOG=1"), count);
    ck_assert_uint_eq(rig_count_events(rig, "watchdog", NULL), 1);
}

START_TEST(without_a_fault_the_binary_is_as_any)
{
    use_fault("none");
    notify_scene_watch(1000);
    scene_start("[servers]\nother = @/other?delay=0.05\nlost = @/lost?delay=2.5\n");
    scene_await_polls("lost", 2);
    await_more(3);
    check_nothing_was_told();
}
END_TEST

START_TEST(a_task_that_is_never_woken_ends_it)
{
    use_fault("lose");
    notify_scene_watch(2000);
    scene_start("[servers]\nother = @/other?delay=0.05\nlost = @/lost?delay=2.5\n");
    check_bites("lost", "is not going to be woken");
    ck_assert_uint_ge(notify_scene_count("WATCHDOG=1"), 1);
    ck_assert_uint_eq(rig_count_events(rig, "poll", "lost"), 1);
}
END_TEST

START_TEST(a_request_without_end_ends_it)
{
    use_fault("lose");
    notify_scene_watch(2000);
    scene_start("[servers]\nother = @/other?delay=0.05\n"
                "[server lost]\nurl = @/lost?silent\ntimeout = 2500ms\n");
    check_bites("lost", "has no time limit");
    ck_assert_uint_eq(rig_count_events(rig, "poll", "lost"), 0);
}
END_TEST

START_TEST(descriptors_that_nobody_gives_back_end_it)
{
    json_t *event;
    size_t count;

    use_fault("leak");
    notify_scene_watch(400);
    rig_set_shell(rig, "ulimit -n 40; exec \"$@\"");
    start_many(60, "delay=0.1", "keep-alive = 0\ntimeout = 300ms\nconnect-timeout = 300ms\n");
    rig_wait_events(rig, "watchdog", NULL, 1, SCENE_LIMIT_MS);
    event = rig_event(rig, "watchdog", NULL, 0);
    ck_assert_ptr_nonnull(strstr(rig_string(event, "detail"), "descriptor"));
    rig_pass(rig, 100);
    count = notify_scene_count("WATCHDOG=1");
    ck_assert_uint_ge(count, 1);
    rig_pass(rig, 600);
    ck_assert_uint_eq(notify_scene_count("WATCHDOG=1"), count);
}
END_TEST

START_TEST(a_task_that_is_woken_at_last_is_well_again)
{
    json_t *event;

    use_fault("late");
    notify_scene_watch(1000);
    scene_start("[servers]\nother = @/other?delay=0.05\nlost = @/lost?delay=2.5\n");
    rig_wait_events(rig, "watchdog", NULL, 2, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_string(rig_event(rig, "watchdog", NULL, 0), "level"), "error");
    event = rig_event(rig, "watchdog", NULL, 1);
    ck_assert_str_eq(rig_string(event, "level"), "info");
    ck_assert_uint_eq(rig_count_events(rig, "poll", "lost"), 2);
    await_more(3);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("watchdog");
    TCase *tests = notify_scene_case(suite, "all is well");

    tcase_add_test(tests, it_is_fed_while_all_is_well);
    tcase_add_test(tests, there_is_no_watchdog_for_another_process);
    tcase_add_test(tests, there_is_one_for_this_process);
    tcase_add_test(tests, what_is_no_span_is_no_watchdog);
    tcase_add_test(tests, a_round_goes_over_many_servers);
    tcase_add_test(tests, to_wait_for_a_descriptor_is_well);
    tests = notify_scene_case(suite, "everything is late");
    tcase_add_test(tests, a_process_that_was_stopped_goes_on);
    tcase_add_test(tests, a_suspend_is_nobodys_fault);
    tests = notify_scene_case(suite, "a task that is stuck");
    tcase_add_test(tests, without_a_fault_the_binary_is_as_any);
    tcase_add_test(tests, a_task_that_is_never_woken_ends_it);
    tcase_add_test(tests, a_request_without_end_ends_it);
    tcase_add_test(tests, descriptors_that_nobody_gives_back_end_it);
    tcase_add_test(tests, a_task_that_is_woken_at_last_is_well_again);
    return suite;
}

CHECK_MAIN(suite())
