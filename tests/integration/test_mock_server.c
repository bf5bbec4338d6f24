/*
 * The mock server is what the other tests measure with, so here it is measured
 * itself, with a client that speaks raw TCP.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "boottime.h"
#include "mock_response.h"
#include "raw_client.h"
#include "rig.h"

enum {
    LIMIT_MS = 5000,
    SLACK_MS = 2, /* a uv_timer may fire early by its resolution */
};

static const int64_t MS = 1000000;

static struct rig *rig;
static struct mock_server *mock;
static struct raw_client *client;

static void setup(void)
{
    rig = rig_new();
    mock = rig_mock(rig);
}

static void disconnect(void)
{
    raw_client_free(client);
    client = NULL;
}

static void teardown(void)
{
    if (client != NULL)
        disconnect();
    rig_free(rig);
}

static void connect_and_send(const char *text)
{
    if (client != NULL)
        disconnect();
    client = raw_client_new(rig_loop(rig), mock_server_authority(mock));
    raw_client_send(client, text);
}

static void send_get(const char *path)
{
    struct bytes request = {0};

    bytes_print(&request, "GET %s HTTP/1.1\r\nHost: mock\r\n\r\n", path);
    if (client == NULL)
        connect_and_send(request.data);
    else
        raw_client_send(client, request.data);
    bytes_finish(&request);
}

static bool has_received(void *text)
{
    return strstr(bytes_text(&client->received), text) != NULL;
}

/* Sends on the connection, and forgets what came before. */
static void get(const char *path, char *wanted)
{
    send_get(path);
    bytes_truncate(&client->received, 0);
    rig_wait(rig, has_received, wanted, LIMIT_MS);
}

static void get_until_end(const char *path, int end)
{
    if (client != NULL)
        disconnect();
    send_get(path);
    rig_wait(rig, raw_client_has_ended, client, LIMIT_MS);
    ck_assert_int_eq(client->end, end);
}

static const struct mock_request *request_of(const char *target, size_t index)
{
    const struct mock_request *request = mock_server_request(mock, target, index);

    ck_assert_ptr_nonnull(request);
    return request;
}

START_TEST(a_list_of_delays_is_a_sequence)
{
    static const int64_t promised[] = {200 * 1000000, -1, 1000000000, 1000000000};

    get("/a?delay=0.2,5abc,1", "\r\n\r\n0.2\n");
    get("/a?delay=0.2,5abc,1", "\r\n\r\n5abc\n");
    get("/a?delay=0.2,5abc,1", "\r\n\r\n1\n");
    get("/a?delay=0.2,5abc,1", "\r\n\r\n1\n");
    get("/b?delay=7%2C5", "\r\n\r\n7,5\n");
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(request_of("a", i)->promised_ns, promised[i]);
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

    get(path, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
              "Content-Length: 2\r\nRetry-After: 9\r\nX-One: 1\r\nX-Two: 2\r\n\r\n1\n");
    ck_assert_int_eq(request_of("a", 0)->promised_ns, -1);
    ck_assert_int_eq(request_of("a", 0)->status, 503);
    get(path, "HTTP/1.1 200 OK\r\n");
    ck_assert_int_eq(request_of("a", 1)->promised_ns, 1000 * MS);
    get("/c?status=204", "HTTP/1.1 204 No Content\r\n\r\n");
    get("/d?status=404&promise=3", "HTTP/1.1 404 Not Found\r\n");
    ck_assert_int_eq(request_of("d", 0)->promised_ns, 3000 * MS);
}
END_TEST

