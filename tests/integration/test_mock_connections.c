/*
 * The mock server, measured with a client that speaks raw TCP: how its
 * connections begin and end.
 */
#include <string.h>

#include "boottime.h"
#include "check_main.h"
#include "raw_scene.h"

enum { SLACK_MS = 2 }; /* a uv_timer may fire early by its resolution */

static const int64_t MS = 1000000;

static const struct cut {
    const char *stage;
    const char *last; /* what comes last before the cut */
    bool promises;
} cuts[] = {
    {"request", "", false},
    {"header", "Content-Type: t", false},
    {"body", "Content-Length: 2\r\n\r\n1", false},
    {"after", "\r\n\r\n1\n", true},
    {"idle", "\r\n\r\n1\n", true},
};

static void check_cut(const struct cut *cut, const char *how, int end)
{
    struct bytes path = {0};
    size_t length = strlen(cut->last);

    bytes_print(&path, "/%s-%s?%s=%s", how, cut->stage, how, cut->stage);
    raw_get_until_end(path.data, end);
    ck_assert_uint_ge(client->received.length, length);
    if (length > 0)
        ck_assert_str_eq(client->received.data + client->received.length - length, cut->last);
    else
        ck_assert_uint_eq(client->received.length, 0);
    *strchr(path.data, '?') = '\0';
    ck_assert_int_eq(scene_request(path.data + 1, 0)->promised_ns >= 0, cut->promises);
    ck_assert_int_ge(scene_request(path.data + 1, 0)->answered_ns, 0);
    bytes_finish(&path);
}

START_TEST(a_close_comes_at_its_stage)
{
    check_cut(&cuts[_i], "close", UV_EOF);
}
END_TEST

START_TEST(a_reset_comes_at_its_stage)
{
    check_cut(&cuts[_i], "reset", UV_ECONNRESET);
}
END_TEST

START_TEST(an_idle_close_waits)
{
    int64_t answered_ns;

    raw_get_until_end("/a?close=idle&idle-ms=60", UV_EOF);
    answered_ns = scene_request("a", 0)->answered_ns;
    ck_assert_int_ge(boottime_ns() - answered_ns, (60 - SLACK_MS) * MS);
    ck_assert_ptr_null(strstr(client->received.data, "Connection"));
}
END_TEST

START_TEST(a_request_in_time_averts_the_idle_close)
{
    raw_get("/a?close=idle&idle-ms=50", "\r\n\r\n1\n");
    raw_get("/b", "\r\n\r\n1\n");
    rig_pass(rig, 100);
    ck_assert_int_eq(client->end, 0);
}
END_TEST

START_TEST(connections_can_end_at_once)
{
    mock_server_set_accept(mock, MOCK_ACCEPT_AND_CLOSE, 1);
    raw_get_until_end("/a", UV_EOF);
    mock_server_set_accept(mock, MOCK_ACCEPT_AND_RESET, 1);
    raw_get_until_end("/a", UV_ECONNRESET);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 0);
    raw_disconnect();
    raw_get("/a", "\r\n\r\n1\n");
    ck_assert_uint_eq(scene_request("a", 0)->connection, 3);
}
END_TEST

START_TEST(connects_are_refused_until_it_listens_again)
{
    raw_get("/a", "\r\n\r\n1\n");
    mock_server_stop_listening(mock);
    raw_get("/a", "\r\n\r\n1\n");
    raw_get_until_end("/a", UV_ECONNREFUSED);
    ck_assert_int_eq(mock_server_listen_again(mock), 0);
    raw_disconnect();
    raw_get("/a", "\r\n\r\n1\n");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
}
END_TEST

START_TEST(it_takes_an_address_and_a_port)
{
    struct mock_server *other;

    ck_assert_int_eq(mock_server_new(&other, rig_loop(rig), "nowhere", 0), UV_EINVAL);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(mock_server_new(&other, rig_loop(rig), NULL, mock_server_port(mock)),
                     UV_EADDRINUSE);
    if (mock_server_new(&other, rig_loop(rig), "::1", 0) != 0)
        return; /* no IPv6 here */
    ck_assert_int_eq(strncmp(mock_server_authority(other), "[::1]:", 6), 0);
    mock_server_free(other);
}
END_TEST

START_TEST(stages_are_a_sequence)
{
    raw_get("/a?close=never,body,never", "\r\n\r\n1\n");
    raw_get_until_end("/a?close=never,body,never", UV_EOF);
    raw_disconnect();
    raw_get("/a?close=never,body,never", "\r\n\r\n1\n");
    raw_get("/a?close=never,body,never", "\r\n\r\n1\n");
    ck_assert_uint_eq(mock_server_connections(mock), 3);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("mock connections");
    TCase *tests = raw_scene_case(suite, "connections");

    tcase_add_loop_test(tests, a_close_comes_at_its_stage, 0, 5);
    tcase_add_loop_test(tests, a_reset_comes_at_its_stage, 0, 5);
    tcase_add_test(tests, stages_are_a_sequence);
    tcase_add_test(tests, an_idle_close_waits);
    tcase_add_test(tests, a_request_in_time_averts_the_idle_close);
    tcase_add_test(tests, connections_can_end_at_once);
    tcase_add_test(tests, connects_are_refused_until_it_listens_again);
    tcase_add_test(tests, it_takes_an_address_and_a_port);
    return suite;
}

CHECK_MAIN(suite())
