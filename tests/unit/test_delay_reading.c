#include "check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "pace/delay_reading.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const struct server_settings by_body = {.delay_from = &delay_sources_body,
                                               .delay_unit = UNIT_SECONDS};

static bool take(const struct delay_reading *reading, int64_t *said, char why[DELAY_WHY_SIZE])
{
    strcpy(why, reading->why);
    if (reading->said >= 0)
        *said = reading->said;
    return reading->said >= 0;
}

static bool read_body(const char *body, size_t length, bool shown, int64_t *said,
                      char why[DELAY_WHY_SIZE])
{
    struct http_response response = {.body = (char *)body, .body_length = length};
    struct delay_reading reading;
    delay_read(&reading, &by_body, &response, shown, 0);
    return take(&reading, said, why);
}

/* As the configuration has it. */
static const struct delay_sources *sources_of(struct pool *pool, const char *text)
{
    const struct written written = {.value = text, .shown = text};
    const struct delay_sources *sources = NULL;
    char why[256];
    ck_assert_msg(delay_sources_read(&written, pool, &sources, why, sizeof why), "%s", why);
    return sources;
}

static bool read_field(const char *name, const struct http_field *field, bool shown, int64_t *said,
                       char why[DELAY_WHY_SIZE])
{
    struct http_response response = {.fields = {*field}};
    struct server_settings settings = by_body;
    struct delay_reading reading;
    struct pool pool = {0};
    char text[256];
    snprintf(text, sizeof text, "header:%s", name);
    settings.delay_from = sources_of(&pool, text);
    delay_read(&reading, &settings, &response, shown, 0);
    pool_free(&pool);
    return take(&reading, said, why);
}

#define NO_FORM " is not a number of seconds, nor such as 1m30s or 00:01:30: "

/* A body may hold NUL bytes. */
#define BODY(text) text, sizeof(text) - 1

static const struct {
    const char *body;
    size_t length;
    int64_t said;
} numbers[] = {
    {BODY("5"), 5 * SECOND},
    {BODY(" 5\r\n"), 5 * SECOND},
    {BODY("5\n"), 5 * SECOND},
    {BODY("\t \r\n5\t \r\n"), 5 * SECOND},
    {BODY("\f5\f"), 5 * SECOND},
    {BODY("\v5\v"), 5 * SECOND},
    {BODY("0"), 0},
    {BODY("000"), 0},
    {BODY("0.0"), 0},
    {BODY("007"), 7 * SECOND},
    {BODY("2.5"), 2500 * MILLISECOND},
    {BODY("0.5"), 500 * MILLISECOND},
    {BODY("2.50"), 2500 * MILLISECOND},
    {BODY("0.001"), MILLISECOND},
    {BODY("0.000000001"), 1},
    {BODY("0.0000000001"), 1}, /* rounded up: never early */
    {BODY("1.0000000001"), SECOND + 1},
    {BODY("86400"), DAY},
    {BODY("9223372036"), 9223372036 * SECOND},
    {BODY("9223372037"), INT64_MAX},
    {BODY("999999999999999999999999999999"), INT64_MAX},
    {BODY("000000000000000000000000000005"), 5 * SECOND},
    {BODY("5.000000000000000000000000000000"), 5 * SECOND},
};

START_TEST(is_a_number_of_seconds)
{
    char why[DELAY_WHY_SIZE] = "";
    int64_t said = -1;
    ck_assert_msg(read_body(numbers[_i].body, numbers[_i].length, true, &said, why), "%s", why);
    ck_assert_int_eq(said, numbers[_i].said);
}
END_TEST

