/*
 * What a request is made of, as it arrives, and what a redirect makes of it; when it is
 * sent once more; and where to.
 */
#include <string.h>

#include "check_main.h"
#include "trail_scene.h"

static const int64_t MS = 1000000;

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Starts for two polls of the server a with these settings. */
static void poll_twice(const char *settings, const char *path, int status)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n[server a]\nurl = @%s\n%s", path, settings);
    scene_await_exit(status);
}

static void check_header(size_t index, const char *format)
{
    struct bytes wanted = {0};

    bytes_print(&wanted, format, mock_server_authority(mock));
    ck_assert_str_eq(trail_at(index)->header.data, wanted.data);
    bytes_finish(&wanted);
}

static void check_body(size_t index, const char *body)
{
    ck_assert_uint_eq(trail_at(index)->body.length, strlen(body));
    ck_assert_str_eq(bytes_text(&trail_at(index)->body), body);
}

static void check_one_connection(size_t requests)
{
    ck_assert_uint_eq(trail_count(), requests);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}

/* --- methods ------------------------------------------------------------------------------- */

#define OURS "User-Agent: aiopoll/" AIOPOLL_VERSION "\r\nAccept: */*\r\n"

START_TEST(a_get_has_no_more_than_it_needs)
{
    poll_twice("", "/a?delay=0.02", 0);
    check_header(0, "GET /a?delay=0.02 HTTP/1.1\r\nHost: %s\r\n" OURS "\r\n");
    check_body(0, "");
    check_one_connection(2);
}
END_TEST

START_TEST(a_post_has_a_body)
{
    static const char *const methods[] = {"POST", "PUT"};
    char settings[128];

    snprintf(settings, sizeof(settings),
             "method = %s\nbody = {\"who\": \"me\"}\nheader = Content-Type: application/json\n",
             methods[_i]);
    poll_twice(settings, "/a?delay=0.02", 0);
    for (size_t i = 0; i < 2; i++) {
        check_header(i, _i == 0 ? "POST /a?delay=0.02 HTTP/1.1\r\nHost: %s\r\n" OURS
                                  "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n"
                                : "PUT /a?delay=0.02 HTTP/1.1\r\nHost: %s\r\n" OURS
                                  "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n");
        check_body(i, "{\"who\": \"me\"}");
    }
    check_one_connection(2);
}
END_TEST

START_TEST(a_post_may_be_empty)
{
    poll_twice("method = POST\n", "/a?delay=0.02", 0);
    check_header(1, "POST /a?delay=0.02 HTTP/1.1\r\nHost: %s\r\n" OURS "Content-Length: 0\r\n\r\n");
    check_body(1, "");
    check_one_connection(2);
}
END_TEST

#define BY_FIELD     "delay-from = header:X-Poll-Interval\n"
#define SAYS         "header=X-Poll-Interval:%200.02"
#define SAYS_DECODED "header=X-Poll-Interval:0.02"

/* A HEAD's answer has the fields of a body, and no body. */
START_TEST(a_head_is_answered_by_a_field)
{
    static const char *const queries[] = {
        "",
        "&pad=60000",
        "&framing=chunked",
        "&framing=chunked&pad=70000",
        "&pad=70000",
        "&status=204",
        "&status=304",
        "&delay=soon",
        "&header=Content-Encoding:%20gzip",
    };
    poll_twice("method = HEAD\n" BY_FIELD, trail_print("/a?delay=9&%s%s", SAYS, queries[_i]), 0);
    scene_check_all_good("a");
    ck_assert_int_eq(strncmp(trail_line(0), "HEAD /a?", 8), 0);
    ck_assert(!trail_has_name(0, "Content-Length"));
    ck_assert_int_eq(scene_ns(scene_poll("a", 1), "delay"), 20 * MS);
    check_one_connection(2);
}
END_TEST

START_TEST(a_head_that_closes_is_answered_too)
{
    poll_twice("method = HEAD\n" BY_FIELD, "/a?" SAYS "&framing=close", 0);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
}
END_TEST

/* Of a server that does not know better. */
START_TEST(a_body_behind_a_head_is_no_answer)
{
    poll_twice("method = HEAD\n" BY_FIELD,
               "/a?raw=HTTP/1.1%20200%20OK%0D%0AX-Poll-Interval:0.02%0D%0AContent-Length:%204"
               "%0D%0A%0D%0A0.09",
               0);
    ck_assert_int_eq(scene_ns(scene_poll("a", 0), "delay"), 20 * MS);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
}
END_TEST

/* --- the delay's source -------------------------------------------------------------------- */

