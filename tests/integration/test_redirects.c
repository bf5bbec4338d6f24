/*
 * Redirects: which are followed, where to, how many of them, and which are refused.
 * The next poll starts at the configured URL in any case.
 */
#include <string.h>

#include "check_main.h"
#include "scene.h"
#include "trail.h"

static const int64_t MS = 1000000;

#define END "/end?delay=0.02"

static const int statuses[] = {301, 302, 303, 307, 308};

static void setup(void)
{
    trail_begin();
    trail_watch(mock);
}

static int redirects_of(const json_t *poll)
{
    return json_object_get(poll, "redirects") == NULL ? 0 : (int)rig_number(poll, "redirects");
}

/* --- which are followed, and where to ------------------------------------------------------ */

START_TEST(each_kind_is_followed)
{
    scene_start_count(3, "[servers]\na = @/a?%s\n", trail_to(statuses[_i], END));
    scene_await_exit(0);
    scene_check_all_good("a");
    ck_assert_uint_eq(trail_count(), 6);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(scene_ns(scene_poll("a", i), "delay"), 20 * MS);
        ck_assert_int_eq((int)rig_number(scene_poll("a", i), "status"), 200);
        ck_assert_int_eq(redirects_of(scene_poll("a", i)), 1);
        ck_assert_ptr_nonnull(strstr(trail_line(2 * i), "GET /a?"));
        trail_check_line(2 * i + 1, "GET " END);
    }
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(no_other_kind_is)
{
    static const int others[] = {200, 201, 300, 304, 305, 306, 309, 310, 399, 400};

    scene_start_count(1, "[servers]\na = @/a?%s&delay=0.02\n", trail_to(others[_i], END));
    scene_await_exit(others[_i] < 300 ? 0 : 1);
    ck_assert_uint_eq(trail_count(), 1);
    ck_assert_int_eq(redirects_of(scene_poll("a", 0)), 0);
    if (others[_i] >= 300)
        scene_failure("a", 0, "status");
}
END_TEST

START_TEST(a_poll_without_a_redirect_counts_none)
{
    scene_start_count(1, "[servers]\na = @/a?delay=0.02\n");
    scene_await_exit(0);
    ck_assert_ptr_null(json_object_get(scene_poll("a", 0), "redirects"));
}
END_TEST

/* Against @/x/y/z;p?QUERY; RFC 3986 section 5. */
static const struct {
    const char *reference, *line;
} references[] = {
    {"g?delay=0.02", "GET /x/y/g?delay=0.02"},
    {"./g?delay=0.02", "GET /x/y/g?delay=0.02"},
    {"g/", "GET /x/y/g/"},
    {"/g?delay=0.02", "GET /g?delay=0.02"},
    {"//@/g?delay=0.02", "GET /g?delay=0.02"},
    {"http://@/g?delay=0.02", "GET /g?delay=0.02"},
    {"HTTP://@/g?delay=0.02", "GET /g?delay=0.02"},
    {"http://@", "GET /"},
    {"http://@?delay=0.02", "GET /?delay=0.02"},
    {"?delay=0.02", "GET /x/y/z;p?delay=0.02"},
    {"?", "GET /x/y/z;p?"},
    {"g?delay=0.02#part", "GET /x/y/g?delay=0.02"},
    {"?delay=0.02#part?delay=9", "GET /x/y/z;p?delay=0.02"},
    {".", "GET /x/y/"},
    {"..", "GET /x/"},
    {"../g", "GET /x/g"},
    {"../../g", "GET /g"},
    {"../../../../g", "GET /g"},
    {"/a/./b/../../g", "GET /g"},
    {";q", "GET /x/y/;q"},
    {"g;a=b/../c", "GET /x/y/c"},
    {"./a:b", "GET /x/y/a:b"},
    {"%2e%2e/%2f", "GET /x/y/%2e%2e/%2f"},
    {"g?delay=0.02&header=U:http://h/../", "GET /x/y/g?delay=0.02&header=U:http://h/../"},
    {" \t/g?delay=0.02\t ", "GET /g?delay=0.02"},
};

START_TEST(a_reference_is_resolved)
{
    scene_start_count(1, "[servers]\na = @/x/y/z;p?%s\n", trail_to(302, references[_i].reference));
    scene_await_exit(0);
    ck_assert_uint_eq(trail_count(), 2);
    trail_check_line(1, references[_i].line);
}
END_TEST

/* The same document again, which then answers. */
START_TEST(an_empty_reference_is_the_same_url)
{
    static const char *const same[] = {"", "%23part"};

    scene_start_count(1, "[servers]\na = @/x/z?status=302,200&delay=0.02&location=%s\n", same[_i]);
    scene_await_exit(0);
    ck_assert_uint_eq(trail_count(), 2);
    ck_assert_str_eq(trail_at(0)->header.data, trail_at(1)->header.data);
}
END_TEST

