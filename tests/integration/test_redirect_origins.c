/*
 * Redirects to other servers: what is another one, and the connections to them.
 */
#include <string.h>

#include "check_main.h"
#include "trail_scene.h"

static const int64_t MS = 1000000;

static bool is_reused(const json_t *poll)
{
    return json_is_true(json_object_get(poll, "reused"));
}

static void check_delays(const char *server, size_t count, int64_t ns)
{
    scene_check_all_good(server);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(scene_ns(scene_poll(server, i), "delay"), ns);
}

/* --- the connections ----------------------------------------------------------------------- */

START_TEST(both_connections_are_kept)
{
    char host[64];

    snprintf(host, sizeof(host), "Host: %s", mock_server_authority(other));
    scene_start_count(5, "[servers]\na = @/a?%s\n", trail_over_to(other, "/b?delay=0.02"));
    scene_await_exit(0);
    check_delays("a", 5, 20 * MS);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
    ck_assert_uint_eq(mock_server_connections(other), 1);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 5);
    ck_assert_uint_eq(mock_server_requests(other, "b"), 5);
    ck_assert(trail_has(1, host));
    ck_assert(!is_reused(scene_poll("a", 0)));
    ck_assert(is_reused(scene_poll("a", 1)));
}
END_TEST

START_TEST(a_way_back_is_on_the_first_connection)
{
    char back[256];
    const char *query;

    snprintf(back, sizeof(back), "http://@/c?%s", trail_over_to(other, "/d?delay=0.02"));
    query = trail_to(302, back);
    snprintf(back, sizeof(back), "/b?%s", query);
    scene_start_count(3, "[servers]\na = @/a?%s\n", trail_over_to(other, back));
    scene_await_exit(0);
    check_delays("a", 3, 20 * MS);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
    ck_assert_uint_eq(mock_server_connections(other), 1);
    ck_assert_uint_eq(trail_count(), 12);
    for (size_t i = 0; i < 12; i += 4) {
        ck_assert_ptr_nonnull(strstr(trail_line(i), "GET /a?"));
        ck_assert_ptr_nonnull(strstr(trail_line(i + 1), "GET /b?"));
        ck_assert_ptr_nonnull(strstr(trail_line(i + 2), "GET /c?"));
        trail_check_line(i + 3, "GET /d?delay=0.02");
    }
    ck_assert_int_eq((int)rig_number(scene_poll("a", 2), "redirects"), 3);
}
END_TEST

START_TEST(each_server_has_its_own)
{
    scene_start_count(2, "[servers]\na = @/a?%s\nb = @/b?%s\n",
                      trail_over_to(other, "/same?delay=0.02"),
                      trail_over_to(other, "/same?delay=0.02"));
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
    ck_assert_uint_eq(mock_server_connections(other), 2);
}
END_TEST

static const char *const endings[] = {"close", "reset"};

START_TEST(one_that_dies_idle_is_replaced)
{
    char path[128];
    size_t told;

    snprintf(path, sizeof(path), "/b?delay=0.2&%s=idle&idle-ms=20", endings[_i]);
    scene_start("[servers]\na = @/a?%s\n", trail_over_to(other, path));
    scene_await_polls("a", 1);
    told = rig_count_events(rig, "poll", "a");
    scene_await_polls("a", told + 2);
    check_delays("a", told + 2, 200 * MS);
    ck_assert_uint_ge(mock_server_connections(other), 2);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(a_request_on_a_kept_one_is_sent_once_more)
{
    char path[128];

    snprintf(path, sizeof(path), "/b?delay=0.02&%s=never,request,never", endings[_i]);
    scene_start_count(3, "[servers]\na = @/a?%s\n", trail_over_to(other, path));
    scene_await_exit(0);
    check_delays("a", 3, 20 * MS);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    ck_assert_uint_eq(mock_server_requests(other, "b"), 4);
    ck_assert_uint_eq(mock_server_connections(other), 2);
}
END_TEST

START_TEST(but_only_once)
{
    char path[128];

    snprintf(path, sizeof(path), "/b?delay=0.02&%s=never,request,request", endings[_i]);
    scene_start_count(2, "[servers]\na = @/a?%s\n", trail_over_to(other, path));
    scene_await_exit(1);
    scene_failure("a", 1, "closed");
    ck_assert_uint_eq(mock_server_requests(other, "b"), 3);
}
END_TEST

START_TEST(unasked_bytes_on_it_are_not_the_next_answer)
{
    size_t told;

    scene_start("[servers]\na = @/a?%s\n",
                trail_over_to(other, "/b?delay=0.2&idle-ms=20&late-extra=HTTP/1.1%20200%20OK%0D%0A"
                                     "Content-Length:%203%0D%0A%0D%0A999"));
    scene_await_polls("a", 1);
    told = rig_count_events(rig, "poll", "a");
    scene_await_polls("a", told + 2);
    check_delays("a", told + 2, 200 * MS);
    ck_assert_uint_ge(mock_server_connections(other), 2);
}
END_TEST

/* While the other one is waited for, nothing is expected on the first. */
START_TEST(unasked_bytes_on_the_first_are_no_answer_either)
{
    scene_start_count(3, "[servers]\na = @/a?%s&idle-ms=20&late-extra=%s\n",
                      trail_over_to(other, "/b?delay=0.02&slow=150"),
                      "HTTP/1.1%20200%20OK%0D%0AContent-Length:%203%0D%0A%0D%0A999");
    scene_await_exit(0);
    check_delays("a", 3, 20 * MS);
    ck_assert_uint_eq(mock_server_connections(mock), 3);
    ck_assert_uint_eq(mock_server_connections(other), 1);
}
END_TEST

START_TEST(the_first_may_end_while_the_other_is_waited_for)
{
    scene_start_count(3, "[servers]\na = @/a?%s&idle-ms=20&%s=idle\n",
                      trail_over_to(other, "/b?delay=0.02&slow=150"), endings[_i]);
    scene_await_exit(0);
    check_delays("a", 3, 20 * MS);
    ck_assert_uint_eq(mock_server_connections(mock), 3);
    ck_assert_uint_eq(mock_server_connections(other), 1);
}
END_TEST

START_TEST(a_keep_alive_of_0_closes_each)
{
    scene_start_count(3, "[defaults]\nkeep-alive = 0\n[servers]\na = @/a?%s\n",
                      trail_over_to(other, "/b?delay=0.02"));
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_connections(mock), 3);
    ck_assert_uint_eq(mock_server_connections(other), 3);
    for (size_t i = 0; i < 6; i++)
        ck_assert(trail_has(i, "Connection: close"));
}
END_TEST

