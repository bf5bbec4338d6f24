#include "check_main.h"
#include "effort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "http/http_response.h"
#include "http_responses.h"

/* What a server might send unasked behind a response. */
static const char behind[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n9";

/* A response being read, and how many bytes it took. */
struct reading {
    struct http_response response;
    size_t taken;
};

static bool is_over(const struct http_response *response)
{
    return response->complete || response->failure.reason != FAILURE_NONE;
}

/* From a buffer of just that size, so that reading too far is found out. */
static void deliver(struct reading *reading, const char *bytes, size_t length)
{
    char *piece = malloc(length + 1);
    memcpy(piece, bytes, length);
    piece[length] = 'x';
    if (!is_over(&reading->response))
        reading->taken += http_response_feed(&reading->response, piece, length);
    free(piece);
}

static void deliver_cut(struct reading *reading, struct bytes bytes, size_t cut)
{
    deliver(reading, bytes.at, cut);
    deliver(reading, bytes.at + cut, bytes.length - cut);
}

static void deliver_bytewise(struct reading *reading, struct bytes bytes)
{
    for (size_t at = 0; at < bytes.length && !is_over(&reading->response); at++)
        deliver(reading, bytes.at + at, 1);
}

static void begin(struct reading *reading)
{
    http_response_init(&reading->response, &(struct http_expected){.body_max = BODY_MAX});
    reading->taken = 0;
}

static void begin_case(struct reading *reading, const struct response_case *c)
{
    static const char *field;
    field = c->wanted != NULL ? c->wanted : "X-Next";
    http_response_init(&reading->response,
                       &(struct http_expected){BODY_MAX, c->of_head, &field, 1});
    reading->taken = 0;
}

static void assert_printable(const char *text)
{
    ck_assert(text != NULL && *text != '\0');
    for (; *text != '\0'; text++)
        ck_assert_msg(*text >= ' ' && *text <= '~', "not printable: 0x%02x", *text & 0xff);
}

/* A sentence to tell which of the deliveries it was. */
struct delivery {
    const char *name, *how;
    size_t cut;
};

#define ASSERT(condition, delivery)                                                                \
    ck_assert_msg(condition, "%s, %s %zu: %s; reason %s (%s), status %d, taken %zu",               \
                  (delivery)->name, (delivery)->how, (delivery)->cut, #condition,                  \
                  failure_name(reading->response.failure.reason),                                  \
                  reading->response.failure.reason ? reading->response.failure.detail : "",        \
                  reading->response.status, reading->taken)

static bool same(const char *text, const char *expected)
{
    return text == NULL || expected == NULL ? text == expected : strcmp(text, expected) == 0;
}

static void assert_fields(const struct reading *reading, const struct response_case *expected,
                          const struct delivery *delivery)
{
    const struct http_response *response = &reading->response;
    ASSERT(same(response->location, expected->location), delivery);
    ASSERT(same(response->content_coding, expected->coding != NULL ? expected->coding : ""),
           delivery);
    ASSERT(response->fields[0].state == expected->field_state, delivery);
    if (expected->field_state == HTTP_FIELD_PRESENT)
        ASSERT(same(response->fields[0].value, expected->field), delivery);
}

static void assert_complete(const struct reading *reading, const struct response_case *expected,
                            size_t length, const struct delivery *delivery)
{
    const struct http_response *response = &reading->response;
    size_t body_length = expected->body != NULL ? strlen(expected->body) : 0;

    ASSERT(response->complete, delivery);
    ASSERT(response->failure.reason == FAILURE_NONE, delivery);
    ASSERT(response->status == expected->status, delivery);
    ASSERT(response->keep_alive == expected->keep_alive, delivery);
    ASSERT(response->retry_after.state == HTTP_FIELD_ABSENT, delivery);
    ASSERT(response->body_length == body_length, delivery);
    ASSERT(body_length == 0 || memcmp(response->body, expected->body, body_length) == 0, delivery);
    ASSERT(reading->taken == length, delivery);
    assert_fields(reading, expected, delivery);
}

static void assert_failed(const struct reading *reading, const struct response_case *expected,
                          size_t length, const struct delivery *delivery)
{
    const struct http_response *response = &reading->response;

    ASSERT(!response->complete, delivery);
    ASSERT(response->failure.reason == expected->reason, delivery);
    ASSERT(reading->taken <= length, delivery);
    assert_printable(response->failure.detail);
    if (expected->detail != NULL)
        ASSERT(strcmp(response->failure.detail, expected->detail) == 0, delivery);
}

/* Ends the reading, and compares what came of it. */
static void finish(struct reading *reading, const struct response_case *expected, size_t length,
                   const char *how, size_t cut)
{
    struct delivery delivery = {expected->name, how, cut};
    if (expected->end)
        http_response_end(&reading->response);
    if (expected->reason == FAILURE_NONE)
        assert_complete(reading, expected, length, &delivery);
    else
        assert_failed(reading, expected, length, &delivery);
    http_response_finish(&reading->response);
}

/* A case's bytes, and then some that are none of it unless the server closes. */
static struct bytes assemble(const struct response_case *c, size_t *length)
{
    size_t fill = c->fill != NULL ? strlen(c->fill) : 0;
    *length = c->head.length + fill * (size_t)c->times + c->tail.length;
    char *bytes = malloc(*length + sizeof behind), *at = bytes;

    memcpy(at, c->head.at, c->head.length);
    at += c->head.length;
    for (int i = 0; i < c->times; i++, at += fill)
        memcpy(at, c->fill, fill);
    if (c->tail.length > 0)
        memcpy(at, c->tail.at, c->tail.length);
    at += c->tail.length;
    if (c->end || c->reason != FAILURE_NONE)
        return (struct bytes){bytes, *length};
    memcpy(at, behind, sizeof behind - 1);
    return (struct bytes){bytes, *length + sizeof behind - 1};
}

/* The case with the sentence that it fails with when it comes whole. */
static struct response_case with_detail(const struct response_case *c, struct bytes bytes)
{
    static char detail[128];
    struct response_case expected = *c;
    struct reading reading;
    begin_case(&reading, c);
    deliver(&reading, bytes.at, bytes.length);
    if (expected.detail == NULL && reading.response.failure.reason != FAILURE_NONE)
        expected.detail = strcpy(detail, reading.response.failure.detail);
    http_response_finish(&reading.response);
    return expected;
}

START_TEST(is_read_whole)
{
    struct reading reading;
    size_t length;
    struct bytes bytes = assemble(&responses[_i], &length);
    begin_case(&reading, &responses[_i]);
    deliver(&reading, bytes.at, bytes.length);
    finish(&reading, &responses[_i], length, "whole", 0);
    free((char *)bytes.at);
}
END_TEST

START_TEST(is_read_alike_byte_by_byte)
{
    struct reading reading;
    size_t length;
    struct bytes bytes = assemble(&responses[_i], &length);
    struct response_case expected = with_detail(&responses[_i], bytes);
    begin_case(&reading, &responses[_i]);
    deliver_bytewise(&reading, bytes);
    finish(&reading, &expected, length, "byte by byte", 0);
    free((char *)bytes.at);
}
END_TEST

/* Everywhere, or where it is long at its two ends and here and there. */
static size_t next_cut(size_t cut, size_t length)
{
    const size_t all = 300, ends = (size_t)effort(all);
    bool near = cut < ends || cut + ends > length;
    return cut + (near ? 1 : all / ends * 997);
}

START_TEST(is_read_alike_cut_in_two)
{
    struct reading reading;
    size_t length;
    struct bytes bytes = assemble(&responses[_i], &length);
    struct response_case expected = with_detail(&responses[_i], bytes);
    for (size_t cut = 0; cut <= bytes.length; cut = next_cut(cut, bytes.length)) {
        begin_case(&reading, &responses[_i]);
        deliver_cut(&reading, bytes, cut);
        finish(&reading, &expected, length, "cut at", cut);
    }
    free((char *)bytes.at);
}
END_TEST

/* Whatever has come of a good response when the server closes, it is no whole
 * one, unless its body is to end so: then what has come of that is the body. */
START_TEST(is_incomplete_until_its_end)
{
    const struct response_case *c = &responses[_i];
    size_t length, body_length = c->body != NULL ? strlen(c->body) : 0;
    if (c->reason != FAILURE_NONE || c->times > 200)
        return;
    struct bytes bytes = assemble(c, &length);
    for (size_t cut = 0; cut < length; cut++) {
        struct reading started, *reading = &started;
        struct delivery delivery = {c->name, "ended at", cut};
        bool done = c->end && cut >= length - body_length;
        begin_case(reading, c);
        deliver(reading, bytes.at, cut);
        ASSERT(reading->taken == cut && !is_over(&reading->response), &delivery);
        http_response_end(&reading->response);
        ASSERT(reading->response.complete == done, &delivery);
        ASSERT(reading->response.failure.reason == (done ? FAILURE_NONE : FAILURE_CLOSED),
               &delivery);
        if (done)
            ASSERT(reading->response.body_length == cut - (length - body_length), &delivery);
        http_response_finish(&reading->response);
    }
    free((char *)bytes.at);
}
END_TEST

/* What may follow on a response, and what it is when it is read as one. */
static const struct {
    struct bytes bytes;
    int status; /* 0: none */
} followers[] = {
    {BYTES("HTTP/1.1 503 Busy\r\nContent-Length: 1\r\nConnection: close\r\n\r\n9"), 503},
    {BYTES("HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n9\r\n0\r\nA: b\r\n\r\n"),
     201},
    {BYTES("HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 204 None\r\n\r\n"), 204},
    {BYTES("\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), 0},
    {BYTES("0\r\n\r\n"), 0},
    {BYTES("A: b\r\n\r\n"), 0},
    {BYTES(" c\r\n"), 0},
    {BYTES("\0\0\0\0"), 0},
    {BYTES("\xff\x16\x03\x01"), 0},
};

enum { FOLLOWERS = sizeof followers / sizeof followers[0] };

/* The rest of `bytes`, in one piece, as a response of its own. */
static void assert_is_follower(struct bytes bytes, size_t start, int status,
                               const struct delivery *delivery)
{
    struct reading started, *reading = &started;
    begin(reading);
    deliver(reading, bytes.at + start, bytes.length - start);
    ASSERT(reading->response.complete == (status > 0), delivery);
    ASSERT(reading->response.status == status, delivery);
    ASSERT(status == 0 || reading->taken == bytes.length - start, delivery);
    http_response_finish(&reading->response);
}

static void follow(const struct response_case *c, struct bytes bytes, size_t length, int status,
                   size_t first_cut)
{
    for (size_t cut = first_cut; cut <= bytes.length; cut = next_cut(cut, bytes.length)) {
        struct reading started, *reading = &started;
        struct delivery delivery = {c->name, "followed and cut at", cut};
        begin_case(reading, c);
        deliver_cut(reading, bytes, cut);
        ASSERT(reading->response.complete && reading->response.status == c->status, &delivery);
        ASSERT(reading->taken == length, &delivery);
        assert_is_follower(bytes, reading->taken, status, &delivery);
        http_response_finish(&reading->response);
    }
}

/* Whatever comes behind a good response, what is taken is the length of the one. It is
 * cut at every place, and with all but one follower only near its end. */
START_TEST(what_follows_is_no_part_of_it)
{
    const struct response_case *c = &responses[_i];
    size_t length;
    if (c->reason != FAILURE_NONE || c->end || c->times > 200)
        return;
    struct bytes bytes = assemble(c, &length);
    for (size_t i = 0; i < FOLLOWERS; i++) {
        struct bytes both = {malloc(length + followers[i].bytes.length),
                             length + followers[i].bytes.length};
        memcpy((char *)both.at, bytes.at, length);
        memcpy((char *)both.at + length, followers[i].bytes.at, followers[i].bytes.length);
        follow(c, both, length, followers[i].status, i == 0 || length < 8 ? 0 : length - 8);
        free((char *)both.at);
    }
    free((char *)bytes.at);
}
END_TEST

static const struct {
    const char *fields, *retry_after; /* NULL: absent */
} retries[] = {
    {"", NULL},
    {"Retry-After: 5\r\n", "5"},
    {"Retry-After:5\r\n", "5"},
    {"retry-AFTER: 5\r\n", "5"},
    {"Retry-After:  5 \t\r\n", "5"},
    {"Retry-After:\r\n", ""},
    {"Retry-After: \r\n", ""},
    {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {"Retry-After: 5                        and more\r\n", "5                        and more"},
    {"Retry-After-All: 5\r\n", NULL},
    {"X-Retry-After: 5\r\n", NULL},
    {"Retry-After: 5\r\nRetry-After: 7\r\n", "7"},
    {"Retry-After: 5                                                              \r\n", "5"},
    {"A: b\r\nRetry-After: 5\r\nC: d\r\n", "5"},
};

enum { RETRIES = sizeof retries / sizeof retries[0] };

START_TEST(retry_after_is_read)
{
    char bytes[256];
    int length = snprintf(bytes, sizeof bytes, "HTTP/1.1 503 Busy\r\n%sContent-Length: 1\r\n\r\n5",
                          retries[_i].fields);
    for (size_t cut = 0; cut <= (size_t)length; cut++) {
        struct reading started, *reading = &started;
        struct delivery delivery = {retries[_i].fields, "cut at", cut};
        begin(reading);
        deliver_cut(reading, (struct bytes){bytes, (size_t)length}, cut);
        ASSERT(reading->response.complete && reading->response.status == 503, &delivery);
        const struct http_field *field = &reading->response.retry_after;
        ASSERT((field->state == HTTP_FIELD_PRESENT) == (retries[_i].retry_after != NULL),
               &delivery);
        if (field->state == HTTP_FIELD_PRESENT)
            ASSERT(strcmp(field->value, retries[_i].retry_after) == 0, &delivery);
        http_response_finish(&reading->response);
    }
}
END_TEST

START_TEST(a_body_may_hold_any_byte)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\0\xff\r\n\x1b";
    struct reading reading;
    begin(&reading);
    deliver(&reading, text, sizeof text - 1);
    ck_assert(reading.response.complete);
    ck_assert_uint_eq(reading.response.body_length, 5);
    ck_assert_mem_eq(reading.response.body, "\0\xff\r\n\x1b", 5);
    http_response_finish(&reading.response);
}
END_TEST

START_TEST(a_body_may_be_empty_at_most)
{
    struct http_response response;
    http_response_init(&response, &(struct http_expected){.body_max = 0});
    http_response_feed(&response, behind, sizeof behind - 1);
    ck_assert_int_eq(response.failure.reason, FAILURE_TOO_LARGE);
    http_response_finish(&response);
}
END_TEST

START_TEST(nothing_is_taken_after_the_end)
{
    struct http_response response;
    http_response_init(&response, &(struct http_expected){.body_max = BODY_MAX});
    ck_assert_uint_eq(http_response_feed(&response, behind, sizeof behind - 1), sizeof behind - 1);
    ck_assert_uint_eq(http_response_feed(&response, behind, sizeof behind - 1), 0);
    http_response_end(&response);
    ck_assert(response.complete && response.keep_alive);
    ck_assert_uint_eq(response.body_length, 1);
    http_response_finish(&response);
}
END_TEST

START_TEST(nothing_is_taken_after_a_failure)
{
    struct http_response response;
    http_response_init(&response, &(struct http_expected){.body_max = BODY_MAX});
    http_response_feed(&response, "ICY", 3);
    ck_assert_int_eq(response.failure.reason, FAILURE_PROTOCOL);
    ck_assert_uint_eq(http_response_feed(&response, behind, sizeof behind - 1), 0);
    http_response_end(&response);
    ck_assert_int_eq(response.failure.reason, FAILURE_PROTOCOL);
    ck_assert(!response.complete);
    http_response_finish(&response);
}
END_TEST

START_TEST(no_bytes_are_no_beginning)
{
    struct http_response response;
    http_response_init(&response, &(struct http_expected){.body_max = BODY_MAX});
    ck_assert_uint_eq(http_response_feed(&response, "", 0), 0);
    ck_assert(!response.started);
    http_response_feed(&response, "H", 1);
    ck_assert(response.started);
    ck_assert_int_eq(response.status, 0);
    http_response_finish(&response);
}
END_TEST

START_TEST(a_location_may_be_taken_over)
{
    static const char text[] = "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n";
    struct reading reading;
    begin(&reading);
    deliver(&reading, text, sizeof text - 1);
    char *location = reading.response.location;
    reading.response.location = NULL;
    http_response_finish(&reading.response);
    ck_assert_str_eq(location, "/a");
    free(location);
}
END_TEST

START_TEST(no_field_need_be_wanted)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nX-Next: 5\r\nContent-Length: 0\r\n\r\n";
    struct reading reading;
    begin(&reading);
    deliver(&reading, text, sizeof text - 1);
    ck_assert(reading.response.complete);
    ck_assert_int_eq(reading.response.fields[0].state, HTTP_FIELD_ABSENT);
    http_response_finish(&reading.response);
}
END_TEST

static Suite *suite(void)
{
    memset(longest_location, 'x', URL_MAX);
    longest_location[0] = '/';

    Suite *s = suite_create("http_response");
    TCase *tcase = tcase_create("http_response");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, is_read_whole, 0, RESPONSES);
    tcase_add_loop_test(tcase, is_read_alike_byte_by_byte, 0, RESPONSES);
    tcase_add_loop_test(tcase, is_read_alike_cut_in_two, 0, RESPONSES);
    tcase_add_loop_test(tcase, is_incomplete_until_its_end, 0, RESPONSES);
    tcase_add_loop_test(tcase, what_follows_is_no_part_of_it, 0, RESPONSES);
    tcase_add_loop_test(tcase, retry_after_is_read, 0, RETRIES);
    tcase_add_test(tcase, a_body_may_hold_any_byte);
    tcase_add_test(tcase, a_body_may_be_empty_at_most);
    tcase_add_test(tcase, nothing_is_taken_after_the_end);
    tcase_add_test(tcase, nothing_is_taken_after_a_failure);
    tcase_add_test(tcase, no_bytes_are_no_beginning);
    tcase_add_test(tcase, a_location_may_be_taken_over);
    tcase_add_test(tcase, no_field_need_be_wanted);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