static const struct {
    const char *body;
    size_t length;
    const char *why; /* a part of the sentence */
} refusals[] = {
    {BODY(""), "empty"},
    {BODY(" "), "empty"},
    {BODY(" \t\r\n\v\f"), "empty"},
    {BODY("-1"), "\"-1\""},
    {BODY("-0"), "\"-0\""},
    {BODY("+5"), "\"+5\""},
    {BODY("5abc"), "\"5abc\""},
    {BODY("5s"), "\"5s\""},
    {BODY("5 6"), "\"5 6\""},
    {BODY("5\n6"), "\"5\\n6\""},
    {BODY("0x10"), "\"0x10\""},
    {BODY("1e3"), "\"1e3\""},
    {BODY(".5"), "\".5\""},
    {BODY("5."), "\"5.\""},
    {BODY("5. "), "\"5. \""},
    {BODY("."), "\".\""},
    {BODY("5.5.5"), "\"5.5.5\""},
    {BODY("5..5"), "\"5..5\""},
    {BODY("5 .5"), "\"5 .5\""},
    {BODY("1,5"), "\"1,5\""},
    {BODY("1_000"), "\"1_000\""},
    {BODY("1'000"), "\"1'000\""},
    {BODY("inf"), "\"inf\""},
    {BODY("nan"), "\"nan\""},
    {BODY("\"5\""), "\"\\\"5\\\"\""},
    {BODY("5\0"), "\"5\\x00\""},
    {BODY("\0005"), "\"\\x005\""},
    {BODY("5\0"
          "6"),
     "\"5\\x006\""},
    {BODY("\0"), "\"\\x00\""},
    {BODY("\xef\xbb\xbf"
          "5"),
     "\"\\xef\\xbb\\xbf5\""},
    {BODY("\xef\xbc\x95"), "\"\\xef\\xbc\\x95\""}, /* a full-width 5 */
    {BODY("\xd9\xa5"), "\"\\xd9\\xa5\""},          /* an Arabic 5 */
    {BODY("\xc2\xa0"
          "5"),
     "\"\\xc2\\xa05\""}, /* a blank, but not one of ASCII */
    {BODY("\x85"
          "5"),
     "\"\\x855\""},
    {BODY("<html>5</html>"), "\"<html>5</html>\""},
    {BODY("1:30"), "\"1:30\""},
};

START_TEST(is_no_number_of_seconds)
{
    char why[DELAY_WHY_SIZE] = "";
    int64_t said = -7;
    ck_assert(!read_body(refusals[_i].body, refusals[_i].length, true, &said, why));
    ck_assert_int_eq(said, -7);
    ck_assert_msg(strstr(why, refusals[_i].why) != NULL, "%s", why);
}
END_TEST

/* The bytes behind the body's end are not looked at: it has no final NUL. */
START_TEST(a_body_ends_where_its_length_says)
{
    char why[DELAY_WHY_SIZE];
    char *body = malloc(2);
    int64_t said;
    memcpy(body, "12", 2);
    ck_assert(read_body(body, 2, true, &said, why));
    ck_assert_int_eq(said, 12 * SECOND);
    ck_assert(read_body(body, 1, true, &said, why));
    ck_assert_int_eq(said, SECOND);
    free(body);
}
END_TEST

START_TEST(a_body_of_70000_digits_is_a_large_number)
{
    enum { LENGTH = 70000 };
    char why[DELAY_WHY_SIZE];
    char *body = malloc(LENGTH);
    int64_t said = -1;
    memset(body, '9', LENGTH);
    ck_assert(read_body(body, LENGTH, true, &said, why));
    ck_assert_int_eq(said, INT64_MAX);
    memset(body, '0', LENGTH - 1);
    ck_assert(read_body(body, LENGTH, true, &said, why));
    ck_assert_int_eq(said, 9 * SECOND);
    free(body);
}
END_TEST

START_TEST(a_long_wrong_body_is_told_in_a_short_printable_sentence)
{
    char why[DELAY_WHY_SIZE], body[5000];
    int64_t said;
    for (int byte = 0; byte < 256; byte++) {
        memset(body, byte, sizeof body);
        body[0] = 'x';
        ck_assert(!read_body(body, sizeof body, true, &said, why));
        ck_assert_uint_lt(strlen(why), DELAY_WHY_SIZE);
        for (const char *at = why; *at != '\0'; at++)
            ck_assert(*at >= ' ' && *at < 0x7f);
    }
}
END_TEST

#define A_10  "aaaaaaaaaa"
#define A_64  A_10 A_10 A_10 A_10 A_10 A_10 "aaaa"
#define A_128 A_64 A_64

