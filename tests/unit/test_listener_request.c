/* Requests as bytes, whole and cut everywhere: what they ask for, and how they are refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "report/listener_request.h"

#define HOST "Host: localhost\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST
#define ALL  (-1)

/* A piece is copied, so that a byte read behind it is found out. */
static size_t feed_piece(struct listener_request *request, const char *bytes, size_t length)
{
    char *piece = malloc(length);

    ck_assert_ptr_nonnull(piece);
    memcpy(piece, bytes, length);
    size_t taken = listener_request_feed(request, piece, length);
    free(piece);
    return taken;
}

static bool is_over(const struct listener_request *request)
{
    return request->complete || request->refused != 0;
}

/* In pieces of that size; 0: whole. Returns how many bytes were taken. */
static size_t read_in_pieces(struct listener_request *request, const char *bytes, size_t length,
                             size_t size)
{
    size_t at = 0;

    listener_request_init(request, false);
    while (at < length && !is_over(request)) {
        size_t piece = size == 0 || size > length - at ? length - at : size;
        size_t taken = feed_piece(request, bytes + at, piece);

        ck_assert(taken == piece || is_over(request));
        at += taken;
    }
    return at;
}

/* --- what is taken ------------------------------------------------------------------- */

static const struct {
    const char *bytes, *path, *query, *if_none_match;
    bool head, is_1_0, closes;
} requests[] = {
    {GET "\r\n", "/", NULL, NULL, false, false, false},
    {"HEAD /a?b=c HTTP/1.1\r\n" HOST "\r\n", "/a", "b=c", NULL, true, false, false},
    {"\r\nGET /a%20b HTTP/1.1\r\n" HOST "\r\n", "/a b", NULL, NULL, false, false, false},
    {"GET http://127.0.0.1:1/a?b HTTP/1.1\r\n" HOST "\r\n", "/a", "b", NULL, false, false, false},
    {"GET http://localhost/a HTTP/1.1\r\nHost: example.net\r\n\r\n", "/a", NULL, NULL, false, false,
     false},
    {"GET / HTTP/1.0\r\n\r\n", "/", NULL, NULL, false, true, true},
    {"GET / HTTP/1.0\r\n" HOST "Connection: Keep-Alive\r\n\r\n", "/", NULL, NULL, false, true,
     false},
    {GET "Connection: close\r\n\r\n", "/", NULL, NULL, false, false, true},
    {GET "Connection: a, Close ,b\r\n\r\n", "/", NULL, NULL, false, false, true},
    {GET "Connection:\tclose\t\r\n\r\n", "/", NULL, NULL, false, false, true},
    {GET "Connection: keep-alive, close\r\n\r\n", "/", NULL, NULL, false, false, true},
    {GET "if-none-match: \"a\" \r\n\r\n", "/", NULL, "\"a\"", false, false, false},
    {GET "Content-Length: 0\r\n\r\n", "/", NULL, NULL, false, false, false},
    {GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "/", NULL, NULL, false, false, false},
    {GET "Expect: 100-continue\r\nX: \xff\r\nEmpty:\r\n\r\n", "/", NULL, NULL, false, false, false},
    {"GET / HTTP/1.1\r\nHOST:\t[::1]:80 \t \r\n\r\n", "/", NULL, NULL, false, false, false},
};

static void assert_same(const char *found, const char *expected)
{
    ck_assert_int_eq(found == NULL, expected == NULL);
    if (expected != NULL)
        ck_assert_str_eq(found, expected);
}

START_TEST(a_request_is_read)
{
    const char *bytes = requests[_i].bytes;
    size_t length = strlen(bytes);

    for (size_t size = 0; size <= length; size++) {
        struct listener_request request;

        ck_assert_uint_eq(read_in_pieces(&request, bytes, length, size), length);
        ck_assert_msg(request.refused == 0, "%s%s", bytes, request.why);
        ck_assert(request.complete);
        assert_same(request.path, requests[_i].path);
        assert_same(request.query, requests[_i].query);
        assert_same(request.if_none_match.state == HTTP_FIELD_PRESENT ? request.if_none_match.value
                                                                      : NULL,
                    requests[_i].if_none_match);
        ck_assert_int_eq(request.head, requests[_i].head);
        ck_assert_int_eq(request.is_1_0, requests[_i].is_1_0);
        ck_assert_int_eq(request.keep_alive, !requests[_i].closes);
    }
}
END_TEST

