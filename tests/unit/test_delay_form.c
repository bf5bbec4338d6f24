#include "check_main.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "pace/delay_form.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { NONE = -7 };

static const struct {
    const char *text;
    int64_t unit, number, any; /* what the two functions say */
} forms[] = {
    {"5", SECOND, 5 * SECOND, 5 * SECOND},
    {"5", MILLISECOND, 5 * MILLISECOND, 5 * MILLISECOND},
    {"5", DAY, 5 * DAY, 5 * DAY},
    {"1.5", HOUR, 90 * MINUTE, 90 * MINUTE},
    {"0.0000000001", SECOND, 1, 1},
    {"99999999999999999999", SECOND, INT64_MAX, INT64_MAX},
    {"106752", DAY, INT64_MAX, INT64_MAX},
    {"", SECOND, NONE, NONE},
    {" 5", SECOND, NONE, NONE},
    {"5 ", SECOND, NONE, NONE},
    {"-5", SECOND, NONE, NONE},
    {"+5", SECOND, NONE, NONE},
    {"5e3", SECOND, NONE, NONE},
    {"5.", SECOND, NONE, NONE},
    {".5", SECOND, NONE, NONE},
    {"0x5", SECOND, NONE, NONE},
    {"5,0", SECOND, NONE, NONE},
    /* In quotes. */
    {"\"5\"", SECOND, NONE, 5 * SECOND},
    {"\"5\"", MINUTE, NONE, 5 * MINUTE},
    {"\"1.5\"", SECOND, NONE, 1500 * MILLISECOND},
    {"\"\"", SECOND, NONE, NONE},
    {"\"5", SECOND, NONE, NONE},
    {"5\"", SECOND, NONE, NONE},
    {"\"", SECOND, NONE, NONE},
    {"'5'", SECOND, NONE, NONE},
    {"\"5s\"", SECOND, NONE, NONE},
    {"\"\"5\"\"", SECOND, NONE, NONE},
    /* As a clock shows it; the unit has no part in it. */
    {"00:00:00", SECOND, NONE, 0},
    {"00:01:30", HOUR, NONE, 90 * SECOND},
    {"23:59:59", SECOND, NONE, DAY - SECOND},
    {"24:00:00", SECOND, NONE, DAY},
    {"99:59:59", SECOND, NONE, 99 * HOUR + 59 * MINUTE + 59 * SECOND},
    {"0:00:00:05", SECOND, NONE, 5 * SECOND},
    {"1:12:00:00", SECOND, NONE, 36 * HOUR},
    {"365:23:59:59", SECOND, NONE, 366 * DAY - SECOND},
    {"106751:23:59:59", SECOND, NONE, INT64_MAX},
    {"9999999999999999999999:00:00:00", SECOND, NONE, INT64_MAX},
    {"1:24:00:00", SECOND, NONE, NONE},
    {"00:60:00", SECOND, NONE, NONE},
    {"00:00:60", SECOND, NONE, NONE},
    {"0:00:00", SECOND, NONE, NONE},
    {"000:00:00", SECOND, NONE, NONE},
    {"00:00", SECOND, NONE, NONE},
    {"00:00:0", SECOND, NONE, NONE},
    {"00:00:00.5", SECOND, NONE, NONE},
    {":00:00:00", SECOND, NONE, NONE},
    {"1.5:00:00:00", SECOND, NONE, NONE},
    {"-1:00:00:00", SECOND, NONE, NONE},
    {"1d:00:00:00", SECOND, NONE, NONE},
    {"0a:00:00", SECOND, NONE, NONE},
    {"00-00-00", SECOND, NONE, NONE},
    {"00:00:00:00:00", SECOND, NONE, NONE},
    /* With units. */
    {"5s", HOUR, NONE, 5 * SECOND},
    {"1m30s", SECOND, NONE, 90 * SECOND},
    {"1d2h3m4s5ms", SECOND, NONE, DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5 * MILLISECOND},
    {"1.5h", SECOND, NONE, 90 * MINUTE},
    {"500ms", SECOND, NONE, 500 * MILLISECOND},
    {"999999999999d", SECOND, NONE, INT64_MAX},
    {"30s1m", SECOND, NONE, NONE},
    {"1s1s", SECOND, NONE, NONE},
    {"1m30", SECOND, NONE, NONE},
    {"5 s", SECOND, NONE, NONE},
    {"s", SECOND, NONE, NONE},
    {"5us", SECOND, NONE, NONE},
    {"5sec", SECOND, NONE, NONE},
    {"5S", SECOND, NONE, NONE},
};

START_TEST(a_form_is_read_whole)
{
    size_t length = strlen(forms[_i].text);
    int64_t said = NONE;
    ck_assert_int_eq(delay_form_number(forms[_i].text, length, forms[_i].unit, &said),
                     forms[_i].number != NONE);
    ck_assert_int_eq(said, forms[_i].number);
    said = NONE;
    ck_assert_int_eq(delay_form_any(forms[_i].text, length, forms[_i].unit, &said),
                     forms[_i].any != NONE);
    ck_assert_int_eq(said, forms[_i].any);
}
END_TEST