static const struct {
    const char *name;
    struct http_field field;
    int64_t said;    /* -7: none */
    const char *why; /* the sentence */
} fields[] = {
    {"X-Next", {HTTP_FIELD_PRESENT, "5"}, 5 * SECOND, ""},
    {"X-Next", {HTTP_FIELD_PRESENT, "0"}, 0, ""},
    {"X-Next", {HTTP_FIELD_PRESENT, "2.5"}, 2500 * MILLISECOND, ""},
    {"X-Next", {HTTP_FIELD_PRESENT, "99999999999999999999"}, INT64_MAX, ""},
    {"X-Next",
     {HTTP_FIELD_PRESENT, "000000000000000000000000000000000000000000000000000000000000005"},
     5 * SECOND,
     ""},
    {"X-Next", {HTTP_FIELD_PRESENT, "abc"}, -7, "the field X-Next" NO_FORM "\"abc\""},
    {"X-Next", {HTTP_FIELD_PRESENT, "-5"}, -7, "the field X-Next" NO_FORM "\"-5\""},
    {"X-Next", {HTTP_FIELD_PRESENT, "5, 6"}, -7, "the field X-Next" NO_FORM "\"5, 6\""},
    {"X-Next", {HTTP_FIELD_PRESENT, "5s"}, 5 * SECOND, ""},
    {"X-Next", {HTTP_FIELD_PRESENT, "\"5\""}, 5 * SECOND, ""},
    {"X-Next", {HTTP_FIELD_PRESENT, "00:00:05"}, 5 * SECOND, ""},
    {"X-Next", {HTTP_FIELD_PRESENT, "5 s"}, -7, "the field X-Next" NO_FORM "\"5 s\""},
    {"X-Next", {HTTP_FIELD_PRESENT, "\xc2\xa0"}, -7, "the field X-Next" NO_FORM "\"\\xc2\\xa0\""},
    {"X-Next",
     {HTTP_FIELD_PRESENT, ""},
     -7,
     "the field X-Next is empty, and not a number of seconds"},
    {"X-Next", {.state = HTTP_FIELD_ABSENT}, -7, "the response has no field X-Next"},
    {"X-Next",
     {.state = HTTP_FIELD_TOO_LONG},
     -7,
     "the field X-Next is too long for a number of seconds"},
    {"X-Next",
     {.state = HTTP_FIELD_REPEATED},
     -7,
     "the field X-Next stands more than once in the response"},
    {A_64, {.state = HTTP_FIELD_ABSENT}, -7, "the response has no field " A_64},
    {A_64 "a", {.state = HTTP_FIELD_ABSENT}, -7, "the response has no field " A_64 "..."},
    {A_128,
     {HTTP_FIELD_PRESENT, A_10 A_10 A_10 A_10 A_10 A_10 "aaa"},
     -7,
     "the field " A_64 "..." NO_FORM "\"" A_10 A_10 A_10 A_10 A_10 "aaaaaaaa\"..."},
    {A_128,
     {.state = HTTP_FIELD_REPEATED},
     -7,
     "the field " A_64 "... stands more than once in the response"},
};

START_TEST(a_field_says_the_delay_or_why_not)
{
    char why[DELAY_WHY_SIZE] = "";
    int64_t said = -7;
    bool good = read_field(fields[_i].name, &fields[_i].field, true, &said, why);
    ck_assert_int_eq(good, fields[_i].said != -7);
    ck_assert_int_eq(said, fields[_i].said);
    ck_assert_str_eq(why, fields[_i].why);
}
END_TEST

START_TEST(what_may_be_a_secret_is_not_told)
{
    const struct http_field field = {HTTP_FIELD_PRESENT, "s3cret"};
    char why[DELAY_WHY_SIZE] = "";
    int64_t said;
    ck_assert(!read_body("s3cret", 6, false, &said, why));
    ck_assert_str_eq(why, "the body is not a number of seconds: it is not shown, as it may repeat "
                          "a secret of the request");
    ck_assert(!read_field("X-Next", &field, false, &said, why));
    ck_assert_ptr_null(strstr(why, "s3cret"));
}
END_TEST

