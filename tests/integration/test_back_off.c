/*
 * After failures: the wait doubles within its bounds, is never longer than the
 * server's own pace, and heeds Retry-After. A jitter may shorten it by up to a
 * quarter.
 */
#include "check_main.h"
#include "scene.h"

static const int64_t MS = 1000000;

static void check_jittered(json_t *poll, int64_t wait_ns)
{
    ck_assert_int_le(scene_ns(poll, "delay"), wait_ns);
    ck_assert_int_ge(scene_ns(poll, "delay"), wait_ns - wait_ns / 4);
    ck_assert_ptr_null(json_object_get(poll, "clamped"));
}

static void check_attempt(json_t *poll, int attempt)
{
    ck_assert_int_eq((int)rig_number(poll, "attempt"), attempt);
}

START_TEST(the_wait_doubles_up_to_the_most)
{
    static const int64_t waits[] = {40, 80, 160, 200, 200, 200};

    scene_start("[defaults]\nretry = 40ms\nretry-max = 200ms\n"
                "[servers]\na = @/a?status=500\n");
    rig_wait_requests(rig, mock, "a", 7, SCENE_LIMIT_MS);
    for (size_t i = 0; i < 6; i++) {
        check_attempt(scene_failure("a", i, "status"), (int)i + 1);
        check_jittered(scene_poll("a", i), waits[i] * MS);
    }
    scene_check_never_early("a");
}
END_TEST

START_TEST(the_wait_is_never_longer_than_the_servers_own_pace)
{
    static const int64_t waits[] = {50, 100, 120, 120, 120};

    scene_start("[defaults]\nretry = 50ms\nretry-max = 10s\n"
                "[servers]\na = @/a?delay=0.12&status=200,500\n");
    rig_wait_requests(rig, mock, "a", 7, SCENE_LIMIT_MS);
    for (size_t i = 0; i < 5; i++)
        check_jittered(scene_failure("a", i + 1, "status"), waits[i] * MS);
    scene_check_never_early("a");
}
END_TEST

START_TEST(a_pace_shorter_than_the_retry_does_not_count)
{
    static const int64_t waits[] = {50, 100, 200};

    scene_start("[defaults]\nretry = 50ms\nretry-max = 10s\n"
                "[servers]\na = @/a?delay=0.02&status=200,500\n");
    rig_wait_requests(rig, mock, "a", 5, SCENE_LIMIT_MS);
    for (size_t i = 0; i < 3; i++)
        check_jittered(scene_failure("a", i + 1, "status"), waits[i] * MS);
    scene_check_never_early("a");
}
END_TEST

START_TEST(a_good_poll_resets_the_wait)
{
    scene_start("[defaults]\nretry = 40ms\nretry-max = 1s\n"
                "[servers]\na = @/a?delay=0.01&status=500,500,500,200,500,500,200\n");
    rig_wait_requests(rig, mock, "a", 8, SCENE_LIMIT_MS);
    check_attempt(scene_failure("a", 2, "status"), 3);
    check_jittered(scene_poll("a", 2), 160 * MS);
    ck_assert_int_eq(scene_ns(scene_poll("a", 3), "delay"), 10 * MS);
    ck_assert_ptr_null(json_object_get(scene_poll("a", 3), "attempt"));
    check_attempt(scene_failure("a", 4, "status"), 1);
    check_jittered(scene_poll("a", 4), 40 * MS);
    check_jittered(scene_failure("a", 5, "status"), 80 * MS);
    ck_assert_int_eq(scene_ns(scene_poll("a", 6), "delay"), 10 * MS);
    scene_check_never_early("a");
}
END_TEST

START_TEST(failures_of_different_kinds_add_up)
{
    static const char *const errors[] = {"status", "no-delay", "redirect", "status"};

    scene_start("[defaults]\nretry = 30ms\n"
                "[servers]\na = @/a?delay=1,soon,1&status=404,200,302,503\n");
    rig_wait_requests(rig, mock, "a", 5, SCENE_LIMIT_MS);
    for (size_t i = 0; i < 4; i++) {
        check_attempt(scene_failure("a", i, errors[i]), (int)i + 1);
        check_jittered(scene_poll("a", i), (30 << i) * MS);
    }
    scene_check_never_early("a");
}
END_TEST

