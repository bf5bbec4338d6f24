#include "check_main.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "pace/delay.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

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
    ck_assert_msg(delay_from_body(numbers[_i].body, numbers[_i].length, true, &said, why), "%s",
                  why);
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
    ck_assert(!delay_from_body(refusals[_i].body, refusals[_i].length, true, &said, why));
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
    ck_assert(delay_from_body(body, 2, true, &said, why));
    ck_assert_int_eq(said, 12 * SECOND);
    ck_assert(delay_from_body(body, 1, true, &said, why));
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
    ck_assert(delay_from_body(body, LENGTH, true, &said, why));
    ck_assert_int_eq(said, INT64_MAX);
    memset(body, '0', LENGTH - 1);
    ck_assert(delay_from_body(body, LENGTH, true, &said, why));
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
        ck_assert(!delay_from_body(body, sizeof body, true, &said, why));
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
    {"X-Next",
     {HTTP_FIELD_PRESENT, "abc"},
     -7,
     "the field X-Next is not a number of seconds: \"abc\""},
    {"X-Next",
     {HTTP_FIELD_PRESENT, "-5"},
     -7,
     "the field X-Next is not a number of seconds: \"-5\""},
    {"X-Next",
     {HTTP_FIELD_PRESENT, "5, 6"},
     -7,
     "the field X-Next is not a number of seconds: \"5, 6\""},
    {"X-Next",
     {HTTP_FIELD_PRESENT, "5s"},
     -7,
     "the field X-Next is not a number of seconds: \"5s\""},
    {"X-Next",
     {HTTP_FIELD_PRESENT, "\xc2\xa0"},
     -7,
     "the field X-Next is not a number of seconds: \"\\xc2\\xa0\""},
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
     "the field " A_64 "... is not a number of seconds: "
     "\"" A_10 A_10 A_10 A_10 A_10 "aaaaaaaa\"..."},
    {A_128,
     {.state = HTTP_FIELD_REPEATED},
     -7,
     "the field " A_64 "... stands more than once in the response"},
};

START_TEST(a_field_says_the_delay_or_why_not)
{
    char why[DELAY_WHY_SIZE] = "";
    int64_t said = -7;
    bool good = delay_from_field(fields[_i].name, &fields[_i].field, true, &said, why);
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
    ck_assert(!delay_from_body("s3cret", 6, false, &said, why));
    ck_assert_str_eq(why, "the body is not a number of seconds: it is not shown, as it may repeat "
                          "a secret of the request");
    ck_assert(!delay_from_field("X-Next", &field, false, &said, why));
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
    char why[DELAY_WHY_SIZE] = "";
    delay_why_coded(codings[_i].coding, why);
    ck_assert_str_eq(why, codings[_i].why);
}
END_TEST

static const struct {
    int64_t least, most, said, wait;
} clamps[] = {
    {0, DAY, 0, 0},
    {0, DAY, 5 * SECOND, 5 * SECOND},
    {0, DAY, DAY, DAY},
    {0, DAY, DAY + 1, DAY},
    {0, DAY, INT64_MAX, DAY},
    {SECOND, DAY, 0, SECOND},
    {SECOND, DAY, SECOND - 1, SECOND},
    {SECOND, DAY, SECOND, SECOND},
    {5 * SECOND, 5 * SECOND, 0, 5 * SECOND},
    {5 * SECOND, 5 * SECOND, 5 * SECOND, 5 * SECOND},
    {5 * SECOND, 5 * SECOND, 6 * SECOND, 5 * SECOND},
    {0, 0, 5 * SECOND, 0},
    {0, 3650 * DAY, INT64_MAX, 3650 * DAY},
};

START_TEST(what_the_server_said_is_clamped_and_that_is_told)
{
    struct server_settings settings = {.min_delay = clamps[_i].least, .max_delay = clamps[_i].most};
    struct delay delay = delay_after_success(&settings, clamps[_i].said);
    ck_assert_int_eq(delay.wait, clamps[_i].wait);
    ck_assert_int_eq(delay.said, clamps[_i].said);
    ck_assert_int_eq(delay.clamped, clamps[_i].wait != clamps[_i].said);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("delay");
    TCase *tcase = tcase_create("delay");
    tcase_add_loop_test(tcase, is_a_number_of_seconds, 0, COUNT_OF(numbers));
    tcase_add_loop_test(tcase, is_no_number_of_seconds, 0, COUNT_OF(refusals));
    tcase_add_test(tcase, a_body_ends_where_its_length_says);
    tcase_add_test(tcase, a_body_of_70000_digits_is_a_large_number);
    tcase_add_test(tcase, a_long_wrong_body_is_told_in_a_short_printable_sentence);
    tcase_add_loop_test(tcase, a_field_says_the_delay_or_why_not, 0, COUNT_OF(fields));
    tcase_add_test(tcase, what_may_be_a_secret_is_not_told);
    tcase_add_loop_test(tcase, a_coding_is_told, 0, COUNT_OF(codings));
    tcase_add_loop_test(tcase, what_the_server_said_is_clamped_and_that_is_told, 0,
                        COUNT_OF(clamps));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
