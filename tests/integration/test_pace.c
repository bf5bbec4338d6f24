/*
 * Each server at the pace that its own responses set: never early, as the mock
 * measures it; the first polls in the order of the file; a stop after a count.
 */
#include "boottime.h"
#include "check_main.h"
#include "scene.h"

static const int64_t MS = 1000000;

START_TEST(every_server_has_its_own_pace)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};

    scene_start("[servers]\n"
                "a = @/a?delay=0.03\n"
                "b = @/b?delay=0.1\n"
                "c = @/c?delay=0.02,0.2,0.05,0.001,0.3\n"
                "d = @/d?delay=0.07&framing=chunked&slow=20\n"
                "e = @/e?delay=0.25&framing=close\n");
    for (size_t i = 0; i < 5; i++)
        scene_await_polls(names[i], 6);
    rig_stop(rig);
    scene_check_all_good(NULL);
    scene_check_punctual();
    for (size_t i = 0; i < 5; i++)
        scene_check_never_early(names[i]);
    ck_assert_int_eq(scene_ns(scene_poll("c", 0), "delay"), 20 * MS);
    ck_assert_int_eq(scene_ns(scene_poll("c", 1), "delay"), 200 * MS);
    ck_assert_int_eq(scene_ns(scene_poll("c", 3), "delay"), 1 * MS);
    ck_assert_int_eq(scene_ns(scene_poll("c", 5), "delay"), 300 * MS);
}
END_TEST

START_TEST(every_poll_is_told_as_it_was)
{
    json_t *poll;

    scene_start_count(3, "[servers]\na = @/a?delay=0.05&slow=30&status=200,201,299\n");
    scene_await_exit(0);
    for (size_t i = 0; i < 3; i++) {
        const struct mock_request *request = scene_request("a", i);

        poll = scene_poll("a", i);
        ck_assert_str_eq(rig_string(poll, "level"), "info");
        ck_assert_str_eq(rig_string(poll, "result"), "ok");
        ck_assert_int_eq((int)rig_number(poll, "status"), request->status);
        ck_assert_ptr_nonnull(strstr(rig_string(poll, "url"), "/a?delay=0.05&slow=30"));
        ck_assert_int_ge(scene_ns(poll, "late"), 0);
        ck_assert_int_ge(scene_ns(poll, "took"),
                         request->answered_ns - request->arrived_ns - MS / 1000);
        ck_assert_ptr_null(json_object_get(poll, "error"));
        ck_assert_ptr_null(json_object_get(poll, "attempt"));
        ck_assert_ptr_null(json_object_get(poll, "clamped"));
    }
}
END_TEST

START_TEST(a_delay_of_zero_is_taken_at_its_word)
{
    scene_start("[servers]\n"
                "busy = @/busy?delay=0\n"
                "calm = @/calm?delay=0.05\n");
    scene_await_polls("busy", 100);
    scene_await_polls("calm", 5);
    rig_stop(rig);
    scene_check_all_good(NULL);
    scene_check_punctual();
}
END_TEST

/* --- the first polls ---------------------------------------------------------- */

static const char *servers_list(size_t count)
{
    static char list[8192];
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(list + at, sizeof(list) - at, "s%zu = @/s%zu?delay=30\n", i, i);
    return list;
}

static const struct mock_request *first_of(size_t index)
{
    char name[16];

    snprintf(name, sizeof(name), "s%zu", index);
    return scene_request(name, 0);
}

static void check_order(size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(first_of(i)->connection == i + 1,
                      "server %zu of the file was number %u to connect", i + 1,
                      first_of(i)->connection);
}

START_TEST(first_polls_are_in_the_order_of_the_file)
{
    scene_start("[aiopoll]\nstart-rate = %d\n[servers]\n%s", _i == 0 ? 1000 : 1000000,
                servers_list(50));
    rig_wait_requests(rig, mock, NULL, 50, SCENE_LIMIT_MS);
    check_order(50);
}
END_TEST

START_TEST(first_polls_are_spread)
{
    int64_t before_ns = boottime_ns();

    scene_start("[aiopoll]\nstart-rate = 50\n[servers]\n%s", servers_list(20));
    rig_wait_requests(rig, mock, NULL, 20, SCENE_LIMIT_MS);
    check_order(20);
    for (size_t i = 0; i < 20; i++)
        ck_assert_int_ge(first_of(i)->arrived_ns - before_ns, (int64_t)i * 20 * MS);
}
END_TEST