/* That thirty waits are cut to the same millisecond would be a rare chance. */
START_TEST(the_waits_of_many_are_spread)
{
    char list[4096];
    size_t at = 0;
    bool differ = false;
    int64_t first_ns;

    for (size_t i = 0; i < 30; i++)
        at += (size_t)snprintf(list + at, sizeof(list) - at, "s%zu = @/a?status=500\n", i);
    scene_start_count(1, "[servers]\n%s", list);
    scene_await_exit(1);
    first_ns = scene_ns(scene_poll(NULL, 0), "delay");
    for (size_t i = 0; i < 30; i++) {
        check_jittered(scene_poll(NULL, i), 1000 * MS);
        differ |= scene_ns(scene_poll(NULL, i), "delay") != first_ns;
    }
    ck_assert(differ);
}
END_TEST

/* --- Retry-After ------------------------------------------------------------------ */

static const struct {
    const char *query;
    int64_t wait_ms;    /* exactly that; -1: as without a Retry-After */
    int64_t clamped_ms; /* -1: is not */
} asked[] = {
    {"status=503&retry-after=3", 3000, -1},
    {"status=429&retry-after=3", 3000, -1},
    {"status=503&retry-after=20", 10000, 20000},
    {"status=503&retry-after=10", 10000, -1},
    {"status=503&retry-after=1", -1, -1},
    {"status=503&retry-after=0", -1, -1},
    {"status=503", -1, -1},
    {"status=503&retry-after=", -1, -1},
    {"status=503&retry-after=3.5", -1, -1},
    {"status=503&retry-after=-3", -1, -1},
    {"status=503&retry-after=3s", -1, -1},
    {"status=503&retry-after=99999999999999999999999", 10000, 0},
    {"status=404&retry-after=3", -1, -1},
    {"status=500&retry-after=3", -1, -1},
};

START_TEST(a_retry_after_counts_where_it_is_longer)
{
    json_t *poll;

    scene_start_count(1, "[defaults]\nretry = 2s\nmax-delay = 10s\n[servers]\na = @/a?%s\n",
                      asked[_i].query);
    scene_await_exit(1);
    poll = scene_failure("a", 0, "status");
    if (asked[_i].wait_ms < 0) {
        check_jittered(poll, 2000 * MS);
        return;
    }
    ck_assert_int_eq(scene_ns(poll, "delay"), asked[_i].wait_ms * MS);
    if (asked[_i].clamped_ms < 0)
        ck_assert_ptr_null(json_object_get(poll, "clamped"));
    else
        ck_assert(rig_number(poll, "clamped") >= (double)asked[_i].clamped_ms / 1000);
}
END_TEST

START_TEST(a_retry_after_is_waited_for)
{
    scene_start("[defaults]\nretry = 10ms\nmax-delay = 300ms\n"
                "[servers]\na = @/a?delay=0.05&status=200,503&retry-after=1\n");
    rig_wait_requests(rig, mock, "a", 4, SCENE_LIMIT_MS);
    ck_assert_int_eq(scene_ns(scene_failure("a", 1, "status"), "delay"), 300 * MS);
    ck_assert_int_eq(scene_ns(scene_poll("a", 1), "clamped"), 1000 * MS);
    scene_check_never_early("a");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("back-off");
    TCase *tests = scene_case(suite, "back-off");

    tcase_add_test(tests, the_wait_doubles_up_to_the_most);
    tcase_add_test(tests, the_wait_is_never_longer_than_the_servers_own_pace);
    tcase_add_test(tests, a_pace_shorter_than_the_retry_does_not_count);
    tcase_add_test(tests, a_good_poll_resets_the_wait);
    tcase_add_test(tests, failures_of_different_kinds_add_up);
    tcase_add_test(tests, the_waits_of_many_are_spread);
    tests = scene_case(suite, "Retry-After");
    tcase_add_loop_test(tests, a_retry_after_counts_where_it_is_longer, 0,
                        sizeof(asked) / sizeof(asked[0]));
    tcase_add_test(tests, a_retry_after_is_waited_for);
    return suite;
}

CHECK_MAIN(suite())
