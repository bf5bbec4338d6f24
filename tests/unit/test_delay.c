#include "check_main.h"

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
    ck_assert_msg(delay_from_body(numbers[_i].body, numbers[_i].length, &said, why), "%s", why);
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
    ck_assert(!delay_from_body(refusals[_i].body, refusals[_i].length, &said, why));
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
    ck_assert(delay_from_body(body, 2, &said, why));
    ck_assert_int_eq(said, 12 * SECOND);
    ck_assert(delay_from_body(body, 1, &said, why));
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
    ck_assert(delay_from_body(body, LENGTH, &said, why));
    ck_assert_int_eq(said, INT64_MAX);
    memset(body, '0', LENGTH - 1);
    ck_assert(delay_from_body(body, LENGTH, &said, why));
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
        ck_assert(!delay_from_body(body, sizeof body, &said, why));
        ck_assert_uint_lt(strlen(why), DELAY_WHY_SIZE);
        for (const char *at = why; *at != '\0'; at++)
            ck_assert(*at >= ' ' && *at < 0x7f);
    }
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
    tcase_add_loop_test(tcase, what_the_server_said_is_clamped_and_that_is_told, 0,
                        COUNT_OF(clamps));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
