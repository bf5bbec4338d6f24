/*
 * The time of day is set, and the machine sleeps, while the program runs: no wait
 * is longer or shorter for it than it should be. The mock has the real clock.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "boottime.h"
#include "check_main.h"
#include "clock_scene.h"
#include "scene.h"

static const int64_t MS = 1000000;
static const int64_t SECOND = 1000000000;
static const int64_t HOUR = 3600 * INT64_C(1000000000);
static const int64_t DAY = 86400 * INT64_C(1000000000);

/* What a wait is longer than on a busy machine. */
static int64_t patience_ns(void)
{
    return (int64_t)(5e9 * rig_slowness());
}

/* --- the time of day ------------------------------------------------------------------- */

static int64_t told_wall_ns(const json_t *event)
{
    const char *text = rig_string(event, "time");
    struct tm tm = {0};

    ck_assert_str_eq(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) + 4, "Z");
    return timegm(&tm) * SECOND;
}

/* Those of the polls from the first-th on. */
static void check_told_times(const char *server, size_t first)
{
    for (size_t i = first; i < rig_count_events(rig, "poll", server); i++) {
        int64_t off_ns = told_wall_ns(scene_poll(server, i)) - clock_scene_wall_ns();

        ck_assert_int_lt(llabs(off_ns), HOUR);
    }
}

/* Every request came when the log had said, and not much later. */
static void check_intervals(const char *target)
{
    size_t count = mock_server_requests(mock, target);

    scene_check_never_early(target);
    ck_assert_uint_gt(count, 2);
    for (size_t i = 1; i < count; i++)
        ck_assert_int_lt(scene_request(target, i)->arrived_ns -
                             scene_request(target, i - 1)->arrived_ns,
                         patience_ns());
}

static void await_more(size_t count)
{
    static const char *const targets[] = {"good", "failing", "hanging", "new"};
    size_t wanted[4];

    for (size_t i = 0; i < 4; i++)
        wanted[i] = rig_count_events(rig, "poll", targets[i]) + count;
    for (size_t i = 0; i < 4; i++)
        scene_await_polls(targets[i], wanted[i]);
}

/* Waiting for each of: the delay, a retry, a time limit, an idle connection. */
START_TEST(setting_the_time_of_day_changes_no_wait)
{
    static const int64_t jumps[] = {DAY, -DAY, 40 * 365 * DAY};
    size_t polls;

    clock_scene_begin();
    scene_start("[defaults]\nretry = 50ms\nretry-max = 50ms\ntimeout = 50ms\n"
                "[server good]\nurl = @/good?delay=0.05\ntimeout = 10s\n"
                "[server failing]\nurl = @/failing?status=500\ntimeout = 10s\n"
                "[server hanging]\nurl = @/hanging?silent\n"
                "[server new]\nurl = @/new?delay=0.05\nkeep-alive = 10ms\ntimeout = 10s\n");
    await_more(1);
    clock_scene_set_wall(jumps[_i]);
    await_more(1);
    polls = rig_count_events(rig, "poll", "good");
    await_more(2);
    check_told_times("good", polls);
    clock_scene_set_wall(0);
    await_more(1);
    polls = rig_count_events(rig, "poll", "good");
    await_more(2);
    check_told_times("good", polls);
    check_intervals("good");
    check_intervals("failing");
    check_intervals("hanging");
    check_intervals("new");
    ck_assert_uint_eq(rig_count_events(rig, "change", "good"), 0);
    ck_assert_uint_eq(rig_count_events(rig, "change", "new"), 0);
    ck_assert_uint_eq(rig_count_events(rig, "change", "failing"), 1);
}
END_TEST

/* --- the machine sleeps ---------------------------------------------------------------- */

static void start_many(unsigned count, const char *query)
{
    struct bytes list = {0};

    for (unsigned i = 0; i < count; i++)
        bytes_print(&list, "s%u = @/s%u?%s\n", i, i, query);
    scene_start("[servers]\n%s", list.data);
    bytes_finish(&list);
}

START_TEST(what_was_due_in_a_suspend_is_asked_once_and_at_once)
{
    enum { SERVERS = 20 };

    clock_scene_begin();
    start_many(SERVERS, "delay=1800");
    scene_await_polls(NULL, SERVERS);
    clock_scene_sleep(HOUR);
    scene_await_polls(NULL, 2 * SERVERS);
    rig_pass(rig, 200);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 2 * SERVERS);
    ck_assert_uint_eq(rig_count_events(rig, "change", NULL), 0);
    for (size_t i = SERVERS; i < 2 * SERVERS; i++) {
        ck_assert_int_lt(scene_ns(scene_poll(NULL, i), "late"), 1800 * SECOND + patience_ns());
        ck_assert_int_gt(scene_ns(scene_poll(NULL, i), "late"), 1800 * SECOND - patience_ns());
    }
}
END_TEST

START_TEST(a_suspend_is_a_part_of_the_wait)
{
    int64_t wait_ns;

    clock_scene_begin();
    scene_start("[servers]\na = @/a?delay=12\n");
    scene_await_polls("a", 1);
    clock_scene_sleep(11 * SECOND);
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
    wait_ns = scene_request("a", 1)->arrived_ns - scene_request("a", 0)->answered_ns;
    ck_assert_int_ge(wait_ns, SECOND);
    ck_assert_int_lt(wait_ns, SECOND + patience_ns());
}
END_TEST

