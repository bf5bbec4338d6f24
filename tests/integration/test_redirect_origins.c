/*
 * Redirects to other servers: what they are told, the connections to them, and the ends
 * that a poll finds there.
 */
#include <string.h>

#include "check_main.h"
#include "full_listener.h"
#include "scene.h"
#include "trail.h"

static const int64_t MS = 1000000;

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct mock_server *other;

static void setup(void)
{
    trail_begin();
    trail_watch(mock);
    other = rig_mock(rig);
    trail_watch(other);
}

/* A query that redirects to this path of another server. */
static const char *over_to(const struct mock_server *server, const char *path)
{
    return trail_to(302, trail_print("http://%s%s", mock_server_authority(server), path));
}

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

/* --- the connections ------------------------------------------------------------------------ */

START_TEST(both_connections_are_kept)
{
    char host[64];

    snprintf(host, sizeof(host), "Host: %s", mock_server_authority(other));
    scene_start_count(5, "[servers]\na = @/a?%s\n", over_to(other, "/b?delay=0.02"));
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

    snprintf(back, sizeof(back), "http://@/c?%s", over_to(other, "/d?delay=0.02"));
    query = trail_to(302, back);
    snprintf(back, sizeof(back), "/b?%s", query);
    scene_start_count(3, "[servers]\na = @/a?%s\n", over_to(other, back));
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
    scene_start_count(2, "[servers]\na = @/a?%s\nb = @/b?%s\n", over_to(other, "/same?delay=0.02"),
                      over_to(other, "/same?delay=0.02"));
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
    scene_start("[servers]\na = @/a?%s\n", over_to(other, path));
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
    scene_start_count(3, "[servers]\na = @/a?%s\n", over_to(other, path));
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
    scene_start_count(2, "[servers]\na = @/a?%s\n", over_to(other, path));
    scene_await_exit(1);
    scene_failure("a", 1, "closed");
    ck_assert_uint_eq(mock_server_requests(other, "b"), 3);
}
END_TEST