/* Each is resolved against the one before. */
START_TEST(references_lead_on_from_where_the_last_led)
{
    const char *second = trail_to(307, "../c/d?delay=0.02");
    struct bytes first = {0};

    bytes_print(&first, "b/c?%s", second);
    scene_start_count(1, "[servers]\na = @/x/y?%s\n", trail_to(301, first.data));
    bytes_finish(&first);
    scene_await_exit(0);
    ck_assert_uint_eq(trail_count(), 3);
    ck_assert_ptr_nonnull(strstr(trail_line(1), "GET /x/b/c?"));
    trail_check_line(2, "GET /x/c/d?delay=0.02");
    ck_assert_int_eq(redirects_of(scene_poll("a", 0)), 2);
}
END_TEST

/* --- how many ------------------------------------------------------------------------------ */

/* A query that leads through so many others, the last of which answers. */
static const char *chain(int length)
{
    const char *query = "delay=0.02";

    for (int i = 0; i < length; i++) {
        struct bytes target = {0};

        bytes_print(&target, "/h%d?%s", i, query);
        query = trail_to(statuses[i % 5], target.data);
        bytes_finish(&target);
    }
    return query;
}

START_TEST(as_many_as_redirects_are_followed)
{
    scene_start_count(2, "[defaults]\nredirects = %d\n[servers]\na = @/a?%s\n", _i, chain(_i));
    scene_await_exit(0);
    ck_assert_int_eq(redirects_of(scene_poll("a", 1)), _i);
    ck_assert_uint_eq(trail_count(), 2 * ((size_t)_i + 1));
}
END_TEST

START_TEST(one_more_is_an_error)
{
    scene_start_count(2,
                      "[defaults]\nredirects = %d\nretry = 10ms\n"
                      "[servers]\na = @/a?%s\n",
                      _i, chain(_i + 1));
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(redirects_of(scene_failure("a", i, "redirect")), _i);
        ck_assert_int_eq((int)rig_number(scene_poll("a", i), "status"), statuses[0]);
    }
    ck_assert_uint_eq(trail_count(), 2 * ((size_t)_i + 1));
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

static void check_loop(const char *settings, const char *urls, int redirects, const char *detail)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n%s[servers]\n%s", settings, urls);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        json_t *poll = scene_failure("a", i, "redirect");

        ck_assert_int_eq(redirects_of(poll), redirects);
        ck_assert_msg(strstr(rig_string(poll, "detail"), detail) != NULL, "%s",
                      rig_string(poll, "detail"));
    }
    ck_assert_uint_eq(trail_count(), 2 * ((size_t)redirects + 1));
}

START_TEST(a_loop_ends_after_5)
{
    check_loop("", "a = @/a?status=302&location=\n", 5,
               "more than 5 redirects, the last with status 302");
}
END_TEST

START_TEST(a_loop_ends_after_as_many_as_are_allowed)
{
    check_loop("redirects = 20\n", "a = @/a?status=301&location=%23again\n", 20,
               "more than 20 redirects, the last with status 301");
}
END_TEST

START_TEST(redirects_of_0_follows_none)
{
    check_loop("redirects = 0\n", "a = @/a?status=302&location=/b\n", 0,
               "the server redirects (302), and redirects is 0");
}
END_TEST

/* --- where to not -------------------------------------------------------------------------- */