START_TEST(many_suspends_add_up)
{
    clock_scene_begin();
    scene_start("[servers]\na = @/a?delay=1800\n");
    scene_await_polls("a", 1);
    for (int i = 0; i < 10; i++) {
        clock_scene_sleep(179 * SECOND);
        rig_pass(rig, 10);
    }
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 1);
    clock_scene_sleep(10 * SECOND);
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
}
END_TEST

START_TEST(a_time_limit_counts_the_suspend)
{
    clock_scene_begin();
    scene_start("[defaults]\ntimeout = 20m\nretry = 50ms\n[servers]\na = @/a?silent\n");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    clock_scene_sleep(HOUR);
    scene_await_polls("a", 1);
    ck_assert_int_ge(scene_ns(scene_failure("a", 0, "timeout"), "took"), HOUR);
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
    scene_check_never_early("a");
}
END_TEST

START_TEST(a_request_outlives_a_short_suspend)
{
    clock_scene_begin();
    scene_start("[servers]\na = @/a?delay=100&slow=300\n");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    clock_scene_sleep(5 * SECOND);
    scene_await_polls("a", 1);
    scene_check_all_good("a");
    ck_assert_int_ge(scene_ns(scene_poll("a", 0), "took"), 5 * SECOND);
}
END_TEST

/* --- overdue --------------------------------------------------------------------------- */

static const char *state(size_t index)
{
    return rig_string(rig_event(rig, "change", "a", index), "state");
}

/* Due in the suspend, and it fails after it: the grace is that after the suspend. */
START_TEST(what_was_due_in_a_suspend_has_all_of_its_grace)
{
    clock_scene_begin();
    scene_start("[defaults]\noverdue-after = 300ms\nretry = 20ms\n"
                "[servers]\na = @/a?delay=1800&status=200,500\n");
    scene_await_polls("a", 1);
    clock_scene_sleep(HOUR);
    rig_wait_events(rig, "change", "a", 2, SCENE_LIMIT_MS);
    ck_assert_str_eq(state(0), "failing");
    ck_assert_str_eq(state(1), "overdue");
    ck_assert_int_ge(scene_ns(rig_event(rig, "change", "a", 1), "for") +
                         scene_ns(scene_failure("a", 1, "status"), "took") + MS / 100,
                     300 * MS);
    ck_assert_int_ge(scene_ns(rig_event(rig, "change", "a", 1), "silent"), HOUR);
}
END_TEST

/* A request is under way, and what is left of the grace is left after the suspend. */
START_TEST(a_suspend_uses_up_no_grace)
{
    json_t *event;

    clock_scene_begin();
    scene_start("[defaults]\noverdue-after = 400ms\ntimeout = 1d\n[servers]\na = @/a?silent\n");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    clock_scene_sleep(HOUR);
    rig_pass(rig, 50);
    clock_scene_sleep(HOUR);
    rig_wait_events(rig, "change", "a", 1, SCENE_LIMIT_MS);
    event = rig_event(rig, "change", "a", 0);
    ck_assert_str_eq(rig_string(event, "state"), "overdue");
    ck_assert_int_ge(scene_ns(event, "for"), 2 * HOUR + 400 * MS);
    ck_assert_int_lt(scene_ns(event, "for"), 2 * HOUR + 400 * MS + patience_ns());
    rig_pass(rig, 100);
    ck_assert_uint_eq(rig_count_events(rig, "change", "a"), 1);
}
END_TEST

/* It has failed, and waits: the suspend ends both that wait and, if it counted, the grace. */
START_TEST(after_a_suspend_a_failing_server_is_asked_first)
{
    clock_scene_begin();
    scene_start("[defaults]\noverdue-after = 60s\nretry = 10m\nretry-max = 10m\n"
                "[servers]\na = @/a?delay=1800&status=500,200\n");
    rig_wait_events(rig, "change", "a", 1, SCENE_LIMIT_MS);
    clock_scene_sleep(HOUR);
    rig_wait_events(rig, "change", "a", 2, SCENE_LIMIT_MS);
    ck_assert_str_eq(state(0), "failing");
    ck_assert_str_eq(state(1), "ok");
    ck_assert_int_ge(scene_ns(rig_event(rig, "change", "a", 1), "for"), HOUR);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("clocks");
    TCase *tests = scene_case(suite, "time of day");

    tcase_add_loop_test(tests, setting_the_time_of_day_changes_no_wait, 0, 3);
    tests = scene_case(suite, "suspend");
    tcase_add_test(tests, what_was_due_in_a_suspend_is_asked_once_and_at_once);
    tcase_add_test(tests, a_suspend_is_a_part_of_the_wait);
    tcase_add_test(tests, many_suspends_add_up);
    tcase_add_test(tests, a_time_limit_counts_the_suspend);
    tcase_add_test(tests, a_request_outlives_a_short_suspend);
    tests = scene_case(suite, "overdue");
    tcase_add_test(tests, what_was_due_in_a_suspend_has_all_of_its_grace);
    tcase_add_test(tests, a_suspend_uses_up_no_grace);
    tcase_add_test(tests, after_a_suspend_a_failing_server_is_asked_first);
    return suite;
}

CHECK_MAIN(suite())