START_TEST(unasked_bytes_on_it_are_not_the_next_answer)
{
    size_t told;

    scene_start("[servers]\na = @/a?%s\n",
                over_to(other, "/b?delay=0.2&idle-ms=20&late-extra=HTTP/1.1%20200%20OK%0D%0A"
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
                      over_to(other, "/b?delay=0.02&slow=150"),
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
                      over_to(other, "/b?delay=0.02&slow=150"), endings[_i]);
    scene_await_exit(0);
    check_delays("a", 3, 20 * MS);
    ck_assert_uint_eq(mock_server_connections(mock), 3);
    ck_assert_uint_eq(mock_server_connections(other), 1);
}
END_TEST

START_TEST(a_keep_alive_of_0_closes_each)
{
    scene_start_count(3, "[defaults]\nkeep-alive = 0\n[servers]\na = @/a?%s\n",
                      over_to(other, "/b?delay=0.02"));
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
                over_to(other, "/b?delay=30"));
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

/* --- the same origin or another ----------------------------------------------------------------
 */

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

/* --- the ends that a poll finds there ------------------------------------------------------------
 */

static const struct {
    const char *path;
    const char *error;
} bad[] = {
    {"/b?close=request", "closed"},   {"/b?reset=request", "closed"},
    {"/b?close=header", "closed"},    {"/b?reset=header", "closed"},
    {"/b?close=body", "closed"},      {"/b?reset=body&framing=close", "closed"},
    {"/b?garbage", "protocol"},       {"/b?status=101", "protocol"},
    {"/b?endless=body", "too-large"}, {"/b?endless=header", "too-large"},
    {"/b?status=500", "status"},      {"/b?delay=soon", "no-delay"},
    {"/b?status=302", "redirect"},
};

/* What the failure is of, where the words alone would not tell. */
static void check_says_where(const json_t *poll, const char *authority)
{
    const char *error = rig_string(poll, "error");
    const char *detail = rig_string(poll, "detail");
    char start[128];

    if (strcmp(error, "status") == 0 || strcmp(error, "no-delay") == 0)
        return;
    snprintf(start, sizeof(start), "redirected to http://%s: ", authority);
    ck_assert_msg(strncmp(detail, start, strlen(start)) == 0, "%s", detail);
}

START_TEST(a_bad_answer_there_has_its_reason)
{
    scene_start_count(3, "[defaults]\nretry = 10ms\n[servers]\na = @/a?%s\n",
                      over_to(other, bad[_i].path));
    scene_await_exit(1);
    for (size_t i = 0; i < 3; i++) {
        json_t *poll = scene_failure("a", i, bad[_i].error);

        ck_assert_int_eq((int)rig_number(poll, "redirects"), 1);
        ck_assert_int_eq((int)rig_number(poll, "attempt"), (int)i + 1);
        ck_assert_int_ge(scene_ns(poll, "late"), 0);
        check_says_where(poll, mock_server_authority(other));
    }
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(nobody_may_be_there)
{
    const char *query = over_to(other, "/b?delay=0.02");

    mock_server_stop_listening(other);
    scene_start("[defaults]\nretry = 30ms\nretry-max = 30ms\n[servers]\na = @/a?%s\n", query);
    scene_await_polls("a", 3);
    for (size_t i = 0; i < 3; i++) {
        json_t *poll = scene_failure("a", i, "connect");

        check_says_where(poll, mock_server_authority(other));
        ck_assert_ptr_null(json_object_get(poll, "status"));
    }
    ck_assert_int_eq(mock_server_listen_again(other), 0);
    rig_wait_requests(rig, other, "b", 2, SCENE_LIMIT_MS);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(it_may_close_at_once)
{
    mock_server_set_accept(other, _i == 0 ? MOCK_ACCEPT_AND_CLOSE : MOCK_ACCEPT_AND_RESET, 2);
    scene_start_count(3, "[defaults]\nretry = 10ms\n[servers]\na = @/a?%s\n",
                      over_to(other, "/b?delay=0.02"));
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(rig_string(scene_poll("a", i), "result"), "error");
    ck_assert_str_eq(rig_string(scene_poll("a", 2), "result"), "ok");
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(its_name_may_be_unknown)
{
    scene_start_count(1, "[defaults]\nconnect-timeout = 500ms\n[servers]\na = @/a?%s\n",
                      trail_to(302, "http://nosuch.invalid/b"));
    scene_await_exit(1);
    check_says_where(scene_failure("a", 0, "dns"), "nosuch.invalid");
}
END_TEST

START_TEST(it_may_not_be_reached_in_time)
{
    struct full_listener full;
    char location[64];
    const char *authority = location + strlen("http://");

    full_listener_init(&full);
    snprintf(location, sizeof(location), "http://127.0.0.1:%d", full.port);
    scene_start_count(1, "[defaults]\nconnect-timeout = 100ms\n[servers]\na = @/a?%s\n",
                      trail_to(302, location));
    scene_await_exit(1);
    check_says_where(scene_failure("a", 0, "connect"), authority);
    ck_assert_int_ge(scene_ns(scene_poll("a", 0), "took"), 100 * MS);
    full_listener_finish(&full);
}
END_TEST

/* Each part is in time, but all of them together are not. */
START_TEST(one_timeout_is_for_all_of_them)
{
    char path[512];
    json_t *poll;

    snprintf(path, sizeof(path), "/b?slow=250&%s", over_to(mock, "/c?slow=250&delay=0.02"));
    scene_start_count(2,
                      "[defaults]\nretry = 10ms\ntimeout = 600ms\n[servers]\na = @/a?slow=250&%s\n",
                      over_to(other, path));
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        poll = scene_failure("a", i, "timeout");
        ck_assert_int_ge(scene_ns(poll, "took"), 600 * MS);
        ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), "600ms have passed, waiting"));
    }
}
END_TEST

START_TEST(silence_there_is_a_timeout)
{
    static const char *const paths[] = {"/b?silent", "/b?trickle=50&pad=1000",
                                        "/b?raw=HTTP/1.1%20200"};

    scene_start_count(2, "[defaults]\nretry = 10ms\ntimeout = 300ms\n[servers]\na = @/a?%s\n",
                      over_to(other, paths[_i]));
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_ge(scene_ns(scene_failure("a", i, "timeout"), "took"), 300 * MS);
        check_says_where(scene_poll("a", i), mock_server_authority(other));
    }
    /* The one that was silent is not used again; the first is. */
    ck_assert_uint_eq(mock_server_connections(other), 2);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(a_stop_cuts_it_short)
{
    static const char *const paths[] = {"/b?silent", "/b?trickle=50&pad=1000"};

    scene_start("[servers]\na = @/a?%s\n", over_to(other, paths[_i]));
    rig_wait_requests(rig, other, "b", 1, SCENE_LIMIT_MS);
    rig_stop(rig);
    ck_assert_uint_eq(scene_count_canceled("a"), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("redirect-origins");
    TCase *tests = scene_case(suite, "connections");

    tcase_add_checked_fixture(tests, setup, NULL);
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
    tests = scene_case(suite, "ends");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, a_bad_answer_there_has_its_reason, 0, COUNT_OF(bad));
    tcase_add_test(tests, nobody_may_be_there);
    tcase_add_loop_test(tests, it_may_close_at_once, 0, 2);
    tcase_add_test(tests, its_name_may_be_unknown);
    tcase_add_test(tests, it_may_not_be_reached_in_time);
    tcase_add_test(tests, one_timeout_is_for_all_of_them);
    tcase_add_loop_test(tests, silence_there_is_a_timeout, 0, 3);
    tcase_add_loop_test(tests, a_stop_cuts_it_short, 0, 2);
    return suite;
}

CHECK_MAIN(suite())