/* What follows is the next one. */
START_TEST(it_ends_where_it_ends)
{
    static const char bytes[] = GET "\r\nGET /next HTTP/1.1\r\n\r\n";
    struct listener_request request;

    ck_assert_uint_eq(read_in_pieces(&request, bytes, sizeof bytes - 1, 0), strlen(GET "\r\n"));
    ck_assert(request.complete);
}
END_TEST

START_TEST(it_is_not_complete_before_its_end)
{
    static const char bytes[] = GET "A: b\r\n\r\n";

    for (size_t length = 0; length < sizeof bytes - 1; length++) {
        struct listener_request request;

        ck_assert_uint_eq(read_in_pieces(&request, bytes, length, 0), length);
        ck_assert(!is_over(&request));
    }
}
END_TEST

/* --- what is refused ------------------------------------------------------------------ */

static const struct {
    const char *bytes;
    int length; /* or ALL, up to the NUL */
    int status;
} mistakes[] = {
    {"GET / HTTP/1.1\n", ALL, 400},
    {"GET /\r\n", ALL, 400},
    {"GET  / HTTP/1.1\r\n", ALL, 400},
    {"GET /  HTTP/1.1\r\n", ALL, 400},
    {"GET / HTTP/1.1 \r\n", ALL, 400},
    {"GET /\tHTTP/1.1\r\n", ALL, 400},
    {"GET /\0a HTTP/1.1\r\n", 19, 400},
    {"GET /#a HTTP/1.1\r\n", ALL, 400},
    {"GET /\xc3\xbc HTTP/1.1\r\n", ALL, 400},
    {"GET / http/1.1\r\n", ALL, 400},
    {"GET / HTTP/1.1a\r\n", ALL, 400},
    {"GET / HTTP/11\r\n", ALL, 400},
    {"GET / RTSP/1.0\r\n", ALL, 400},
    {"GET / HTTP/1.1\r\r", ALL, 400},
    {"\r\n\r\n", ALL, 400},
    {"\n", ALL, 400},
    {" GET / HTTP/1.1\r\n", ALL, 400},
    {"\x16\x03\x01\x02", ALL, 400},
    {"GET * HTTP/1.1\r\n", ALL, 400},
    {"GET localhost:80 HTTP/1.1\r\n", ALL, 400},
    {"GET https://localhost/ HTTP/1.1\r\n", ALL, 400},
    {"GET http:///a HTTP/1.1\r\n", ALL, 400},
    {"GET http://a@localhost/ HTTP/1.1\r\n", ALL, 400},
    {"GET /../a HTTP/1.1\r\n", ALL, 400},
    {"GET /%00 HTTP/1.1\r\n", ALL, 400},
    {"GET / HTTP/1.2\r\n", ALL, 505},
    {"GET / HTTP/2.0\r\n", ALL, 505},
    {"GET / HTTP/0.9\r\n", ALL, 505},
    {"PRI * HTTP/2.0\r\n", ALL, 505},
    {"POST / HTTP/1.1\r\n", ALL, 405},
    {"OPTIONS * HTTP/1.1\r\n", ALL, 405},
    {"CONNECT localhost:80 HTTP/1.1\r\n", ALL, 405},
    {"get / HTTP/1.1\r\n", ALL, 405},
    {"GETS / HTTP/1.1\r\n", ALL, 405},
    {"GE / HTTP/1.1\r\n", ALL, 405},
    {"HEADGET / HTTP/1.1\r\n", ALL, 405},
    {"GET / HTTP/1.1\r\n\r\n", ALL, 400},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", ALL, 400},
    {GET HOST "\r\n", ALL, 400},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ALL, 400},
    {"GET / HTTP/1.0\r\nHost: a@b\r\n\r\n", ALL, 400},
    {"GET / HTTP/1.1\r\nHost: example.net\r\n\r\n", ALL, 421},
    {"GET / HTTP/1.0\r\nHost: example.net\r\n\r\n", ALL, 421},
    {"GET http://example.net/ HTTP/1.1\r\n" HOST "\r\n", ALL, 421},
    {"GET / HTTP/1.1\r\nHost: 0123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789.example.net\r\n\r\n",
     ALL, 421},
    {GET "A: b\n\r\n", ALL, 400},
    {GET "A: b\rc\r\n\r\n", ALL, 400},
    {GET "A: b\r\n c\r\n\r\n", ALL, 400},
    {GET " A: b\r\n\r\n", ALL, 400},
    {GET "A : b\r\n\r\n", ALL, 400},
    {GET ": b\r\n\r\n", ALL, 400},
    {GET "A\r\n\r\n", ALL, 400},
    {GET "A: \0\r\n\r\n", sizeof(GET) - 1 + 8, 400},
    {GET "A: \x7f\r\n\r\n", ALL, 400},
    {GET "Content-Length: 1\r\n\r\na", ALL, 413},
    {GET "Content-Length: 99999999999\r\n\r\n", ALL, 413},
    {GET "Content-Length: 99999999999999999999999\r\n\r\n", ALL, 400},
    {GET "Content-Length: +0\r\n\r\n", ALL, 400},
    {GET "Content-Length: 0, 0\r\n\r\n", ALL, 400},
    {GET "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", ALL, 400},
    {GET "Content-Length: a\r\n\r\n", ALL, 400},
    {GET "Transfer-Encoding: chunked\r\n\r\n", ALL, 400},
    {GET "Transfer-Encoding: identity\r\n\r\n", ALL, 400},
    {GET "transfer-encoding:\r\n\r\n", ALL, 400},
    {GET "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", ALL, 400},
    {GET "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", ALL, 400},
};

