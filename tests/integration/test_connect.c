/*
 * The way to a server: the request as it arrives, names and addresses, and the
 * time limits of each stage.
 */
#include <string.h>

#include "check_main.h"
#include "full_listener.h"
#include "scene.h"

static const int64_t MS = 1000000;

/* --- the request ------------------------------------------------------------------------ */

/* All of it, so that nothing slips in that a server might mind. */
static void check_request(const struct mock_request *request, const char *target, const char *host)
{
    const struct rig_result *version = rig_run(rig, "--version", NULL);
    struct bytes wanted = {0};
    int number_length = (int)strcspn(version->out + strlen("aiopoll "), "\n");

    bytes_print(&wanted,
                "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: aiopoll/%.*s\r\nAccept: */*\r\n\r\n",
                target, host, number_length, version->out + strlen("aiopoll "));
    ck_assert_str_eq(request->header.data, wanted.data);
    ck_assert_uint_eq(request->body.length, 0);
    bytes_finish(&wanted);
}

START_TEST(the_request_is_plain)
{
    scene_start_count(2, "[servers]\na = @/a/b;c=d?delay=0.01&promise=%%30,\n");
    scene_await_exit(0);
    for (size_t i = 0; i < 2; i++)
        check_request(scene_request("a", i), "/a/b;c=d?delay=0.01&promise=%30,",
                      mock_server_authority(mock));
}
END_TEST

START_TEST(a_url_without_path_has_one)
{
    scene_start_count(1, "[servers]\na = http://@\nb = @?delay=2\n");
    scene_await_exit(0);
    check_request(scene_request("", 0), "/", mock_server_authority(mock));
    check_request(scene_request("", 1), "/?delay=2", mock_server_authority(mock));
}
END_TEST

START_TEST(an_ipv6_address_has_brackets)
{
    struct mock_server *six;

    if (mock_server_new(&six, rig_loop(rig), "::1", 0) != 0)
        return; /* no IPv6 here */
    scene_start_count(2, "[servers]\na = http://%s/a?delay=0.01\n", mock_server_authority(six));
    scene_await_exit(0);
    check_request(mock_server_request(six, "a", 1), "/a?delay=0.01", mock_server_authority(six));
    ck_assert_uint_eq(mock_server_connections(six), 1);
    mock_server_free(six);
}
END_TEST

/* --- names ------------------------------------------------------------------------------ */

START_TEST(a_name_is_looked_up_in_the_hosts_file)
{
    char host[32];

    if (!scene_replace_file("/etc/hosts", rig_write(rig, "hosts", "127.0.0.1 four.test\n")))
        return; /* the machine does not let us */
    snprintf(host, sizeof(host), "four.test:%d", mock_server_port(mock));
    scene_start_count(2, "[servers]\na = http://%s/a?delay=0.01\n", host);
    scene_await_exit(0);
    scene_check_all_good("a");
    check_request(scene_request("a", 0), "/a?delay=0.01", host);
    scene_check_punctual();
}
END_TEST

static void check_both(const char *hosts)
{
    json_t *poll;

    if (!scene_replace_file("/etc/hosts", rig_write(rig, "hosts", "%s", hosts)))
        return; /* the machine does not let us */
    scene_start_count(3,
                      "[defaults]\nkeep-alive = 0\n"
                      "[servers]\na = http://both.test:%d/a?delay=0.01\n",
                      mock_server_port(mock));
    scene_await_exit(0);
    scene_check_all_good("a");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    mock_server_stop_listening(mock);
    scene_start_count(1, "[servers]\na = http://both.test:%d/a?delay=0.01\n",
                      mock_server_port(mock));
    scene_await_exit(1);
    poll = scene_failure("a", 0, "connect");
    ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), "2 addresses"));
}

START_TEST(addresses_are_tried_one_after_the_other)
{
    static const char *const hosts[] = {
        "127.0.0.2 both.test\n127.0.0.1 both.test\n",
        "127.0.0.1 both.test\n127.0.0.2 both.test\n",
        "::1 both.test\n127.0.0.1 both.test\n",
    };

    check_both(hosts[_i]);
}
END_TEST

/* The first address swallows its share of the time, and not all of it. */
START_TEST(an_address_that_is_silent_leaves_time_for_the_next)
{
    struct full_listener unreached;
    struct mock_server *other;
    const char *hosts = rig_write(rig, "hosts", "127.0.0.1 both.test\n127.0.0.2 both.test\n");

    full_listener_init(&unreached);
    if (scene_replace_file("/etc/hosts", hosts) &&
        mock_server_new(&other, rig_loop(rig), "127.0.0.2", unreached.port) == 0) {
        scene_start_count(1,
                          "[defaults]\nconnect-timeout = 1s\n"
                          "[servers]\na = http://both.test:%d/a\n",
                          unreached.port);
        scene_await_exit(0);
        ck_assert_uint_eq(mock_server_requests(other, "a"), 1);
        mock_server_free(other);
    }
    full_listener_finish(&unreached);
}
END_TEST