/* --- the count ------------------------------------------------------------------ */

START_TEST(a_count_ends_it)
{
    scene_start_count(3, "[servers]\n"
                         "a = @/a?delay=0.01\n"
                         "b = @/b?delay=0.1\n");
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 3);
    scene_check_punctual();
    ck_assert_str_eq(rig_string(rig_event(rig, "stop", NULL, 0), "why"), "count");
    ck_assert_int_eq((int)rig_number(rig_event(rig, "stop", NULL, 0), "polls"), 6);
    ck_assert_int_eq((int)rig_number(rig_event(rig, "stop", NULL, 0), "failures"), 0);
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

START_TEST(once_does_not_wait_for_the_delay)
{
    const char *file = scene_config("[servers]\na = @/a?delay=86400\nb = @/b?delay=7\n");

    rig_start(rig, "--log-format=json", "--once", "-c", file, NULL);
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 2);
    ck_assert_int_eq((int)rig_number(scene_poll("a", 0), "delay"), 86400);
}
END_TEST

START_TEST(a_failure_within_the_count_is_status_1)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n"
                         "[servers]\n"
                         "a = @/a?delay=0.01\n"
                         "b = @/b?delay=0.01&status=500,200\n");
    scene_await_exit(1);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 2);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 2);
    ck_assert_int_eq((int)rig_number(rig_event(rig, "stop", NULL, 0), "failures"), 1);
}
END_TEST

/* --- the clamp ------------------------------------------------------------------- */

static void check_clamp(const char *server, int64_t delay_ns, int64_t said_ns)
{
    json_t *poll = scene_poll(server, 0);

    ck_assert_int_eq(scene_ns(poll, "delay"), delay_ns);
    if (said_ns < 0)
        ck_assert_ptr_null(json_object_get(poll, "clamped"));
    else
        ck_assert_int_eq(scene_ns(poll, "clamped"), said_ns);
}

START_TEST(a_delay_is_clamped_and_that_is_told)
{
    scene_start_count(2, "[defaults]\nmin-delay = 40ms\nmax-delay = 80ms\n"
                         "[servers]\n"
                         "little = @/little?delay=0.01&promise=0.04\n"
                         "zero = @/zero?delay=0&promise=0.04\n"
                         "least = @/least?delay=0.04\n"
                         "most = @/most?delay=0.08\n"
                         "much = @/much?delay=5&promise=0.08\n");
    scene_await_exit(0);
    scene_check_punctual();
    check_clamp("little", 40 * MS, 10 * MS);
    check_clamp("zero", 40 * MS, 0);
    check_clamp("least", 40 * MS, -1);
    check_clamp("most", 80 * MS, -1);
    check_clamp("much", 80 * MS, 5000 * MS);
}
END_TEST

START_TEST(a_huge_delay_is_a_day)
{
    scene_start_count(1, "[servers]\n"
                         "a = @/a?delay=86401\n"
                         "b = @/b?delay=999999999999999999999999999999\n");
    scene_await_exit(0);
    check_clamp("a", 86400 * 1000 * MS, 86401 * 1000 * MS);
    ck_assert_int_eq(scene_ns(scene_poll("b", 0), "delay"), 86400 * 1000 * MS);
    ck_assert(rig_number(scene_poll("b", 0), "clamped") > 9e9);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("pace");
    TCase *tests = scene_case(suite, "pace");

    tcase_add_test(tests, every_server_has_its_own_pace);
    tcase_add_test(tests, every_poll_is_told_as_it_was);
    tcase_add_test(tests, a_delay_of_zero_is_taken_at_its_word);
    tests = scene_case(suite, "first polls");
    tcase_add_loop_test(tests, first_polls_are_in_the_order_of_the_file, 0, 2);
    tcase_add_test(tests, first_polls_are_spread);
    tests = scene_case(suite, "count");
    tcase_add_test(tests, a_count_ends_it);
    tcase_add_test(tests, once_does_not_wait_for_the_delay);
    tcase_add_test(tests, a_failure_within_the_count_is_status_1);
    tests = scene_case(suite, "clamp");
    tcase_add_test(tests, a_delay_is_clamped_and_that_is_told);
    tcase_add_test(tests, a_huge_delay_is_a_day);
    return suite;
}

CHECK_MAIN(suite())
