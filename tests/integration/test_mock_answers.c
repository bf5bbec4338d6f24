/*
 * The mock server is what the other tests measure with, so here it is measured
 * itself, with a client that speaks raw TCP. First: what it answers.
 */
#include <string.h>

#include "check_main.h"
#include "mock_response.h"
#include "raw_scene.h"

enum { SLACK_MS = 2 }; /* a uv_timer may fire early by its resolution */

static const int64_t MS = 1000000;

START_TEST(a_list_of_delays_is_a_sequence)
{
    static const int64_t promised[] = {200 * 1000000, -1, 1000000000, 1000000000};

    raw_get("/a?delay=0.2,5abc,1", "\r\n\r\n0.2\n");
    raw_get("/a?delay=0.2,5abc,1", "\r\n\r\n5abc\n");
    raw_get("/a?delay=0.2,5abc,1", "\r\n\r\n1\n");
    raw_get("/a?delay=0.2,5abc,1", "\r\n\r\n1\n");
    raw_get("/b?delay=7%2C5", "\r\n\r\n7,5\n");
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(scene_request("a", i)->promised_ns, promised[i]);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 4);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 1);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 5);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(promises_are_plain_numbers)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0", 0},
        {"0.000000001", 1},
        {"1.0000000019", 1000000001},
        {"2.5", 2500 * 1000000LL},
        {"", -1},
        {".5", -1},
        {"1.", -1},
        {"-1", -1},
        {"1e3", -1},
        {" 1", -1},
        {"0x1", -1},
        {"99999999999999999999", 3162240000LL * 1000000000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes text = {(char *)cases[i].text, strlen(cases[i].text), 0};

        ck_assert_int_eq(mock_promise_ns(&text), cases[i].ns);
    }
}
END_TEST

START_TEST(status_and_headers_are_as_asked)
{
    const char *path = "/a?status=503,200&retry-after=9&header=X-One:%201&header=X-Two:%202";

    raw_get(path, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
                  "Content-Length: 2\r\nRetry-After: 9\r\nX-One: 1\r\nX-Two: 2\r\n\r\n1\n");
    ck_assert_int_eq(scene_request("a", 0)->promised_ns, -1);
    ck_assert_int_eq(scene_request("a", 0)->status, 503);
    raw_get(path, "HTTP/1.1 200 OK\r\n");
    ck_assert_int_eq(scene_request("a", 1)->promised_ns, 1000 * MS);
    raw_get("/c?status=204", "HTTP/1.1 204 No Content\r\n\r\n");
    raw_get("/d?status=404&promise=3", "HTTP/1.1 404 Not Found\r\n");
    ck_assert_int_eq(scene_request("d", 0)->promised_ns, 3000 * MS);
}
END_TEST

START_TEST(a_location_is_as_asked)
{
    const char *path = "/a?status=302&location=/b%3Fc,,%2C&location-pad=3";

    raw_get(path, "Content-Length: 2\r\nLocation: /b?cxxx\r\n\r\n1\n");
    raw_get(path, "Content-Length: 2\r\nLocation: xxx\r\n\r\n1\n");
    raw_get(path, "Content-Length: 2\r\nLocation: ,xxx\r\n\r\n1\n");
    raw_get(path, "Content-Length: 2\r\nLocation: ,xxx\r\n\r\n1\n");
}
END_TEST

START_TEST(a_body_is_framed_as_asked)
{
    raw_get("/a?delay=12&pad=2", "Content-Length: 5\r\n\r\n  12\n");
    raw_get("/a?delay=123&framing=chunked",
            "Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n2\r\n3\n\r\n0\r\n\r\n");
    raw_get_until_end("/a?delay=12&framing=close", UV_EOF);
    ck_assert_ptr_nonnull(strstr(client->received.data, "Connection: close\r\n\r\n12\n"));
    ck_assert_ptr_null(strstr(client->received.data, "Length"));
    raw_get_until_end("/a?connection=close", UV_EOF);
    ck_assert_ptr_nonnull(strstr(client->received.data, "Connection: close\r\n\r\n1\n"));
}
END_TEST

START_TEST(the_client_may_ask_for_head_or_a_close)
{
    raw_send_anew("HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n");
    rig_wait(rig, raw_client_has_ended, client, SCENE_LIMIT_MS);
    ck_assert_int_eq(client->end, UV_EOF);
    ck_assert_str_eq(client->received.data, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                            "Content-Length: 2\r\nConnection: close\r\n\r\n");
    ck_assert_int_eq(scene_request("a", 0)->promised_ns, -1);
}
END_TEST