static const struct {
    const char *coding, *why;
} codings[] = {
    {"gzip", "the body is coded (\"gzip\"), which was not asked for"},
    {"a, b", "the body is coded (\"a, b\"), which was not asked for"},
    {"\xff\"\\", "the body is coded (\"\\xff\\\"\\\\\"), which was not asked for"},
    {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
     "the body is coded (\"\\x80\\x80\\x80\\x80\\x80\\x80\\x80\\x80\\x80\\x80\\x80\\x80\\x80\\x80"
     "\"...), which was not asked for"},
};

START_TEST(a_coding_is_told)
{
    struct http_response response = {.body = "5", .body_length = 1};
    struct delay_reading reading;
    strcpy(response.content_coding, codings[_i].coding);
    delay_read(&reading, &by_body, &response, true, 0);
    ck_assert_int_eq(reading.said, -1);
    ck_assert_str_eq(reading.why, codings[_i].why);
    response.body_length = 0; /* then there is nothing that is coded */
    delay_read(&reading, &by_body, &response, true, 0);
    ck_assert_str_eq(reading.why, "the body is empty, and not a number of seconds");
}
END_TEST

/* --- JSON ------------------------------------------------------------------------------ */

#define VALUE(pointer) "the value at json:" pointer

static const struct {
    const char *pointer, *body;
    int64_t said;    /* -1: none */
    const char *why; /* a part of the sentence */
} jsons[] = {
    {"/a", "{\"a\":5}", 5 * SECOND, ""},
    {"/a", " {\"a\" : 5.1 }\r\n", 5100 * MILLISECOND, ""},
    {"/a", "{\"a\":1e3}", 1000 * SECOND, ""},
    {"/a", "{\"a\":1E-3}", MILLISECOND, ""},
    {"/a", "{\"a\":1e-30}", 0, ""},
    {"/a", "{\"a\":0}", 0, ""},
    {"/a", "{\"a\":1e300}", INT64_MAX, ""},
    {"/a", "{\"a\":99999999999999999999999999}", INT64_MAX, ""},
    {"/a", "{\"a\":\"5\"}", 5 * SECOND, ""},
    {"/a", "{\"a\":\"00:05:00\"}", 5 * MINUTE, ""},
    {"/a", "{\"a\":\"1:00:00:00\"}", DAY, ""},
    {"/a", "{\"a\":\"500ms\"}", 500 * MILLISECOND, ""},
    {"", "5", 5 * SECOND, ""},
    {"", "\"5\"", 5 * SECOND, ""},
    {"/a/b/c", "{\"a\":{\"b\":{\"c\":5}}}", 5 * SECOND, ""},
    {"/0", "[5,6]", 5 * SECOND, ""},
    {"/1/a", "[5,{\"a\":6}]", 6 * SECOND, ""},
    {"/0", "{\"0\":5}", 5 * SECOND, ""},
    {"/", "{\"\":5}", 5 * SECOND, ""},
    {"/a~1b/c~0d/e~01f", "{\"a/b\":{\"c~d\":{\"e~1f\":5}}}", 5 * SECOND, ""},
    {"/\xc3\xbc", "{\"\\u00fc\":5}", 5 * SECOND, ""},
    {"/a", "{\"a\":5,\"b\":\"x\\u0000y\"}", 5 * SECOND, ""},
    /* Nowhere. */
    {"/b", "{\"a\":5}", -1, "the JSON of the body has nothing at json:/b"},
    {"/a/b", "{\"a\":5}", -1, "has nothing at json:/a/b"},
    {"/2", "[5,6]", -1, "has nothing at json:/2"},
    {"/-", "[5,6]", -1, "has nothing at json:/-"},
    {"/00", "[5,6]", -1, "has nothing at json:/00"},
    {"/+0", "[5,6]", -1, "has nothing at json:/+0"},
    {"/18446744073709551616", "[5,6]", -1, "has nothing"},
    {"/", "[5,6]", -1, "has nothing at json:/"},
    {"/a", "5", -1, "has nothing at json:/a"},
    {"/a", "", -1, "the body is empty, and has nothing at json:/a"},
    /* Something else. */
    {"/a", "{\"a\":null}", -1, VALUE("/a") " is null, and not a number of seconds"},
    {"/a", "{\"a\":true}", -1, VALUE("/a") " is true"},
    {"/a", "{\"a\":false}", -1, VALUE("/a") " is false"},
    {"/a", "{\"a\":{}}", -1, VALUE("/a") " is an object"},
    {"/a", "{\"a\":[5]}", -1, VALUE("/a") " is an array"},
    {"/a", "{\"a\":-5}", -1, VALUE("/a") " is below zero: -5"},
    {"/a", "{\"a\":-0.0}", -1, VALUE("/a") " is below zero: -0"},
    {"/a", "{\"a\":\"\"}", -1, VALUE("/a") NO_FORM "\"\""},
    {"/a", "{\"a\":\" 5\"}", -1, VALUE("/a") NO_FORM "\" 5\""},
    {"/a", "{\"a\":\"5\\u0000\"}", -1, "\"5\\x00\""},
    {"/a", "{\"a\":\"\\u001b[31m\"}", -1, "\"\\x1b[31m\""},
    {"/a", "{\"a\":\"-5\"}", -1, "\"-5\""},
    {"/a", "{\"a\":\"1e3\"}", -1, "\"1e3\""},
    /* No JSON. */
    {"/a", "<html>", -1, "the body is not JSON from line 1, column 1 on"},
    {"/a", "{\"a\":5", -1, "the body is not JSON from line 1, column"},
    {"/a", "{\"a\":5}x", -1, "the body is not JSON"},
    {"/a", "{\n\"a\":+5}", -1, "the body is not JSON from line 2, column"},
    {"/a", "{\"a\":05}", -1, "the body is not JSON"},
    {"/a", "{\"a\":NaN}", -1, "the body is not JSON"},
    {"/a", "{'a':5}", -1, "the body is not JSON"},
    {"/a", "{\"a\":\"\xff\"}", -1, "the body is not JSON"},
    {"/a", " ", -1, "the body is not JSON"},
    {"/a", "{\"a\":1e999}", -1, "the body has a number too large for JSON at line 1"},
    {"/a", "{\"a\":5,\"a\":5}", -1, "the body has two members of one name in its JSON, at line 1"},
};