static const struct {
    const char *location; /* of the mock's query */
    const char *error, *detail;
} refused[] = {
    {"delay=1", "redirect", "the server redirects (302), and does not say where to"},
    {"location=ftp://@/", "redirect", "the scheme \"ftp\" is not http"},
    {"location=file:///etc/passwd", "redirect", "the scheme \"file\" is not http"},
    {"location=javascript:alert%281%29", "redirect", "the scheme \"javascript\" is not http"},
    {"location=httpx://@/", "redirect", "the scheme \"httpx\" is not http"},
    {"location=g:h", "redirect", "the scheme \"g\" is not http"},
    {"location=http:g", "redirect", "it has no host"},
    {"location=http:///g", "redirect", "it has no host"},
    {"location=//", "redirect", "it has no host"},
    {"location=http://user%40%40/", "redirect", "cannot stand"},
    {"location=http://user:secret%40localhost/", "redirect", "a user or password in it"},
    {"location=http://user%40localhost/", "redirect", "a user or password in it"},
    {"location=http://%40localhost/", "redirect", "a user or password in it"},
    {"location=http://localhost:0/", "redirect", "its port is not from 1 to 65535"},
    {"location=http://localhost:65536/", "redirect", "its port is not from 1 to 65535"},
    {"location=http://localhost:4294967376/", "redirect", "its port is not from 1 to 65535"},
    {"location=http://localhost:8x/", "redirect", "cannot stand"},
    {"location=http://127.1/", "redirect", "looks like an IPv4 address"},
    {"location=http://2130706433/", "redirect", "looks like an IPv4 address"},
    {"location=http://%5B::1/", "redirect", "the server redirects to what cannot be polled"},
    {"location=http://%5B::1%2525lo%5D/", "redirect", "cannot stand"},
    {"location=http://a..b/", "redirect", "its host is neither a name nor an IP address"},
    {"location=http://a%252e/", "redirect", "its host is neither a name nor an IP address"},
    {"location=/a%20b", "redirect", "\" \" cannot stand at its character 3"},
    {"location=/a%22b", "redirect", "\"\\\"\" cannot stand"},
    {"location=/a%5Cb", "redirect", "\"\\\\\" cannot stand"},
    {"location=%5C%5Cevil/", "redirect", "cannot stand"},
    {"location=/a%C3%A9", "redirect", "\"\\xc3\" cannot stand"},
    {"location=%FF%FE", "redirect", "\"\\xff\" cannot stand"},
    {"location=%C2%9B31m", "redirect", "\"\\xc2\" cannot stand"},
    {"location=%E2%80%AEx", "redirect", "\"\\xe2\" cannot stand"},
    {"location=/%25zz", "redirect", "cannot stand"},
    {"location=/%25", "redirect", "its end is missing"},
    {"location=%1B%5B31m", "protocol", "a control character stands in its header"},
    {"location=/a%00b", "protocol", "a control character stands in its header"},
    {"location=/a%7Fb", "protocol", "a control character stands in its header"},
    {"location=/a%0Ab", "protocol", "a control character stands in its header"},
    {"location=/a%0Db", "protocol", "a line of its header ends in CR without LF"},
    {"location=/a%0D%0A%20b", "protocol", "folded"},
    {"location=/a&header=Location:%20/b", "protocol", "it has more than one Location"},
    {"location=/a&header=Location:%20/a", "protocol", "it has more than one Location"},
    {"location=&header=location:", "protocol", "it has more than one Location"},
};

START_TEST(what_cannot_be_polled_is_not)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n[servers]\na = @/a?status=302&%s\n",
                      refused[_i].location);
    scene_await_exit(1);
    ck_assert_uint_eq(trail_count(), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *poll = scene_failure("a", i, refused[_i].error);
        const char *detail = rig_string(poll, "detail");

        ck_assert_msg(strstr(detail, refused[_i].detail) != NULL, "%s", detail);
        ck_assert_ptr_null(strstr(detail, "secret"));
        ck_assert_int_eq(redirects_of(poll), 0);
        for (; *detail != '\0'; detail++)
            ck_assert(*detail >= ' ' && *detail <= '~');
    }
}
END_TEST

/* So long is the URL that it leads to. */
static void start_with_url_of(size_t length, int status)
{
    size_t given = strlen("http:///g") + strlen(mock_server_authority(mock));

    scene_start_count(1, "[servers]\na = @/a?status=302&location=/g&location-pad=%zu\n",
                      length - given);
    scene_await_exit(status);
}

START_TEST(a_url_of_4096_characters_is_polled)
{
    start_with_url_of(4096, 0);
    ck_assert_uint_eq(trail_count(), 2);
    ck_assert_uint_eq(strlen(trail_line(1)) + strlen(mock_server_authority(mock)),
                      4096 + strlen("GET ") - strlen("http://"));
}
END_TEST

START_TEST(one_of_4097_is_not)
{
    start_with_url_of(4097, 1);
    ck_assert_uint_eq(trail_count(), 1);
    ck_assert_ptr_nonnull(strstr(rig_string(scene_failure("a", 0, "redirect"), "detail"),
                                 "it has 4097 characters, and 4096 is the most"));
}
END_TEST

START_TEST(a_huge_location_is_too_large)
{
    static const unsigned lengths[] = {4097, 65000, 1000000};

    scene_start_count(2,
                      "[defaults]\nretry = 10ms\n"
                      "[servers]\na = @/a?status=302&location=&location-pad=%u\n",
                      lengths[_i]);
    scene_await_exit(1);
    ck_assert_uint_eq(trail_count(), 2);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(rig_string(scene_failure("a", i, "too-large"), "detail"),
                         "its Location is longer than 4096 bytes");
}
END_TEST

/* --- what stands in the redirect besides --------------------------------------------------- */