START_TEST(a_field_of_a_get_goes_before_its_body)
{
    poll_twice(BY_FIELD, "/a?delay=9&" SAYS "&framing=chunked", 0);
    ck_assert_int_eq(scene_ns(scene_poll("a", 0), "delay"), 20 * MS);
    check_one_connection(2);
}
END_TEST

static const struct {
    const char *query, *error, *detail;
} fields[] = {
    {"delay=0.02", "no-delay", "the response has no field X-Poll-Interval"},
    {"header=X-Poll-Interval:", "no-delay", "the field X-Poll-Interval is empty"},
    {"header=X-Poll-Interval:%20soon", "no-delay", "nor such as 1m30s or 00:01:30: \"soon\""},
    {"header=X-Poll-Interval:%20-1", "no-delay", "nor such as 1m30s or 00:01:30: \"-1\""},
    {SAYS "&" SAYS, "no-delay", "stands more than once"},
    {SAYS "&header=x-POLL-interval:%200.02", "no-delay", "stands more than once"},
    {"header=X-Poll-Interval:%20"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "no-delay", "is too long"},
    {SAYS "&status=404", "status", "the server answered with status 404"},
    {SAYS "&status=300", "status", "the server answered with status 300"},
};

START_TEST(a_field_has_to_be_one_number)
{
    poll_twice(_i % 2 == 0 ? BY_FIELD : "method = HEAD\n" BY_FIELD,
               trail_print("/a?%s", fields[_i].query), 1);
    for (size_t i = 0; i < 2; i++) {
        const char *detail = rig_string(scene_failure("a", i, fields[_i].error), "detail");

        ck_assert_msg(strstr(detail, fields[_i].detail) != NULL, "%s", detail);
    }
    check_one_connection(2);
}
END_TEST

START_TEST(not_modified_is_good_where_a_field_says_when)
{
    poll_twice(BY_FIELD, "/a?status=304&" SAYS, 0);
    ck_assert_int_eq((int)rig_number(scene_poll("a", 1), "status"), 304);
    check_one_connection(2);
}
END_TEST

START_TEST(not_modified_is_a_failure_where_the_body_would)
{
    poll_twice("", "/a?status=304&" SAYS, 1);
    scene_failure("a", 1, "status");
    check_one_connection(2);
}
END_TEST

/* --- fields -------------------------------------------------------------------------------- */

START_TEST(fields_are_sent_as_they_are_written)
{
    poll_twice("header = X-A: 1\nheader = x-b:  two  words \nheader = X-A: 3\n"
               "header = Accept: text/plain\nheader = user-agent: me\nheader = X-Empty:\n",
               "/a?delay=0.02", 0);
    check_header(1, "GET /a?delay=0.02 HTTP/1.1\r\nHost: %s\r\nuser-agent: me\r\n"
                    "Accept: text/plain\r\nX-A: 1\r\nx-b: two  words\r\nX-A: 3\r\nX-Empty: \r\n"
                    "\r\n");
    check_one_connection(2);
}
END_TEST

START_TEST(fields_are_inherited)
{
    scene_start_count(1, "[defaults]\nheader = X-A: 1\nheader = X-B: 2\n"
                         "[server a]\nurl = @/a?delay=0.02\nheader = x-a: 3\n"
                         "[server b]\nurl = @/b?delay=0.02\n");
    scene_await_exit(0);
    for (size_t i = 0; i < 2; i++) {
        bool own = strstr(trail_line(i), "/a?") != NULL;

        ck_assert(trail_has(i, "X-B: 2"));
        ck_assert(trail_has(i, "x-a: 3") == own);
        ck_assert(trail_has(i, "X-A: 1") == !own);
    }
}
END_TEST

START_TEST(another_host_may_be_named)
{
    poll_twice("header = Host: example.net\n", trail_print("/a?%s", trail_to(302, "/b?delay=0.02")),
               0);
    for (size_t i = 0; i < 4; i++)
        ck_assert(trail_has(i, "Host: example.net"));
    check_one_connection(4);
}
END_TEST

/* --- methods and redirects ----------------------------------------------------------------- */

static const struct {
    const char *method;
    int status;
    const char *then;
    bool with_body;
} changes[] = {
    {"GET", 301, "GET", false},   {"GET", 302, "GET", false},   {"GET", 303, "GET", false},
    {"GET", 307, "GET", false},   {"GET", 308, "GET", false},   {"HEAD", 301, "HEAD", false},
    {"HEAD", 302, "HEAD", false}, {"HEAD", 303, "HEAD", false}, {"HEAD", 307, "HEAD", false},
    {"HEAD", 308, "HEAD", false}, {"POST", 301, "GET", false},  {"POST", 302, "GET", false},
    {"POST", 303, "GET", false},  {"POST", 307, "POST", true},  {"POST", 308, "POST", true},
    {"PUT", 301, "PUT", true},    {"PUT", 302, "PUT", true},    {"PUT", 303, "GET", false},
    {"PUT", 307, "PUT", true},    {"PUT", 308, "PUT", true},
};

