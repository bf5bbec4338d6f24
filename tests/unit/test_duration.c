#include "check_main.h"

#include <string.h>

#include "base/duration.h"

static const struct {
    int64_t ns;
    const char *seconds, *text;
} spans[] = {
    {0, "0", "0"},
    {1, "0.000000001", "1ns"},
    {1500, "0.0000015", "1us500ns"},
    {5 * SECOND, "5", "5s"},
    {2500 * MILLISECOND, "2.5", "2s500ms"},
    {90 * SECOND, "90", "1m30s"},
    {DAY, "86400", "1d"},
    {INT64_MAX, "9223372036.854775807", "106751d23h47m16s854ms775us807ns"},
};

START_TEST(is_written)
{
    char out[DURATION_SIZE];
    ck_assert_uint_eq(duration_seconds(out, spans[_i].ns), strlen(spans[_i].seconds));
    ck_assert_str_eq(out, spans[_i].seconds);
    ck_assert_str_eq(duration_text(out, spans[_i].ns), spans[_i].text);
}
END_TEST

START_TEST(negative_spans_have_a_sign)
{
    char out[DURATION_SIZE];
    duration_seconds(out, -1500 * MILLISECOND);
    ck_assert_str_eq(out, "-1.5");
}
END_TEST

static const struct {
    const char *text;
    int64_t unit, ns;
    size_t used;
} scans[] = {
    {"5", SECOND, 5 * SECOND, 1},
    {"007", SECOND, 7 * SECOND, 3},
    {"2.5", SECOND, 2500 * MILLISECOND, 3},
    {"2.", SECOND, 2 * SECOND, 1},
    {"2.5.5", SECOND, 2500 * MILLISECOND, 3},
    {"5x", SECOND, 5 * SECOND, 1},
    {"0.5", DAY, 12 * HOUR, 3},
    {"0.000000001", SECOND, 1, 11},
    {"0.0000000001", SECOND, 1, 12},              /* rounded up */
    {"0.00000000000000000000001", SECOND, 1, 25}, /* and up from far */
    {"0.00000000000000000000000", SECOND, 0, 25},
    {"1.9999999999999999999999", SECOND, 2 * SECOND, 24},
    {"9223372036.854775807", SECOND, INT64_MAX, 20},
    {"9223372037", SECOND, INT64_MAX, 10},
    {"999999999999999999999999999999", SECOND, INT64_MAX, 30},
};

START_TEST(is_scanned)
{
    int64_t ns = -1;
    ck_assert_uint_eq(duration_scan(scans[_i].text, strlen(scans[_i].text), scans[_i].unit, &ns),
                      scans[_i].used);
    ck_assert_int_eq(ns, scans[_i].ns);
}
END_TEST

static const char *const no_numbers[] = {"", ".5", "-1", "+5", "x", " 5"};

START_TEST(is_no_number)
{
    int64_t ns = -1;
    ck_assert_uint_eq(duration_scan(no_numbers[_i], strlen(no_numbers[_i]), SECOND, &ns), 0);
    ck_assert_int_eq(ns, -1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("duration");
    TCase *tcase = tcase_create("duration");
    tcase_add_loop_test(tcase, is_written, 0, sizeof spans / sizeof spans[0]);
    tcase_add_test(tcase, negative_spans_have_a_sign);
    tcase_add_loop_test(tcase, is_scanned, 0, sizeof scans / sizeof scans[0]);
    tcase_add_loop_test(tcase, is_no_number, 0, sizeof no_numbers / sizeof no_numbers[0]);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
