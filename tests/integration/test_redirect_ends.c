/*
 * Redirects that lead to no answer: what the poll finds there, or that it never gets
 * there. It is over in time, tells where it was, and the next one begins anew.
 */
#include <string.h>

#include "check_main.h"
#include "full_listener.h"
#include "trail_scene.h"

static const int64_t MS = 1000000;

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

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
                      trail_over_to(other, bad[_i].path));
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
    const char *query = trail_over_to(other, "/b?delay=0.02");

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
                      trail_over_to(other, "/b?delay=0.02"));
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

    snprintf(path, sizeof(path), "/b?slow=250&%s", trail_over_to(mock, "/c?slow=250&delay=0.02"));
    scene_start_count(2,
                      "[defaults]\nretry = 10ms\ntimeout = 600ms\n[servers]\na = @/a?slow=250&%s\n",
                      trail_over_to(other, path));
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
                      trail_over_to(other, paths[_i]));
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

    scene_start("[servers]\na = @/a?%s\n", trail_over_to(other, paths[_i]));
    rig_wait_requests(rig, other, "b", 1, SCENE_LIMIT_MS);
    rig_stop(rig);
    ck_assert_uint_eq(scene_count_canceled("a"), 1);
}
END_TEST

START_TEST(a_redirect_that_never_ends_is_not_followed)
{
    static const struct {
        const char *query, *error;
    } endless[] = {
        {"endless=body", "too-large"},
        {"endless=body&framing=chunked", "too-large"},
        {"endless=body&framing=close", "too-large"},
        {"endless=trailer", "too-large"},
        {"endless=chunk-extension", "too-large"},
        {"endless=header", "too-large"},
        {"trickle=50&pad=1000", "timeout"},
        {"trickle=50&pad=1000&framing=chunked", "timeout"},
    };

    scene_start_count(2, "[defaults]\nretry = 10ms\ntimeout = %s\n[servers]\na = @/a?%s&%s\n",
                      strcmp(endless[_i].error, "timeout") == 0 ? "400ms" : "10s",
                      trail_to(302, "/end?delay=0.02"), endless[_i].query);
    scene_await_exit(1);
    ck_assert_uint_eq(trail_count(), 2);
    for (size_t i = 0; i < 2; i++)
        scene_failure("a", i, endless[_i].error);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("redirect-ends");
    TCase *tests = trail_scene_case(suite, "ends");

    tcase_add_loop_test(tests, a_bad_answer_there_has_its_reason, 0, COUNT_OF(bad));
    tcase_add_test(tests, nobody_may_be_there);
    tcase_add_loop_test(tests, it_may_close_at_once, 0, 2);
    tcase_add_test(tests, its_name_may_be_unknown);
    tcase_add_test(tests, it_may_not_be_reached_in_time);
    tcase_add_test(tests, one_timeout_is_for_all_of_them);
    tcase_add_loop_test(tests, silence_there_is_a_timeout, 0, 3);
    tcase_add_loop_test(tests, a_stop_cuts_it_short, 0, 2);
    tcase_add_loop_test(tests, a_redirect_that_never_ends_is_not_followed, 0, 8);
    return suite;
}

CHECK_MAIN(suite())