/* Only the bytes that are there: each is followed by others, and by the end of an array. */
START_TEST(nothing_behind_it_is_read)
{
    size_t length = strlen(forms[_i].text);
    char text[128], end[64];
    int64_t said = NONE;
    snprintf(text, sizeof text, "%s%s", forms[_i].text, forms[_i].text);
    delay_form_any(text, length, forms[_i].unit, &said);
    ck_assert_int_eq(said, forms[_i].any);
    memcpy(end + sizeof end - length, forms[_i].text, length);
    said = NONE;
    delay_form_any(end + sizeof end - length, length, forms[_i].unit, &said);
    ck_assert_int_eq(said, forms[_i].any);
}
END_TEST

START_TEST(a_number_of_json)
{
    static const struct {
        double number;
        int64_t unit, said;
    } reals[] = {
        {0, SECOND, 0},
        {5, SECOND, 5 * SECOND},
        {5.1, SECOND, 5100 * MILLISECOND},
        {0.1, SECOND, 100 * MILLISECOND},
        {0.1, MINUTE, 6 * SECOND},
        {5.1, MINUTE, 306 * SECOND},
        {86400.1, SECOND, DAY + 100 * MILLISECOND},
        {1e-9, SECOND, 1},
        {1e-12, SECOND, 1},
        {1e-300, SECOND, 0},
        {1e9, SECOND, 1000000000 * SECOND},
        {9223372036, SECOND, 9223372036 * SECOND},
        {9223372037, SECOND, INT64_MAX},
        {1e15, MILLISECOND, INT64_MAX},
        {1e300, SECOND, INT64_MAX},
        {HUGE_VAL, SECOND, INT64_MAX},
        {-0.0, SECOND, NONE},
        {-1e-300, SECOND, NONE},
        {-5, SECOND, NONE},
        {-HUGE_VAL, SECOND, NONE},
        {(double)NAN, SECOND, NONE},
    };
    for (int i = 0; i < COUNT_OF(reals); i++) {
        int64_t said = NONE;
        bool good = delay_form_real(reals[i].number, reals[i].unit, &said);
        ck_assert_msg(said == reals[i].said, "%g is %lld", reals[i].number, (long long)said);
        ck_assert_int_eq(good, said != NONE);
    }
}
END_TEST

#define MORNING        "Sun, 06 Nov 1994 08:49:37 GMT"
#define MORNING_MOMENT 784111777

static const struct {
    const char *text, *date;
    int64_t now, said;
} retries[] = {
    {"5", NULL, 0, 5 * SECOND},
    {"0", MORNING, 0, 0},
    {"007", NULL, 0, 7 * SECOND},
    {"9223372037", NULL, 0, INT64_MAX},
    {"99999999999999999999999", NULL, 0, INT64_MAX},
    {"Sun, 06 Nov 1994 08:49:42 GMT", MORNING, 0, 5 * SECOND},
    {"Sun, 06 Nov 1994 08:49:42 GMT", MORNING, MORNING_MOMENT + 100, 5 * SECOND},
    {"Sun, 06 Nov 1994 08:49:42 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", 0, 5 * SECOND},
    {"Sun Nov  6 08:49:42 1994", MORNING, 0, 5 * SECOND},
    {"Sun, 06 Nov 1994 08:49:42 GMT", NULL, MORNING_MOMENT, 5 * SECOND},
    {"Sun, 06 Nov 1994 08:49:42 GMT", "never", MORNING_MOMENT, 5 * SECOND},
    {MORNING, MORNING, 0, 0},
    {"Sun, 06 Nov 1994 08:49:36 GMT", MORNING, 0, 0},
    {"Fri, 31 Dec 9999 23:59:59 GMT", MORNING, 0, INT64_MAX},
    {"", NULL, 0, NONE},
    {"5.5", NULL, 0, NONE},
    {"5.", NULL, 0, NONE},
    {"-1", NULL, 0, NONE},
    {"+5", NULL, 0, NONE},
    {"5s", NULL, 0, NONE},
    {"1e3", NULL, 0, NONE},
    {"abc", NULL, 0, NONE},
    {"\"5\"", NULL, 0, NONE},
    {"00:00:05", NULL, 0, NONE},
    {"5                        and more", NULL, 0, NONE},
    {"Mon, 06 Nov 1994 08:49:42 GMT", MORNING, 0, NONE},
};

START_TEST(a_retry_after_is_seconds_or_a_date)
{
    int64_t said = NONE;
    bool good = delay_form_retry_after(retries[_i].text, retries[_i].date, retries[_i].now, &said);
    ck_assert_int_eq(said, retries[_i].said);
    ck_assert_int_eq(good, said != NONE);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("delay_form");
    TCase *tcase = tcase_create("delay_form");
    tcase_add_loop_test(tcase, a_form_is_read_whole, 0, COUNT_OF(forms));
    tcase_add_loop_test(tcase, nothing_behind_it_is_read, 0, COUNT_OF(forms));
    tcase_add_test(tcase, a_number_of_json);
    tcase_add_loop_test(tcase, a_retry_after_is_seconds_or_a_date, 0, COUNT_OF(retries));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