START_TEST(a_mistake_is_refused)
{
    const char *bytes = mistakes[_i].bytes;
    size_t length = mistakes[_i].length == ALL ? strlen(bytes) : (size_t)mistakes[_i].length;

    for (size_t size = 0; size <= length; size++) {
        struct listener_request request;

        read_in_pieces(&request, bytes, length, size);
        ck_assert_msg(request.refused == mistakes[_i].status, "%s%d in pieces of %zu: %s", bytes,
                      request.refused, size, request.refused != 0 ? request.why : "");
        ck_assert_str_ne(request.why, "");
        ck_assert(!request.complete);
        ck_assert(!request.keep_alive);
    }
}
END_TEST

START_TEST(any_name_is_taken_where_that_is_allowed)
{
    static const char bytes[] = "GET http://example.org/ HTTP/1.1\r\nHost: example.net\r\n\r\n";
    struct listener_request request;

    listener_request_init(&request, true);
    ck_assert_uint_eq(listener_request_feed(&request, bytes, sizeof bytes - 1), sizeof bytes - 1);
    ck_assert(request.complete);
}
END_TEST

START_TEST(a_refusal_says_whether_it_was_head)
{
    static const char bytes[] = "HEAD /.. HTTP/1.1\r\n";
    struct listener_request request;

    read_in_pieces(&request, bytes, sizeof bytes - 1, 0);
    ck_assert_int_eq(request.refused, 400);
    ck_assert(request.head);
}
END_TEST

START_TEST(the_first_reason_counts)
{
    struct listener_request request;

    listener_request_init(&request, false);
    listener_request_refuse(&request, 408, "first");
    listener_request_refuse(&request, 400, "second");
    ck_assert_int_eq(request.refused, 408);
    ck_assert_str_eq(request.why, "first");
}
END_TEST

/* --- sizes ------------------------------------------------------------------------------ */