static bool has_no_connections(void *arg)
{
    (void)arg;
    return mock_server_open_connections(mock) == 0 && mock_server_open_connections(other) == 0;
}

START_TEST(both_are_closed_after_keep_alive)
{
    scene_start("[defaults]\nkeep-alive = 100ms\n[servers]\na = @/a?%s\n",
                trail_over_to(other, "/b?delay=30"));
    scene_await_polls("a", 1);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
    ck_assert_uint_eq(mock_server_connections(other), 1);
    rig_wait(rig, has_no_connections, NULL, SCENE_LIMIT_MS);
}
END_TEST

static bool has_no_other_connection(void *arg)
{
    (void)arg;
    return mock_server_open_connections(other) == 0;
}

/* However often the first one is used. */
START_TEST(one_that_no_redirect_leads_to_any_more_is_closed_after_keep_alive)
{
    scene_start("[defaults]\nkeep-alive = 300ms\n[servers]\n"
                "a = @/a?status=302,200&delay=0.02&location=http://%s/b%%3Fdelay=0.02\n",
                mock_server_authority(other));
    scene_await_polls("a", 1);
    rig_wait(rig, has_no_other_connection, NULL, 3000);
    scene_await_polls("a", rig_count_events(rig, "poll", "a") + 2);
    scene_check_all_good("a");
    ck_assert_uint_eq(mock_server_connections(mock), 1);
    ck_assert_uint_eq(mock_server_connections(other), 1);
}
END_TEST

enum { MANY = 8 };

/* Where each redirect leads elsewhere, only the connection to the last is kept. */
START_TEST(many_others_leave_nothing_behind)
{
    struct mock_server *others[MANY];
    struct bytes list = {0};

    for (int i = 0; i < MANY; i++) {
        others[i] = rig_mock(rig);
        bytes_print(&list, "%shttp://%s/b%%3Fdelay=%s", i > 0 ? "," : "",
                    mock_server_authority(others[i]), i == MANY - 1 ? "30" : "0.01");
    }
    scene_start("[servers]\na = @/a?status=302&location=%s\n", list.data);
    bytes_finish(&list);
    scene_await_polls("a", MANY);
    scene_check_all_good("a");
    for (int i = 0; i < MANY; i++)
        ck_assert_uint_eq(mock_server_requests(others[i], "b"), 1);
    for (int i = 0; i < MANY - 1; i++)
        ck_assert_uint_eq(mock_server_open_connections(others[i]), 0);
    ck_assert_uint_eq(mock_server_open_connections(others[MANY - 1]), 1);
}
END_TEST

/* --- the same origin or another ------------------------------------------------------------ */

/* Only a name and an address that lead to the same server can tell: the connection. */
START_TEST(another_name_is_another_origin)
{
    char location[128];

    snprintf(location, sizeof(location), "http://localhost:%d/b?delay=0.02",
             mock_server_port(mock));
    scene_start_count(2, "[servers]\na = @/a?%s\n", trail_to(302, location));
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
}
END_TEST

START_TEST(the_case_of_a_name_makes_no_difference)
{
    char location[128];

    snprintf(location, sizeof(location), "http://LOCALhost:000%d/b?delay=0.02",
             mock_server_port(mock));
    scene_start_count(2, "[servers]\na = http://localhost:%d/a?%s\n", mock_server_port(mock),
                      trail_to(302, location));
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("redirect-origins");
    TCase *tests = trail_scene_case(suite, "connections");

    tcase_add_test(tests, both_connections_are_kept);
    tcase_add_test(tests, a_way_back_is_on_the_first_connection);
    tcase_add_test(tests, each_server_has_its_own);
    tcase_add_loop_test(tests, one_that_dies_idle_is_replaced, 0, 2);
    tcase_add_loop_test(tests, a_request_on_a_kept_one_is_sent_once_more, 0, 2);
    tcase_add_loop_test(tests, but_only_once, 0, 2);
    tcase_add_test(tests, unasked_bytes_on_it_are_not_the_next_answer);
    tcase_add_test(tests, unasked_bytes_on_the_first_are_no_answer_either);
    tcase_add_loop_test(tests, the_first_may_end_while_the_other_is_waited_for, 0, 2);
    tcase_add_test(tests, a_keep_alive_of_0_closes_each);
    tcase_add_test(tests, both_are_closed_after_keep_alive);
    tcase_add_test(tests, one_that_no_redirect_leads_to_any_more_is_closed_after_keep_alive);
    tcase_add_test(tests, many_others_leave_nothing_behind);
    tcase_add_test(tests, another_name_is_another_origin);
    tcase_add_test(tests, the_case_of_a_name_makes_no_difference);
    return suite;
}

CHECK_MAIN(suite())