/* --- connecting ---------------------------------------------------------------------------- */

START_TEST(a_refused_port_is_connect)
{
    json_t *poll;

    mock_server_stop_listening(mock);
    scene_start_count(3, "[defaults]\nretry = 20ms\n[servers]\na = @/a\n");
    scene_await_exit(1);
    for (size_t i = 0; i < 3; i++) {
        poll = scene_failure("a", i, "connect");
        ck_assert_int_eq((int)rig_number(poll, "attempt"), (int)i + 1);
        ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), mock_server_authority(mock)));
        ck_assert_ptr_null(json_object_get(poll, "late"));
        ck_assert_ptr_null(json_object_get(poll, "status"));
    }
}
END_TEST

static void check_timeout(const char *server, size_t index, const char *error, int64_t least_ns,
                          const char *stage)
{
    json_t *poll = scene_failure(server, index, error);

    ck_assert_int_ge(scene_ns(poll, "took"), least_ns);
    ck_assert_msg(strstr(rig_string(poll, "detail"), stage) != NULL, "%s",
                  rig_string(poll, "detail"));
}

START_TEST(connecting_has_a_limit)
{
    struct full_listener unreached;

    full_listener_init(&unreached);
    scene_start_count(2,
                      "[defaults]\nretry = 20ms\n"
                      "[server connect]\nurl = 127.0.0.1:%d/\nconnect-timeout = 200ms\n"
                      "[server whole]\nurl = 127.0.0.1:%d/\ntimeout = 300ms\n",
                      unreached.port, unreached.port);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        check_timeout("connect", i, "connect", 200 * MS, "timed out");
        check_timeout("whole", i, "timeout", 300 * MS, "connecting");
        ck_assert_ptr_null(json_object_get(scene_poll("whole", i), "late"));
    }
    full_listener_finish(&unreached);
}
END_TEST

START_TEST(the_connect_limit_is_over_once_connected)
{
    scene_start_count(2, "[defaults]\nconnect-timeout = 500ms\n"
                         "[servers]\na = @/a?delay=0.01&slow=800\n");
    scene_await_exit(0);
    scene_check_all_good("a");
}
END_TEST

/* --- the whole poll -------------------------------------------------------------------------- */

START_TEST(every_stage_has_a_limit)
{
    static const struct {
        const char *query;
        const char *stage;
    } stages[] = {
        {"silent", "waiting for the response"},
        {"slow=60000", "waiting for the response"},
        {"trickle=100", "in the middle of the response"},
        {"trickle=100&framing=chunked", "in the middle of the response"},
        {"raw=HTTP/1.1%20200%20OK%0D%0AContent-Length:%205%0D%0A%0D%0A12", "in the middle"},
        {"raw=HTTP/1.1%20200%20OK%0D%0A%0D%0A12", "in the middle"},
    };

    scene_start_count(2, "[defaults]\ntimeout = 300ms\nretry = 20ms\n[servers]\na = @/a?%s\n",
                      stages[_i].query);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        check_timeout("a", i, "timeout", 300 * MS, stages[_i].stage);
        ck_assert_uint_eq(scene_request("a", i)->connection, i + 1);
        ck_assert_int_ge(scene_ns(scene_poll("a", i), "late"), 0);
    }
    scene_check_never_early("a");
    scene_await_no_connection();
}
END_TEST

START_TEST(a_late_answer_does_not_become_the_next_one)
{
    scene_start("[defaults]\ntimeout = 300ms\nretry = 100ms\nretry-max = 100ms\n"
                "[servers]\na = @/a?delay=999&slow=350\n");
    scene_await_polls("a", 3);
    for (size_t i = 0; i < 3; i++) {
        scene_failure("a", i, "timeout");
        ck_assert_uint_eq(scene_request("a", i)->connection, i + 1);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("connect");
    TCase *tests = scene_case(suite, "request");

    tcase_add_test(tests, the_request_is_plain);
    tcase_add_test(tests, a_url_without_path_has_one);
    tcase_add_test(tests, an_ipv6_address_has_brackets);
    tests = scene_case(suite, "names");
    tcase_add_test(tests, a_name_is_looked_up_in_the_hosts_file);
    tcase_add_loop_test(tests, addresses_are_tried_one_after_the_other, 0, 3);
    tcase_add_test(tests, an_address_that_is_silent_leaves_time_for_the_next);
    tests = scene_case(suite, "connecting");
    tcase_add_test(tests, a_refused_port_is_connect);
    tcase_add_test(tests, connecting_has_a_limit);
    tcase_add_test(tests, the_connect_limit_is_over_once_connected);
    tests = scene_case(suite, "limits");
    tcase_add_loop_test(tests, every_stage_has_a_limit, 0, 6);
    tcase_add_test(tests, a_late_answer_does_not_become_the_next_one);
    return suite;
}

CHECK_MAIN(suite())