START_TEST(a_value_of_json_says_the_delay_or_why_not)
{
    struct http_response response = {.body = (char *)jsons[_i].body,
                                     .body_length = strlen(jsons[_i].body)};
    struct server_settings settings = by_body;
    struct delay_reading reading;
    struct pool pool = {0};
    char text[256];
    snprintf(text, sizeof text, "json:%s", jsons[_i].pointer);
    settings.delay_from = sources_of(&pool, text);
    delay_read(&reading, &settings, &response, true, 0);
    ck_assert_int_eq(reading.said, jsons[_i].said);
    ck_assert_msg(strstr(reading.why, jsons[_i].why) != NULL, "%s", reading.why);
    ck_assert_int_eq(reading.why[0] == '\0', reading.said >= 0);
    pool_free(&pool);
}
END_TEST

static void read_json(struct delay_reading *reading, const char *body, size_t length, bool shown)
{
    struct http_response response = {.body = (char *)body, .body_length = length};
    struct server_settings settings = by_body;
    struct pool pool = {0};
    settings.delay_from = sources_of(&pool, "json:/a");
    delay_read(reading, &settings, &response, shown, 0);
    reading->source = NULL; /* it is gone with the pool */
    pool_free(&pool);
}

START_TEST(a_hostile_depth_is_refused)
{
    enum { DEEP = 60000 };
    struct delay_reading reading;
    char *body = malloc(DEEP);
    memset(body, '[', DEEP);
    read_json(&reading, body, DEEP, true);
    ck_assert_int_eq(reading.said, -1);
    ck_assert_ptr_nonnull(
        strstr(reading.why, "the body has JSON that is nested too deep at line 1"));
    free(body);
}
END_TEST