START_TEST(its_body_is_read_and_forgotten)
{
    static const char *const queries[] = {
        "delay=9", "framing=chunked&delay=9", "pad=65530", "framing=chunked&pad=65530", "trickle=1",
    };

    scene_start_count(3, "[servers]\na = @/a?%s&%s\n", trail_to(302, END), queries[_i]);
    scene_await_exit(0);
    scene_check_all_good("a");
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(scene_ns(scene_poll("a", i), "delay"), 20 * MS);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(its_retry_after_is_ignored)
{
    scene_start_count(3,
                      "[defaults]\nretry = 10ms\n"
                      "[servers]\na = @/a?status=302&retry-after=30&location=%s,%s,\n",
                      trail_encode(END), trail_encode("gopher://h/"));
    scene_await_exit(1);
    ck_assert_int_eq(scene_ns(scene_poll("a", 0), "delay"), 20 * MS);
    for (size_t i = 1; i < 3; i++)
        ck_assert_int_le(scene_ns(scene_failure("a", i, "redirect"), "delay"), 20 * MS);
}
END_TEST

/* Nothing of it is left where the next response is read. */
START_TEST(its_fields_are_not_those_of_the_next)
{
    scene_start_count(2,
                      "[servers]\n"
                      "a = @/a?%s&header=Content-Encoding:%%20gzip&header=Connection:%%20close\n",
                      trail_to(302, END));
    scene_await_exit(0);
    scene_check_all_good("a");
}
END_TEST

START_TEST(a_redirect_that_closes_is_followed)
{
    static const char *const queries[] = {
        "connection=close", "framing=close",           "close=after",
        "reset=after",      "framing=close&pad=60000",
    };

    scene_start_count(3, "[servers]\na = @/a?%s&%s\n", trail_to(302, END), queries[_i]);
    scene_await_exit(0);
    scene_check_all_good("a");
    /* The next poll is on the connection that the redirect led to. */
    for (size_t i = 0; i < 6; i++)
        ck_assert_uint_eq(trail_at(i)->connection, (i + 1) / 2 + 1);
}
END_TEST

#define STRAY "HTTP/1.1%20200%20OK%0D%0AContent-Length:%203%0D%0A%0D%0A999"

START_TEST(bytes_behind_a_redirect_are_not_the_next_answer)
{
    scene_start_count(3, "[servers]\na = @/a?%s&extra=%s\n", trail_to(302, END), STRAY);
    scene_await_exit(0);
    scene_check_all_good("a");
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(scene_ns(scene_poll("a", i), "delay"), 20 * MS);
    for (size_t i = 0; i < 6; i++)
        ck_assert_uint_eq(trail_at(i)->connection, (i + 1) / 2 + 1);
}
END_TEST

START_TEST(text_lines_count_them_too)
{
    rig_start(rig, "--once", "-c", scene_config("[servers]\na = @/a?%s\n", chain(2)), NULL);
    scene_await_exit(0);
    ck_assert_msg(strstr(rig_stdout(rig), " redirects=2") != NULL, "%s", rig_stdout(rig));
}
END_TEST

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *suite(void)
{
    Suite *suite = suite_create("redirects");
    TCase *tests = scene_case(suite, "followed");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, each_kind_is_followed, 0, COUNT_OF(statuses));
    tcase_add_loop_test(tests, no_other_kind_is, 0, 10);
    tcase_add_test(tests, a_poll_without_a_redirect_counts_none);
    tcase_add_loop_test(tests, a_reference_is_resolved, 0, COUNT_OF(references));
    tcase_add_loop_test(tests, an_empty_reference_is_the_same_url, 0, 2);
    tcase_add_test(tests, references_lead_on_from_where_the_last_led);
    tcase_add_test(tests, text_lines_count_them_too);
    tests = scene_case(suite, "how many");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, as_many_as_redirects_are_followed, 1, 4);
    tcase_add_loop_test(tests, one_more_is_an_error, 1, 4);
    tcase_add_test(tests, a_loop_ends_after_5);
    tcase_add_test(tests, a_loop_ends_after_as_many_as_are_allowed);
    tcase_add_test(tests, redirects_of_0_follows_none);
    tests = scene_case(suite, "refused");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, what_cannot_be_polled_is_not, 0, COUNT_OF(refused));
    tcase_add_test(tests, a_url_of_4096_characters_is_polled);
    tcase_add_test(tests, one_of_4097_is_not);
    tcase_add_loop_test(tests, a_huge_location_is_too_large, 0, 3);
    tests = scene_case(suite, "besides");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, its_body_is_read_and_forgotten, 0, 5);
    tcase_add_test(tests, its_retry_after_is_ignored);
    tcase_add_test(tests, its_fields_are_not_those_of_the_next);
    tcase_add_loop_test(tests, a_redirect_that_closes_is_followed, 0, 5);
    tcase_add_test(tests, bytes_behind_a_redirect_are_not_the_next_answer);
    return suite;
}

CHECK_MAIN(suite())