/* "GET /xxx HTTP/1.1" with so many bytes in all, and then fields of so many. */
static char *sized(size_t line, size_t fields, size_t *length)
{
    static const char before[] = "GET /", after[] = " HTTP/1.1\r\n";
    char *bytes = malloc(line + fields);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'x', line + fields);
    memcpy(bytes, before, sizeof before - 1);
    memcpy(bytes + line - (sizeof after - 1), after, sizeof after - 1);
    memcpy(bytes + line, HOST "A: ", sizeof HOST - 1 + 3);
    memcpy(bytes + line + fields - 4, "\r\n\r\n", 4);
    *length = line + fields;
    return bytes;
}

static int status_of(size_t line, size_t fields, size_t piece)
{
    struct listener_request request;
    size_t length;
    char *bytes = sized(line, fields, &length);
    size_t taken = read_in_pieces(&request, bytes, length, piece);

    ck_assert(is_over(&request));
    ck_assert_uint_le(taken, LISTENER_HEADER_MAX);
    free(bytes);
    return request.refused;
}

static const size_t pieces[] = {0, 1, 7, 1000};

START_TEST(sizes_have_limits)
{
    size_t piece = pieces[_i];

    ck_assert_int_eq(status_of(LISTENER_LINE_MAX, 100, piece), 0);
    ck_assert_int_eq(status_of(LISTENER_LINE_MAX + 1, 100, piece), 414);
    ck_assert_int_eq(status_of(100, LISTENER_HEADER_MAX - 100, piece), 0);
    ck_assert_int_eq(status_of(100, LISTENER_HEADER_MAX - 99, piece), 431);
    ck_assert_int_eq(status_of(LISTENER_LINE_MAX, 1 << 20, piece == 1 ? 7 : piece), 431);
}
END_TEST

START_TEST(a_method_without_an_end)
{
    char bytes[LISTENER_LINE_MAX + 100];
    struct listener_request request;

    memset(bytes, 'G', sizeof bytes);
    ck_assert_uint_le(read_in_pieces(&request, bytes, sizeof bytes, pieces[_i]),
                      LISTENER_LINE_MAX + 1);
    ck_assert_int_eq(request.refused, 400);
}
END_TEST

static int status_with_fields(unsigned count, size_t piece)
{
    char bytes[LISTENER_HEADER_MAX];
    int length = snprintf(bytes, sizeof bytes, "%s", GET);
    struct listener_request request;

    for (unsigned i = 1; i < count; i++)
        length += snprintf(bytes + length, sizeof bytes - (size_t)length, "a:b\r\n");
    length += snprintf(bytes + length, sizeof bytes - (size_t)length, "\r\n");
    read_in_pieces(&request, bytes, (size_t)length, piece);
    return request.refused;
}

START_TEST(fields_have_a_limit)
{
    ck_assert_int_eq(status_with_fields(HTTP_FIELDS_MAX, pieces[_i]), 0);
    ck_assert_int_eq(status_with_fields(HTTP_FIELDS_MAX + 1, pieces[_i]), 431);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *suite(void)
{
    Suite *suite = suite_create("listener_request");
    TCase *tests = tcase_create("listener_request");

    tcase_add_loop_test(tests, a_request_is_read, 0, COUNT(requests));
    tcase_add_test(tests, it_ends_where_it_ends);
    tcase_add_test(tests, it_is_not_complete_before_its_end);
    tcase_add_loop_test(tests, a_mistake_is_refused, 0, COUNT(mistakes));
    tcase_add_test(tests, any_name_is_taken_where_that_is_allowed);
    tcase_add_test(tests, a_refusal_says_whether_it_was_head);
    tcase_add_test(tests, the_first_reason_counts);
    tcase_add_loop_test(tests, sizes_have_limits, 0, COUNT(pieces));
    tcase_add_loop_test(tests, a_method_without_an_end, 0, COUNT(pieces));
    tcase_add_loop_test(tests, fields_have_a_limit, 0, COUNT(pieces));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