/* Of another server's body, 16 MiB of empty objects, the loop would be at work for seconds. */
START_TEST(json_that_would_hold_up_the_loop_is_not_read)
{
    enum { MOST = 256 << 10 };
    struct delay_reading reading;
    char *body = malloc(MOST + 1);
    memset(body, ' ', MOST + 1);
    memcpy(body, "{\"a\":5}", 7);
    read_json(&reading, body, MOST, true);
    ck_assert_int_eq(reading.said, 5 * SECOND);
    read_json(&reading, body, MOST + 1, true);
    ck_assert_int_eq(reading.said, -1);
    ck_assert_str_eq(reading.why, "the body has 262145 bytes, and JSON is read up to 262144");
    free(body);
}
END_TEST

START_TEST(a_value_of_json_may_be_a_secret)
{
    static const char *const bodies[] = {"{\"a\":\"s3cret\"}", "{\"a\":-53}"};
    struct delay_reading reading;
    for (int i = 0; i < COUNT_OF(bodies); i++) {
        read_json(&reading, bodies[i], strlen(bodies[i]), false);
        ck_assert_int_eq(reading.said, -1);
        ck_assert_str_eq(reading.raw, "");
        ck_assert_ptr_null(strstr(reading.why, "s3cret"));
        ck_assert_ptr_null(strstr(reading.why, "53"));
    }
}
END_TEST

/* --- the order ------------------------------------------------------------------------------ */

static const struct {
    const char *sources;
    struct http_field first, second;
    const char *body;
    int64_t said;     /* -1: none */
    const char *item; /* the source that counts; NULL: none is there */
    const char *why;
} orders[] = {
    {"header:A, header:B", {1, "1"}, {1, "2"}, "", SECOND, "header:A", ""},
    {"header:A, header:B", {.state = 0}, {1, "2"}, "", 2 * SECOND, "header:B", ""},
    {"header:A, header:B", {1, "x"}, {1, "2"}, "", -1, "header:A", "the field A" NO_FORM "\"x\""},
    {"header:A, header:B",
     {1, ""},
     {1, "2"},
     "",
     -1,
     "header:A",
     "the field A is empty, and not a number of seconds"},
    {"header:A, header:B",
     {.state = HTTP_FIELD_REPEATED},
     {1, "2"},
     "",
     -1,
     "header:A",
     "the field A stands more than once in the response"},
    {"body, header:A", {1, "1"}, {0}, "", SECOND, "header:A", ""},
    {"body, header:A", {1, "1"}, {0}, " \n", SECOND, "header:A", ""},
    {"body, header:A",
     {1, "1"},
     {0},
     "x",
     -1,
     "body",
     "the body is not a number of seconds: \"x\""},
    {"json:/a, json:/b, body", {0}, {0}, "{\"b\":2}", 2 * SECOND, "json:/b", ""},
    {"json:/a, json:/b, body", {0}, {0}, "3", 3 * SECOND, "body", ""},
    {"json:/a, json:/b, body",
     {0},
     {0},
     "",
     -1,
     NULL,
     "the response has none of json:/a, json:/b, body"},
    {"header:A, json:/a", {0}, {0}, "{}", -1, NULL, "the response has none of header:A, json:/a"},
};

START_TEST(the_first_that_is_there_counts)
{
    struct http_response response = {.fields = {orders[_i].first, orders[_i].second},
                                     .body = (char *)orders[_i].body,
                                     .body_length = strlen(orders[_i].body)};
    struct server_settings settings = by_body;
    struct delay_reading reading;
    struct pool pool = {0};
    settings.delay_from = sources_of(&pool, orders[_i].sources);
    delay_read(&reading, &settings, &response, true, 0);
    ck_assert_int_eq(reading.said, orders[_i].said);
    ck_assert_str_eq(reading.why, orders[_i].why);
    ck_assert_pstr_eq(reading.source == NULL ? NULL : reading.source->item, orders[_i].item);
    pool_free(&pool);
}
END_TEST

/* --- Retry-After as a source ----------------------------------------------------------------- */

#define MORNING "Sun, 06 Nov 1994 08:49:37 GMT"
enum { MORNING_MOMENT = 784111777 };