START_TEST(a_body_is_framed_as_asked)
{
    get("/a?delay=12&pad=2", "Content-Length: 5\r\n\r\n  12\n");
    get("/a?delay=123&framing=chunked",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n2\r\n3\n\r\n0\r\n\r\n");
    get_until_end("/a?delay=12&framing=close", UV_EOF);
    ck_assert_ptr_nonnull(strstr(client->received.data, "Connection: close\r\n\r\n12\n"));
    ck_assert_ptr_null(strstr(client->received.data, "Length"));
    get_until_end("/a?connection=close", UV_EOF);
    ck_assert_ptr_nonnull(strstr(client->received.data, "Connection: close\r\n\r\n1\n"));
}
END_TEST

START_TEST(the_client_may_ask_for_head_or_a_close)
{
    connect_and_send("HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n");
    rig_wait(rig, raw_client_has_ended, client, LIMIT_MS);
    ck_assert_int_eq(client->end, UV_EOF);
    ck_assert_str_eq(client->received.data, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                            "Content-Length: 2\r\nConnection: close\r\n\r\n");
    ck_assert_int_eq(request_of("a", 0)->promised_ns, -1);
}
END_TEST

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
    get_until_end(path.data, end);
    ck_assert_uint_ge(client->received.length, length);
    if (length > 0)
        ck_assert_str_eq(client->received.data + client->received.length - length, cut->last);
    else
        ck_assert_uint_eq(client->received.length, 0);
    *strchr(path.data, '?') = '\0';
    ck_assert_int_eq(request_of(path.data + 1, 0)->promised_ns >= 0, cut->promises);
    ck_assert_int_ge(request_of(path.data + 1, 0)->answered_ns, 0);
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

    get_until_end("/a?close=idle&idle-ms=60", UV_EOF);
    answered_ns = request_of("a", 0)->answered_ns;
    ck_assert_int_ge(boottime_ns() - answered_ns, (60 - SLACK_MS) * MS);
    ck_assert_ptr_null(strstr(client->received.data, "Connection"));
}
END_TEST

START_TEST(a_request_in_time_averts_the_idle_close)
{
    get("/a?close=idle&idle-ms=50", "\r\n\r\n1\n");
    get("/b", "\r\n\r\n1\n");
    rig_pass(rig, 100);
    ck_assert_int_eq(client->end, 0);
}
END_TEST

START_TEST(connections_can_end_at_once)
{
    mock_server_set_accept(mock, MOCK_ACCEPT_AND_CLOSE, 1);
    get_until_end("/a", UV_EOF);
    mock_server_set_accept(mock, MOCK_ACCEPT_AND_RESET, 1);
    get_until_end("/a", UV_ECONNRESET);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 0);
    disconnect();
    get("/a", "\r\n\r\n1\n");
    ck_assert_uint_eq(request_of("a", 0)->connection, 3);
}
END_TEST

START_TEST(connects_are_refused_until_it_listens_again)
{
    get("/a", "\r\n\r\n1\n");
    mock_server_stop_listening(mock);
    get("/a", "\r\n\r\n1\n");
    get_until_end("/a", UV_ECONNREFUSED);
    ck_assert_int_eq(mock_server_listen_again(mock), 0);
    disconnect();
    get("/a", "\r\n\r\n1\n");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
}
END_TEST

START_TEST(times_are_in_order)
{
    int64_t before_ns = boottime_ns();
    const struct mock_request *request;

    get("/a", "\r\n\r\n1\n");
    request = request_of("a", 0);
    ck_assert_int_ge(request->arrived_ns, before_ns);
    ck_assert_int_ge(request->begun_ns, request->arrived_ns);
    ck_assert_int_ge(request->answered_ns, request->begun_ns);
    ck_assert_int_gt(client->last_read_ns, request->answered_ns);
}
END_TEST

START_TEST(a_request_arrives_with_its_first_byte)
{
    const struct mock_request *request;

    connect_and_send("G");
    rig_pass(rig, 60);
    raw_client_send(client, "ET /a HTTP/1.1\r\n");
    rig_pass(rig, 10);
    raw_client_send(client, "X-Y: z\r\n\r\n");
    rig_wait(rig, has_received, "1\n", LIMIT_MS);
    request = request_of("a", 0);
    ck_assert_int_ge(request->begun_ns - request->arrived_ns, (60 - 10) * MS);
    ck_assert_str_eq(request->header.data, "GET /a HTTP/1.1\r\nX-Y: z\r\n\r\n");
}
END_TEST