static void check_change(int index, size_t request)
{
    bool with_body = changes[index].with_body;

    ck_assert_ptr_nonnull(strstr(trail_line(request), changes[index].then));
    check_body(request, with_body ? "hello" : "");
    ck_assert(trail_has_name(request, "Content-Length") == with_body);
    ck_assert(trail_has_name(request, "Content-Type") == with_body);
    ck_assert(trail_has_name(request, "Content-Secret") == with_body);
    ck_assert(trail_has_name(request, "X-A"));
}

/* Twice, as the next poll has the configured method again. */
static void redirect_with_body(int index, const char *location, int status)
{
    bool has_body = changes[index].method[0] == 'P';

    poll_twice(trail_print("method = %s\n" BY_FIELD "header = X-A: b\n%s", changes[index].method,
                           has_body ? "body = hello\nheader = Content-Type: text/plain\n"
                                      "header = Content-Secret: x\n"
                                    : ""),
               trail_print("/a?%s", trail_to(changes[index].status, location)), status);
    ck_assert_uint_eq(trail_count(), status == 0 ? 4 : 2);
    for (size_t i = 0; i < trail_count(); i += status == 0 ? 2 : 1) {
        ck_assert_ptr_nonnull(strstr(trail_line(i), changes[index].method));
        check_body(i, has_body ? "hello" : "");
    }
}

START_TEST(a_redirect_may_change_the_method)
{
    redirect_with_body(_i, "/b?" SAYS_DECODED, 0);
    for (size_t i = 1; i < 4; i += 2)
        check_change(_i, i);
    check_one_connection(4);
}
END_TEST

/* But no body goes there, nor what is configured to go with it. */
START_TEST(to_another_origin_just_so)
{
    bool with_body = changes[_i].with_body;

    redirect_with_body(_i, trail_print("http://%s/b?" SAYS_DECODED, mock_server_authority(other)),
                       with_body);
    for (size_t i = 1; i < 4 && !with_body; i += 2) {
        ck_assert_ptr_nonnull(strstr(trail_line(i), changes[_i].then));
        ck_assert(!trail_has_name(i, "Content-Type") && !trail_has_name(i, "Content-Secret"));
        ck_assert(!trail_has_name(i, "X-A"));
        check_body(i, "");
    }
    for (size_t i = 0; i < 2 && with_body; i++)
        scene_failure("a", i, "redirect");
}
END_TEST

/* Once it is a GET it stays one, within the poll. */
START_TEST(a_post_that_became_a_get_stays_one)
{
    const char *second = trail_print("/b?%s", trail_to(307, "/c?delay=0.02"));

    poll_twice("method = POST\nbody = hello\nheader = Content-Type: text/plain\n",
               trail_print("/a?%s", trail_to(302, second)), 0);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_ptr_nonnull(strstr(trail_line(i), i % 3 == 0 ? "POST" : "GET"));
        check_body(i, i % 3 == 0 ? "hello" : "");
        ck_assert(trail_has_name(i, "Content-Type") == (i % 3 == 0));
    }
    check_one_connection(6);
}
END_TEST

/* --- a kept connection that is gone -------------------------------------------------------- */

START_TEST(what_may_be_repeated_is)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT"};

    scene_start_count(3,
                      "[server a]\nmethod = %s\n" BY_FIELD
                      "url = @/a?header=X-Poll-Interval:%%200.02&%s=never,request,never\n",
                      methods[_i / 2], _i % 2 == 0 ? "close" : "reset");
    scene_await_exit(0);
    ck_assert_uint_eq(trail_count(), 4);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
}
END_TEST

START_TEST(a_post_is_not)
{
    scene_start_count(3,
                      "[defaults]\nretry = 10ms\n[server a]\nmethod = POST\nbody = x\n"
                      "url = @/a?delay=0.02&%s=never,request,never\n",
                      _i == 0 ? "close" : "reset");
    scene_await_exit(1);
    scene_failure("a", 1, "closed");
    ck_assert_str_eq(rig_string(scene_poll("a", 2), "result"), "ok");
    ck_assert_uint_eq(trail_count(), 3);
}
END_TEST