static const struct {
    const char *sources, *value;
    struct http_field date;
    int64_t now, said;
} dates[] = {
    {"header:Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT", {1, MORNING}, 0, MINUTE},
    {"header:retry-AFTER", "Sun, 06 Nov 1994 08:50:37 GMT", {1, MORNING}, 0, MINUTE},
    {"header:Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT", {0}, MORNING_MOMENT, MINUTE},
    {"header:Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT", {1, "now"}, MORNING_MOMENT, MINUTE},
    {"header:Retry-After", MORNING, {1, MORNING}, 0, 0},
    {"header:Retry-After", "120", {1, MORNING}, 0, 2 * MINUTE},
    {"header:Expires", "Sun, 06 Nov 1994 08:50:37 GMT", {1, MORNING}, 0, -1},
};

START_TEST(a_retry_after_may_be_a_date)
{
    struct http_response response = {.date = dates[_i].date,
                                     .fields = {{.state = HTTP_FIELD_PRESENT}}};
    struct server_settings settings = by_body;
    struct delay_reading reading;
    struct pool pool = {0};
    strcpy(response.fields[0].value, dates[_i].value);
    settings.delay_from = sources_of(&pool, dates[_i].sources);
    delay_read(&reading, &settings, &response, true, dates[_i].now);
    ck_assert_int_eq(reading.said, dates[_i].said);
    pool_free(&pool);
}
END_TEST

/* RFC 9110 section 10.2.3: it is in seconds, whatever the other sources are in. */
START_TEST(a_retry_after_has_a_unit_of_its_own)
{
    struct http_response response = {
        .fields = {{HTTP_FIELD_PRESENT, "120"}, {HTTP_FIELD_PRESENT, "120"}}};
    struct server_settings settings = by_body;
    struct delay_reading reading;
    struct pool pool = {0};
    settings.delay_unit = UNIT_MILLISECONDS;
    settings.delay_from = sources_of(&pool, "header:RETRY-After, header:A");
    delay_read(&reading, &settings, &response, true, 0);
    ck_assert_int_eq(reading.said, 120 * SECOND);
    response.fields[0].state = HTTP_FIELD_ABSENT;
    delay_read(&reading, &settings, &response, true, 0);
    ck_assert_int_eq(reading.said, 120 * MILLISECOND);
    response.fields[0] = (struct http_field){HTTP_FIELD_PRESENT, "x"};
    delay_read(&reading, &settings, &response, true, 0);
    ck_assert_ptr_nonnull(strstr(reading.why, "is not a number of seconds, nor"));
    pool_free(&pool);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("delay_reading");
    TCase *tcase = tcase_create("delay_reading");
    tcase_add_loop_test(tcase, is_a_number_of_seconds, 0, COUNT_OF(numbers));
    tcase_add_loop_test(tcase, is_no_number_of_seconds, 0, COUNT_OF(refusals));
    tcase_add_test(tcase, a_body_ends_where_its_length_says);
    tcase_add_test(tcase, a_body_of_70000_digits_is_a_large_number);
    tcase_add_test(tcase, a_long_wrong_body_is_told_in_a_short_printable_sentence);
    tcase_add_loop_test(tcase, a_field_says_the_delay_or_why_not, 0, COUNT_OF(fields));
    tcase_add_test(tcase, what_may_be_a_secret_is_not_told);
    tcase_add_loop_test(tcase, a_coding_is_told, 0, COUNT_OF(codings));
    tcase_add_loop_test(tcase, a_value_of_json_says_the_delay_or_why_not, 0, COUNT_OF(jsons));
    tcase_add_test(tcase, a_hostile_depth_is_refused);
    tcase_add_test(tcase, json_that_would_hold_up_the_loop_is_not_read);
    tcase_add_test(tcase, a_value_of_json_may_be_a_secret);
    tcase_add_loop_test(tcase, the_first_that_is_there_counts, 0, COUNT_OF(orders));
    tcase_add_loop_test(tcase, a_retry_after_may_be_a_date, 0, COUNT_OF(dates));
    tcase_add_test(tcase, a_retry_after_has_a_unit_of_its_own);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