START_TEST(endless_answers_are_bounded)
{
    static const struct {
        const char *query;
        const char *text;
    } parts[] = {
        {"endless=header", "HTTP/1.1 200 OK\r\n"},
        {"endless=interim", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103"},
        {"endless=body", "Content-Length: 1099511627776\r\n\r\n1111"},
        {"endless=body&framing=chunked", "chunked\r\n\r\n10\r\n1111111111111111\r\n10\r\n"},
        {"endless=body&framing=close", "Connection: close\r\n\r\n1111"},
        {"endless=chunk-extension", "chunked\r\n\r\n1;xxxx"},
        {"endless=trailer", "chunked\r\n\r\n1\r\n1\r\n0\r\nX-Endless: "},
    };
    struct bytes path = {0};

    bytes_print(&path, "/a?%s", parts[_i].query);
    raw_get_until_end(path.data, UV_EOF);
    ck_assert_uint_eq(client->received.length, 4 * 1024 * 1024);
    ck_assert_ptr_nonnull(strstr(client->received.data, parts[_i].text));
    ck_assert_int_eq(scene_request("a", 0)->promised_ns, -1);
    bytes_finish(&path);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    raw_send_anew("GET /a?slow=20&delay=5 HTTP/1.1\r\n\r\n"
                  "POST /b?delay=6 HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz"
                  "GET /c?delay=7 HTTP/1.1\r\n\r\nGET");
    rig_wait(rig, raw_has_received, "\r\n\r\n7\n", SCENE_LIMIT_MS);
    ck_assert(strstr(client->received.data, "\n5\n") < strstr(client->received.data, "\n6\n"));
    ck_assert(strstr(client->received.data, "\n6\n") < strstr(client->received.data, "\n7\n"));
    ck_assert_int_eq(scene_request("a", 0)->arrived_ns, scene_request("c", 0)->arrived_ns);
    ck_assert_str_eq(scene_request("b", 0)->header.data,
                     "POST /b?delay=6 HTTP/1.1\r\nContent-Length: 3\r\n\r\n");
    ck_assert_str_eq(scene_request("b", 0)->body.data, "xyz");
    ck_assert_str_eq(scene_request("c", 0)->header.data, "GET /c?delay=7 HTTP/1.1\r\n\r\n");
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 3);
}
END_TEST

START_TEST(given_bytes_are_sent_as_they_are)
{
    raw_get("/a?raw=HTTP/1.0%20999%0D%0A%0D%0A%01", "HTTP/1.0 999\r\n\r\n\x01");
    ck_assert_uint_eq(client->received.length, strlen("HTTP/1.0 999\r\n\r\n\x01"));
    raw_get("/b?extra=%41more", "\r\n\r\n1\nAmore");
    raw_get("/c?late-extra=%41later&idle-ms=30", "\r\n\r\n1\nAlater");
    ck_assert_int_ge(client->last_read_ns - scene_request("c", 0)->answered_ns,
                     (30 - SLACK_MS) * MS);
    raw_get("/d?raw=", "");
    raw_get_until_end("/e?raw=x&close=after", UV_EOF);
    ck_assert_str_eq(client->received.data, "x");
}
END_TEST

START_TEST(garbage_is_no_http)
{
    raw_send_get("/a?garbage");
    rig_pass(rig, 50);
    ck_assert_uint_eq(client->received.length, 256);
    ck_assert_int_eq(client->end, 0);
    for (size_t i = 0; i < 256; i++)
        ck_assert_int_ne(client->received.data[i] & 0x80, 0);
}
END_TEST

START_TEST(silence_is_kept)
{
    raw_send_get("/a?silent");
    rig_pass(rig, 50);
    ck_assert_uint_eq(client->received.length, 0);
    ck_assert_int_eq(client->end, 0);
    ck_assert_uint_eq(mock_server_open_connections(mock), 1);
}
END_TEST

START_TEST(a_wrong_query_is_refused)
{
    static const char *const queries[] = {
        "dealy=1",  "slow=1s",      "slow=",          "status=99",       "status=200,x",
        "silent=1", "close=accept", "close=body,now", "framing=x",       "connection=open",
        "delay=%4", "raw=%zz",      "endless=all",    "pad=99999999999", "close=body&reset=body",
    };

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct bytes path = {0};

        bytes_print(&path, "/a?%s", queries[i]);
        raw_get_until_end(path.data, UV_EOF);
        ck_assert_ptr_nonnull(strstr(client->received.data, "HTTP/1.1 400 Bad Request\r\n"));
        ck_assert_ptr_nonnull(strstr(client->received.data, queries[i]));
        ck_assert_int_eq(scene_request("a", i)->status, 400);
        bytes_finish(&path);
    }
}
END_TEST

START_TEST(what_is_no_request_is_counted)
{
    raw_send_anew("Hello?\r\n\r\n");
    rig_wait(rig, raw_client_has_ended, client, SCENE_LIMIT_MS);
    ck_assert_ptr_nonnull(strstr(client->received.data, "HTTP/1.1 400 Bad Request\r\n"));
    ck_assert_uint_eq(mock_server_malformed(mock), 1);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("mock server");
    TCase *tests = raw_scene_case(suite, "answers");

    tcase_add_test(tests, a_list_of_delays_is_a_sequence);
    tcase_add_test(tests, promises_are_plain_numbers);
    tcase_add_test(tests, status_and_headers_are_as_asked);
    tcase_add_test(tests, a_location_is_as_asked);
    tcase_add_test(tests, a_body_is_framed_as_asked);
    tcase_add_test(tests, the_client_may_ask_for_head_or_a_close);
    tcase_add_loop_test(tests, endless_answers_are_bounded, 0, 7);
    tcase_add_test(tests, pipelined_requests_are_answered_in_order);
    tcase_add_test(tests, given_bytes_are_sent_as_they_are);
    tcase_add_test(tests, garbage_is_no_http);
    tcase_add_test(tests, silence_is_kept);
    tcase_add_test(tests, a_wrong_query_is_refused);
    tcase_add_test(tests, what_is_no_request_is_counted);
    return suite;
}

CHECK_MAIN(suite())
