/* Header sections, chunks and entity tags of the listener's responses. */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "check_main.h"
#include "report/listener_response.h"

#define SAFETY                                                                                     \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "                    \
    "frame-ancestors 'none'\r\n"                                                                   \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Cross-Origin-Resource-Policy: same-origin\r\n"
#define DATE   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define MOMENT 784111777

static const struct {
    struct listener_response response;
    const char *written;
} heads[] = {
    {{.status = 200, .type = "text/html; charset=utf-8", .etag = "\"a\"", .length = 12},
     "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/html; charset=utf-8\r\nContent-Length: 12\r\n"
     "ETag: \"a\"\r\nCache-Control: no-cache\r\n" SAFETY "\r\n"},
    {{.status = 503, .type = "text/plain", .framing = LISTENER_CHUNKS},
     "HTTP/1.1 503 Service Unavailable\r\n" DATE
     "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"
     "Cache-Control: no-store\r\n" SAFETY "\r\n"},
    {{.status = 200, .type = "a/b", .framing = LISTENER_CLOSING, .close = true, .is_1_0 = true},
     "HTTP/1.1 200 OK\r\n" DATE "Content-Type: a/b\r\nCache-Control: no-store\r\n" SAFETY
     "Connection: close\r\n\r\n"},
    {{.status = 200, .type = "a/b", .is_1_0 = true},
     "HTTP/1.1 200 OK\r\n" DATE "Content-Type: a/b\r\nContent-Length: 0\r\n"
     "Cache-Control: no-store\r\n" SAFETY "Connection: keep-alive\r\n\r\n"},
    {{.status = 304, .etag = "\"a\""},
     "HTTP/1.1 304 Not Modified\r\n" DATE "ETag: \"a\"\r\nCache-Control: no-cache\r\n" SAFETY
     "\r\n"},
    {{.status = 405, .type = "a/b", .length = 1, .close = true},
     "HTTP/1.1 405 Method Not Allowed\r\n" DATE "Content-Type: a/b\r\nContent-Length: 1\r\n"
     "Cache-Control: no-store\r\n" SAFETY "Allow: GET, HEAD\r\nConnection: close\r\n\r\n"},
    {{.status = 299, .type = "a/b"},
     "HTTP/1.1 299 \r\n" DATE "Content-Type: a/b\r\nContent-Length: 0\r\n"
     "Cache-Control: no-store\r\n" SAFETY "\r\n"},
};

START_TEST(a_head_is_written)
{
    struct buffer out = {0};

    listener_response_head(&out, &heads[_i].response, MOMENT * SECOND + 999999999);
    buffer_add(&out, "", 1);
    ck_assert_str_eq(out.bytes, heads[_i].written);
    buffer_free(&out);
}
END_TEST

START_TEST(chunks_are_framed)
{
    struct buffer out = {0};
    char text[40];

    memset(text, 'x', sizeof text);
    size_t begun = listener_chunk_begin(&out);
    buffer_add(&out, text, 26);
    listener_chunk_end(&out, begun);
    begun = listener_chunk_begin(&out);
    buffer_text(&out, "y");
    listener_chunk_end(&out, begun);
    listener_chunk_last(&out);
    buffer_add(&out, "", 1);
    ck_assert_str_eq(out.bytes, "0000001a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
                                "00000001\r\ny\r\n0\r\n\r\n");
    buffer_free(&out);
}
END_TEST

static const struct {
    const char *list, *etag;
    bool matches;
} lists[] = {
    {"\"a\"", "\"a\"", true},
    {"W/\"a\"", "\"a\"", true},
    {"\"a\"", "W/\"a\"", true},
    {"\"b\", \"a\"", "\"a\"", true},
    {" , W/\"b\" ,\"a\",", "\"a\"", true},
    {"\"b\"\"a\"", "\"a\"", true},
    {"*", "\"a\"", true},
    {"", "\"a\"", false},
    {"\"b\"", "\"a\"", false},
    {"\"ab\"", "\"a\"", false},
    {"\"\"", "\"a\"", false},
    {"a", "\"a\"", false},
    {"\"a", "\"a\"", false},
    {"w/\"a\"", "\"a\"", false},
    {"**", "\"a\"", false},
    {"\"b, \"a\"", "\"a\"", false},
    {"W/", "\"a\"", false},
};

START_TEST(an_etag_is_looked_for_in_a_list)
{
    ck_assert_msg(listener_etag_matches(lists[_i].list, lists[_i].etag) == lists[_i].matches, "%s",
                  lists[_i].list);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("listener_response");
    TCase *tests = tcase_create("listener_response");

    tcase_add_loop_test(tests, a_head_is_written, 0, sizeof heads / sizeof heads[0]);
    tcase_add_test(tests, chunks_are_framed);
    tcase_add_loop_test(tests, an_etag_is_looked_for_in_a_list, 0, sizeof lists / sizeof lists[0]);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
