/*
 * The mock server, measured with a client that speaks raw TCP: the times that
 * it notes, and what it concludes from them.
 */
#include <string.h>

#include "boottime.h"
#include "check_main.h"
#include "raw_scene.h"

enum { SLACK_MS = 2 }; /* a uv_timer may fire early by its resolution */

static const int64_t MS = 1000000;

START_TEST(times_are_in_order)
{
    int64_t before_ns = boottime_ns();
    const struct mock_request *request;

    raw_get("/a", "\r\n\r\n1\n");
    request = scene_request("a", 0);
    ck_assert_int_ge(request->arrived_ns, before_ns);
    ck_assert_int_ge(request->begun_ns, request->arrived_ns);
    ck_assert_int_ge(request->answered_ns, request->begun_ns);
    ck_assert_int_gt(client->last_read_ns, request->answered_ns);
}
END_TEST

START_TEST(a_request_arrives_with_its_first_byte)
{
    const struct mock_request *request;

    raw_send_anew("G");
    rig_pass(rig, 60);
    raw_client_send(client, "ET /a HTTP/1.1\r\n");
    rig_pass(rig, 10);
    raw_client_send(client, "X-Y: z\r\n\r\n");
    rig_wait(rig, raw_has_received, "1\n", SCENE_LIMIT_MS);
    request = scene_request("a", 0);
    ck_assert_int_ge(request->begun_ns - request->arrived_ns, (60 - 10) * MS);
    ck_assert_str_eq(request->header.data, "GET /a HTTP/1.1\r\nX-Y: z\r\n\r\n");
}
END_TEST

START_TEST(answers_can_be_slow)
{
    const struct mock_request *slow;
    const struct mock_request *trickle;

    raw_get("/slow?slow=50", "1\n");
    slow = scene_request("slow", 0);
    ck_assert_int_ge(slow->begun_ns - slow->arrived_ns, (50 - SLACK_MS) * MS);
    raw_get("/trickle?trickle=2", "\r\n\r\n1\n");
    trickle = scene_request("trickle", 0);
    ck_assert_int_ge(trickle->answered_ns - trickle->begun_ns, 60 * MS);
    ck_assert_int_gt(client->last_read_ns, trickle->answered_ns);
}
END_TEST

START_TEST(an_answer_that_the_client_does_not_await_promises_nothing)
{
    raw_send_get("/a?slow=50");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    raw_disconnect();
    rig_pass(rig, 100);
    ck_assert_int_eq(scene_request("a", 0)->answered_ns, -1);
    ck_assert_int_eq(scene_request("a", 0)->promised_ns, -1);
    ck_assert_uint_eq(mock_server_open_connections(mock), 0);
}
END_TEST

START_TEST(an_early_client_is_found_out)
{
    struct mock_punctuality found;

    raw_get("/a?delay=0.2", "\r\n\r\n0.2\n");
    rig_pass(rig, 50);
    raw_get("/a?delay=0", "\r\n\r\n0\n");
    raw_get("/a?delay=9", "\r\n\r\n9\n");
    raw_get("/b", "\r\n\r\n1\n");
    found = mock_server_punctuality(mock, "a");
    ck_assert_uint_eq(found.promises, 2);
    ck_assert_uint_eq(found.early, 1);
    ck_assert_int_lt(found.earliest_ns, -50 * MS);
    ck_assert_int_gt(found.earliest_ns, -(150 + SLACK_MS) * MS);
    ck_assert_int_ge(found.latest_ns, 0);
    ck_assert_uint_eq(mock_server_punctuality(mock, "b").promises, 0);
}
END_TEST

START_TEST(a_punctual_client_is_not_accused)
{
    struct mock_punctuality found;

    for (int i = 0; i < 5; i++) {
        raw_get("/a?delay=0.02", "\r\n\r\n0.02\n");
        while (boottime_ns() < client->last_read_ns + 20 * MS)
            continue;
    }
    found = mock_server_punctuality(mock, NULL);
    ck_assert_uint_eq(found.promises, 4);
    ck_assert_uint_eq(found.early, 0);
    ck_assert_int_ge(found.earliest_ns, 0);
    ck_assert_int_ge(found.latest_ns, found.earliest_ns);
}
END_TEST

/* With times given by hand: the boundary is exact to the nanosecond. */
START_TEST(one_nanosecond_early_is_early)
{
    struct mock_records *records = mock_records_new();
    static const int64_t arrivals[] = {0, 110, 219, 350};
    struct mock_punctuality found;

    for (size_t i = 0; i < 4; i++) {
        struct mock_request *request = mock_records_add(records, "a");

        request->arrived_ns = arrivals[i];
        request->answered_ns = arrivals[i] + 10;
        request->promised_ns = 100;
    }
    found = mock_records_punctuality(records, "a");
    ck_assert_uint_eq(found.promises, 3);
    ck_assert_uint_eq(found.early, 1);
    ck_assert_int_eq(found.earliest_ns, -1);
    ck_assert_int_eq(found.latest_ns, 21);
    mock_records_free(records);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("mock times");
    TCase *tests = raw_scene_case(suite, "times");

    tcase_add_test(tests, times_are_in_order);
    tcase_add_test(tests, a_request_arrives_with_its_first_byte);
    tcase_add_test(tests, answers_can_be_slow);
    tcase_add_test(tests, an_answer_that_the_client_does_not_await_promises_nothing);
    tcase_add_test(tests, an_early_client_is_found_out);
    tcase_add_test(tests, a_punctual_client_is_not_accused);
    tcase_add_test(tests, one_nanosecond_early_is_early);
    return suite;
}

CHECK_MAIN(suite())
