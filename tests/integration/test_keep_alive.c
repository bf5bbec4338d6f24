/*
 * A connection is kept between polls, for so long, and where it is gone when it
 * is needed, that is no failure. What comes unasked never becomes an answer.
 */
#include "boottime.h"
#include "check_main.h"
#include "scene.h"

static const int64_t MS = 1000000;

#define STRAY "HTTP/1.1%%20200%%20OK%%0D%%0AContent-Length:%%203%%0D%%0A%%0D%%0A999"

static bool is_reused(json_t *poll)
{
    return json_is_true(json_object_get(poll, "reused"));
}

/* After this, none of the polls told was a failure, and none had another delay. */
static void check_all_polls(const char *server, int64_t delay_ns)
{
    scene_check_all_good(server);
    for (size_t i = 0; i < rig_count_events(rig, "poll", server); i++)
        ck_assert_int_eq(scene_ns(scene_poll(server, i), "delay"), delay_ns);
}

START_TEST(a_connection_is_kept)
{
    scene_start_count(10, "[servers]\na = @/a?delay=0.01\n");
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
    ck_assert(!is_reused(scene_poll("a", 0)));
    ck_assert_ptr_null(json_object_get(scene_poll("a", 0), "reused"));
    for (size_t i = 1; i < 10; i++)
        ck_assert(is_reused(scene_poll("a", i)));
}
END_TEST

START_TEST(a_kept_connection_survives_a_bad_answer)
{
    scene_start_count(6, "[defaults]\nretry = 10ms\n"
                         "[servers]\na = @/a?delay=0.01,soon,0.01&status=200,200,500,302,404\n");
    scene_await_exit(1);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(each_server_has_a_connection_of_its_own)
{
    scene_start_count(5, "[servers]\na = @/a?delay=0.01\nb = @/b?delay=0.01\n");
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
}
END_TEST

START_TEST(a_keep_alive_of_0_closes_each)
{
    scene_start("[defaults]\nkeep-alive = 0\n[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 4);
    check_all_polls("a", 20 * MS);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(scene_request("a", i)->connection, i + 1);
        ck_assert_ptr_nonnull(
            strstr(scene_request("a", i)->header.data, "\r\nConnection: close\r\n"));
        ck_assert(!is_reused(scene_poll("a", i)));
    }
}
END_TEST

START_TEST(an_unused_connection_is_closed_after_keep_alive)
{
    scene_start("[defaults]\nkeep-alive = 100ms\n[servers]\na = @/a?delay=30\n");
    scene_await_polls("a", 1);
    scene_await_no_connection();
    ck_assert_int_ge(boottime_ns() - scene_request("a", 0)->answered_ns, 100 * MS);
    rig_stop(rig);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(after_that_another_is_opened)
{
    scene_start("[defaults]\nkeep-alive = 20ms\n[servers]\na = @/a?delay=0.15\n");
    scene_await_polls("a", 1);
    scene_await_no_connection();
    scene_await_polls("a", 4);
    check_all_polls("a", 150 * MS);
    scene_check_punctual();
    ck_assert_uint_ge(mock_server_connections(mock), 2);
}
END_TEST

START_TEST(a_server_that_says_close_is_believed)
{
    static const char *const queries[] = {
        "connection=close",
        "framing=close",
        "raw=HTTP/1.0%20200%20OK%0D%0AContent-Length:%204%0D%0A%0D%0A0.02",
        "raw=HTTP/1.1%20200%20OK%0D%0AConnection:%20close%0D%0AContent-Length:%204%0D%0A%0D%0A0.02",
    };

    scene_start("[servers]\na = @/a?delay=0.02&%s\n", queries[_i]);
    scene_await_polls("a", 4);
    check_all_polls("a", 20 * MS);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(scene_request("a", i)->connection, i + 1);
}
END_TEST

/* --- a kept connection that is gone ------------------------------------------------- */

static const char *const endings[] = {"close", "reset"};

START_TEST(an_idle_connection_that_ends_is_replaced)
{
    size_t told;

    scene_start("[servers]\na = @/a?delay=0.2&%s=idle&idle-ms=20\n", endings[_i]);
    scene_await_polls("a", 1);
    scene_await_no_connection();
    told = rig_count_events(rig, "poll", "a");
    scene_await_polls("a", told + 2);
    check_all_polls("a", 200 * MS);
    scene_check_punctual();
    ck_assert_uint_ge(mock_server_connections(mock), 2);
}
END_TEST

START_TEST(a_connection_that_ends_right_after_the_answer_is_replaced)
{
    scene_start("[servers]\na = @/a?delay=0.02&%s=after\n", endings[_i]);
    scene_await_polls("a", 5);
    check_all_polls("a", 20 * MS);
    scene_check_punctual();
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(scene_request("a", i)->connection, i + 1);
}
END_TEST

START_TEST(a_request_on_a_kept_connection_is_sent_once_more)
{
    json_t *poll;

    scene_start_count(3, "[servers]\na = @/a?delay=0.05&%s=never,request,never\n", endings[_i]);
    scene_await_exit(0);
    check_all_polls("a", 50 * MS);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 4);
    ck_assert_uint_eq(scene_request("a", 1)->connection, 1);
    ck_assert_uint_eq(scene_request("a", 2)->connection, 2);
    ck_assert_uint_eq(scene_request("a", 3)->connection, 2);
    poll = scene_poll("a", 1);
    ck_assert(!is_reused(poll));
    ck_assert(is_reused(scene_poll("a", 2)));
    ck_assert_int_ge(scene_ns(poll, "late"), 0);
}
END_TEST

START_TEST(but_only_once)
{
    scene_start("[defaults]\nretry = 50ms\n"
                "[servers]\na = @/a?delay=0.05&%s=never,request\n",
                endings[_i]);
    scene_await_polls("a", 4);
    rig_stop(rig);
    for (size_t i = 1; i < 4; i++)
        scene_failure("a", i, "closed");
    ck_assert_int_eq((int)rig_number(scene_poll("a", 1), "attempt"), 1);
    ck_assert_int_eq((int)rig_number(scene_poll("a", 3), "attempt"), 3);
    /* The first poll, the second one twice, and then one for each. */
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 1 + rig_count_events(rig, "poll", "a"));
    ck_assert_uint_eq(scene_request("a", 1)->connection, 1);
    for (size_t i = 2; i < 5; i++)
        ck_assert_uint_eq(scene_request("a", i)->connection, i);
}
END_TEST