START_TEST(answers_can_be_slow)
{
    const struct mock_request *slow;
    const struct mock_request *trickle;

    get("/slow?slow=50", "1\n");
    slow = request_of("slow", 0);
    ck_assert_int_ge(slow->begun_ns - slow->arrived_ns, (50 - SLACK_MS) * MS);
    get("/trickle?trickle=2", "\r\n\r\n1\n");
    trickle = request_of("trickle", 0);
    ck_assert_int_ge(trickle->answered_ns - trickle->begun_ns, 60 * MS);
    ck_assert_int_gt(client->last_read_ns, trickle->answered_ns);
}
END_TEST

START_TEST(an_answer_that_the_client_does_not_await_promises_nothing)
{
    send_get("/a?slow=50");
    rig_wait_requests(rig, mock, "a", 1, LIMIT_MS);
    disconnect();
    rig_pass(rig, 100);
    ck_assert_int_eq(request_of("a", 0)->answered_ns, -1);
    ck_assert_int_eq(request_of("a", 0)->promised_ns, -1);
    ck_assert_uint_eq(mock_server_open_connections(mock), 0);
}
END_TEST

START_TEST(silence_is_kept)
{
    send_get("/a?silent");
    rig_pass(rig, 50);
    ck_assert_uint_eq(client->received.length, 0);
    ck_assert_int_eq(client->end, 0);
    ck_assert_uint_eq(mock_server_open_connections(mock), 1);
}
END_TEST

START_TEST(an_early_client_is_found_out)
{
    struct mock_punctuality found;

    get("/a?delay=0.2", "\r\n\r\n0.2\n");
    rig_pass(rig, 50);
    get("/a?delay=0", "\r\n\r\n0\n");
    get("/a?delay=9", "\r\n\r\n9\n");
    get("/b", "\r\n\r\n1\n");
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
        get("/a?delay=0.02", "\r\n\r\n0.02\n");
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
    get_until_end(path.data, UV_EOF);
    ck_assert_uint_eq(client->received.length, 4 * 1024 * 1024);
    ck_assert_ptr_nonnull(strstr(client->received.data, parts[_i].text));
    ck_assert_int_eq(request_of("a", 0)->promised_ns, -1);
    bytes_finish(&path);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    connect_and_send("GET /a?slow=20&delay=5 HTTP/1.1\r\n\r\n"
                     "POST /b?delay=6 HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz"
                     "GET /c?delay=7 HTTP/1.1\r\n\r\nGET");
    rig_wait(rig, has_received, "\r\n\r\n7\n", LIMIT_MS);
    ck_assert(strstr(client->received.data, "\n5\n") < strstr(client->received.data, "\n6\n"));
    ck_assert(strstr(client->received.data, "\n6\n") < strstr(client->received.data, "\n7\n"));
    ck_assert_int_eq(request_of("a", 0)->arrived_ns, request_of("c", 0)->arrived_ns);
    ck_assert_str_eq(request_of("b", 0)->header.data,
                     "POST /b?delay=6 HTTP/1.1\r\nContent-Length: 3\r\n\r\n");
    ck_assert_str_eq(request_of("b", 0)->body.data, "xyz");
    ck_assert_str_eq(request_of("c", 0)->header.data, "GET /c?delay=7 HTTP/1.1\r\n\r\n");
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 3);
}
END_TEST

START_TEST(given_bytes_are_sent_as_they_are)
{
    get("/a?raw=HTTP/1.0%20999%0D%0A%0D%0A%01", "HTTP/1.0 999\r\n\r\n\x01");
    ck_assert_uint_eq(client->received.length, strlen("HTTP/1.0 999\r\n\r\n\x01"));
    get("/b?extra=%41more", "\r\n\r\n1\nAmore");
    get("/c?late-extra=%41later&idle-ms=30", "\r\n\r\n1\nAlater");
    ck_assert_int_ge(client->last_read_ns - request_of("c", 0)->answered_ns, (30 - SLACK_MS) * MS);
    get("/d?raw=", "");
    get_until_end("/e?raw=x&close=after", UV_EOF);
    ck_assert_str_eq(client->received.data, "x");
}
END_TEST