/* It was never sent. */
START_TEST(a_post_on_one_that_is_known_to_be_gone_is_sent)
{
    scene_start_count(3,
                      "[server a]\nmethod = POST\nbody = x\n"
                      "url = @/a?delay=0.2&%s=idle&idle-ms=20\n",
                      _i == 0 ? "close" : "reset");
    scene_await_exit(0);
    scene_check_all_good("a");
    ck_assert_uint_eq(trail_count(), 3);
    ck_assert_uint_eq(mock_server_connections(mock), 3);
}
END_TEST

/* --- Unix sockets
 * ---------------------------------------------------------------------------------- */

START_TEST(a_unix_socket_is_asked)
{
    const char *path = rig_path(rig, "socket");

    ck_assert_int_eq(mock_server_listen_on_unix(mock, path), 0);
    scene_start_count(3, "[server a]\nurl = http://example.net/a?delay=0.02\nunix-socket = %s\n",
                      path);
    scene_await_exit(0);
    for (size_t i = 0; i < 3; i++)
        ck_assert(trail_has(i, "Host: example.net"));
    check_one_connection(3);
}
END_TEST

/* The origin is that of the URL, wherever the socket is. */
START_TEST(its_redirects_are_followed)
{
    const char *path = rig_path(rig, "socket");
    const char *there = trail_print("http://%s/b?delay=0.02", mock_server_authority(other));
    const char *back = trail_print("http://EXAMPLE.net:80/c?%s", trail_to(302, there));

    ck_assert_int_eq(mock_server_listen_on_unix(mock, path), 0);
    scene_start_count(2,
                      "[server a]\nurl = http://example.net/a?%s\nunix-socket = %s\n"
                      "header = X-A: b\n",
                      trail_to(302, back), path);
    scene_await_exit(0);
    ck_assert_uint_eq(trail_count(), 6);
    for (size_t i = 0; i < 6; i++)
        ck_assert(trail_has_name(i, "X-A") == (i % 3 != 2));
    ck_assert_uint_eq(mock_server_connections(mock), 1);
    ck_assert_uint_eq(mock_server_connections(other), 1);
}
END_TEST

START_TEST(nobody_may_listen_there)
{
    const char *path = rig_path(rig, "socket");

    scene_start_count(2,
                      "[defaults]\nretry = 10ms\n"
                      "[server a]\nurl = http://example.net/a?delay=0.02\nunix-socket = %s\n",
                      path);
    scene_await_exit(1);
    ck_assert_ptr_nonnull(strstr(rig_string(scene_failure("a", 1, "connect"), "detail"),
                                 "/socket: no such file or directory"));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("requests");
    TCase *tests = trail_scene_case(suite, "methods");

    tcase_add_test(tests, a_get_has_no_more_than_it_needs);
    tcase_add_loop_test(tests, a_post_has_a_body, 0, 2);
    tcase_add_test(tests, a_post_may_be_empty);
    tcase_add_loop_test(tests, a_head_is_answered_by_a_field, 0, 9);
    tcase_add_test(tests, a_head_that_closes_is_answered_too);
    tcase_add_test(tests, a_body_behind_a_head_is_no_answer);
    tests = trail_scene_case(suite, "source");
    tcase_add_test(tests, a_field_of_a_get_goes_before_its_body);
    tcase_add_loop_test(tests, a_field_has_to_be_one_number, 0, COUNT_OF(fields));
    tcase_add_test(tests, not_modified_is_good_where_a_field_says_when);
    tcase_add_test(tests, not_modified_is_a_failure_where_the_body_would);
    tests = trail_scene_case(suite, "fields");
    tcase_add_test(tests, fields_are_sent_as_they_are_written);
    tcase_add_test(tests, fields_are_inherited);
    tcase_add_test(tests, another_host_may_be_named);
    tests = trail_scene_case(suite, "redirects");
    tcase_add_loop_test(tests, a_redirect_may_change_the_method, 0, COUNT_OF(changes));
    tcase_add_loop_test(tests, to_another_origin_just_so, 0, COUNT_OF(changes));
    tcase_add_test(tests, a_post_that_became_a_get_stays_one);
    tests = trail_scene_case(suite, "gone");
    tcase_add_loop_test(tests, what_may_be_repeated_is, 0, 6);
    tcase_add_loop_test(tests, a_post_is_not, 0, 2);
    tcase_add_loop_test(tests, a_post_on_one_that_is_known_to_be_gone_is_sent, 0, 2);
    tests = trail_scene_case(suite, "unix");
    tcase_add_test(tests, a_unix_socket_is_asked);
    tcase_add_test(tests, its_redirects_are_followed);
    tcase_add_test(tests, nobody_may_listen_there);
    return suite;
}

CHECK_MAIN(suite())