START_TEST(not_on_a_fresh_connection)
{
    scene_start_count(3, "[defaults]\nretry = 10ms\n[servers]\na = @/a?%s=request\n", endings[_i]);
    scene_await_exit(1);
    for (size_t i = 0; i < 3; i++)
        scene_failure("a", i, "closed");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    scene_check_never_early("a");
}
END_TEST

START_TEST(not_after_the_first_byte)
{
    scene_start_count(2,
                      "[defaults]\nretry = 10ms\n"
                      "[servers]\na = @/a?delay=0.05&%s=never,header\n",
                      endings[_i]);
    scene_await_exit(1);
    scene_failure("a", 1, "closed");
    ck_assert(is_reused(scene_poll("a", 1)));
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 2);
}
END_TEST

START_TEST(the_second_try_has_what_is_left_of_the_time)
{
    scene_start_count(2, "[defaults]\ntimeout = 1s\n"
                         "[servers]\na = @/a?delay=0.05&close=never,request,never&slow=600\n");
    scene_await_exit(1);
    scene_failure("a", 1, "timeout");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    ck_assert_int_ge(scene_ns(scene_poll("a", 1), "took"), 1000 * MS);
}
END_TEST

/* --- what comes unasked ---------------------------------------------------------------- */

START_TEST(bytes_after_an_answer_are_not_the_next_one)
{
    static const char *const framings[] = {"length", "chunked"};

    scene_start("[servers]\na = @/a?delay=0.02&framing=%s&extra=" STRAY "\n", framings[_i]);
    scene_await_polls("a", 5);
    check_all_polls("a", 20 * MS);
    scene_check_punctual();
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(scene_request("a", i)->connection, i + 1);
}
END_TEST

START_TEST(bytes_on_an_idle_connection_are_not_the_next_answer)
{
    size_t told;

    scene_start("[servers]\na = @/a?delay=0.2&idle-ms=20&late-extra=" STRAY "\n");
    scene_await_polls("a", 1);
    scene_await_no_connection();
    told = rig_count_events(rig, "poll", "a");
    scene_await_polls("a", told + 2);
    check_all_polls("a", 200 * MS);
    ck_assert_uint_ge(mock_server_connections(mock), 2);
}
END_TEST

START_TEST(a_body_where_none_is_allowed_is_not_the_next_answer)
{
    scene_start("[defaults]\nretry = 20ms\n[servers]\n"
                "a = @/a?raw=HTTP/1.1%%20204%%20No%%20Content%%0D%%0A"
                "Content-Length:%%203%%0D%%0A%%0D%%0A999\n");
    scene_await_polls("a", 3);
    for (size_t i = 0; i < 3; i++) {
        scene_failure("a", i, "no-delay");
        ck_assert_uint_eq(scene_request("a", i)->connection, i + 1);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("keep-alive");
    TCase *tests = scene_case(suite, "keep-alive");

    tcase_add_test(tests, a_connection_is_kept);
    tcase_add_test(tests, a_kept_connection_survives_a_bad_answer);
    tcase_add_test(tests, each_server_has_a_connection_of_its_own);
    tcase_add_test(tests, a_keep_alive_of_0_closes_each);
    tcase_add_test(tests, an_unused_connection_is_closed_after_keep_alive);
    tcase_add_test(tests, after_that_another_is_opened);
    tcase_add_loop_test(tests, a_server_that_says_close_is_believed, 0, 4);
    tests = scene_case(suite, "gone");
    tcase_add_loop_test(tests, an_idle_connection_that_ends_is_replaced, 0, 2);
    tcase_add_loop_test(tests, a_connection_that_ends_right_after_the_answer_is_replaced, 0, 2);
    tcase_add_loop_test(tests, a_request_on_a_kept_connection_is_sent_once_more, 0, 2);
    tcase_add_loop_test(tests, but_only_once, 0, 2);
    tcase_add_loop_test(tests, not_on_a_fresh_connection, 0, 2);
    tcase_add_loop_test(tests, not_after_the_first_byte, 0, 2);
    tcase_add_test(tests, the_second_try_has_what_is_left_of_the_time);
    tests = scene_case(suite, "unasked");
    tcase_add_loop_test(tests, bytes_after_an_answer_are_not_the_next_one, 0, 2);
    tcase_add_test(tests, bytes_on_an_idle_connection_are_not_the_next_answer);
    tcase_add_test(tests, a_body_where_none_is_allowed_is_not_the_next_answer);
    return suite;
}

CHECK_MAIN(suite())