START_TEST(garbage_is_no_http)
{
    send_get("/a?garbage");
    rig_pass(rig, 50);
    ck_assert_uint_eq(client->received.length, 256);
    ck_assert_int_eq(client->end, 0);
    for (size_t i = 0; i < 256; i++)
        ck_assert_int_ne(client->received.data[i] & 0x80, 0);
}
END_TEST

START_TEST(a_wrong_query_is_refused)
{
    static const char *const queries[] = {
        "dealy=1",  "slow=1s",      "slow=",       "status=99",       "status=200,x",
        "silent=1", "close=accept", "close=never", "framing=x",       "connection=open",
        "delay=%4", "raw=%zz",      "endless=all", "pad=99999999999", "close=body&reset=body",
    };

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct bytes path = {0};

        bytes_print(&path, "/a?%s", queries[i]);
        get_until_end(path.data, UV_EOF);
        ck_assert_ptr_nonnull(strstr(client->received.data, "HTTP/1.1 400 Bad Request\r\n"));
        ck_assert_ptr_nonnull(strstr(client->received.data, queries[i]));
        ck_assert_int_eq(request_of("a", i)->status, 400);
        bytes_finish(&path);
    }
}
END_TEST

START_TEST(what_is_no_request_is_counted)
{
    connect_and_send("Hello?\r\n\r\n");
    rig_wait(rig, raw_client_has_ended, client, LIMIT_MS);
    ck_assert_ptr_nonnull(strstr(client->received.data, "HTTP/1.1 400 Bad Request\r\n"));
    ck_assert_uint_eq(mock_server_malformed(mock), 1);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 0);
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

static void add_answers(TCase *tests)
{
    tcase_add_test(tests, a_list_of_delays_is_a_sequence);
    tcase_add_test(tests, promises_are_plain_numbers);
    tcase_add_test(tests, status_and_headers_are_as_asked);
    tcase_add_test(tests, a_body_is_framed_as_asked);
    tcase_add_test(tests, the_client_may_ask_for_head_or_a_close);
    tcase_add_loop_test(tests, endless_answers_are_bounded, 0, 7);
    tcase_add_test(tests, pipelined_requests_are_answered_in_order);
    tcase_add_test(tests, given_bytes_are_sent_as_they_are);
    tcase_add_test(tests, garbage_is_no_http);
    tcase_add_test(tests, silence_is_kept);
    tcase_add_test(tests, a_wrong_query_is_refused);
    tcase_add_test(tests, what_is_no_request_is_counted);
}

static void add_connections(TCase *tests)
{
    tcase_add_loop_test(tests, a_close_comes_at_its_stage, 0, 5);
    tcase_add_loop_test(tests, a_reset_comes_at_its_stage, 0, 5);
    tcase_add_test(tests, an_idle_close_waits);
    tcase_add_test(tests, a_request_in_time_averts_the_idle_close);
    tcase_add_test(tests, connections_can_end_at_once);
    tcase_add_test(tests, connects_are_refused_until_it_listens_again);
    tcase_add_test(tests, it_takes_an_address_and_a_port);
}

static void add_times(TCase *tests)
{
    tcase_add_test(tests, times_are_in_order);
    tcase_add_test(tests, a_request_arrives_with_its_first_byte);
    tcase_add_test(tests, answers_can_be_slow);
    tcase_add_test(tests, an_answer_that_the_client_does_not_await_promises_nothing);
    tcase_add_test(tests, an_early_client_is_found_out);
    tcase_add_test(tests, a_punctual_client_is_not_accused);
    tcase_add_test(tests, one_nanosecond_early_is_early);
}

static void add_case(Suite *suite, const char *name, void (*add)(TCase *))
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    add(tests);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    Suite *suite = suite_create("mock server");
    SRunner *runner;
    int failed;

    add_case(suite, "answers", add_answers);
    add_case(suite, "connections", add_connections);
    add_case(suite, "times", add_times);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
