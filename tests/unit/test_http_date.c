#include "check_main.h"

#include "http/http_date.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { YEAR = 365 * 86400 };

/* 2026-11-25 09:00:00 */
#define NOW INT64_C(1795597200)

static const struct {
    const char *text;
    int64_t moment;
} dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
    {"Sun Nov  6 08:49:37 1994", 784111777},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Wed, 25 Nov 2026 09:00:00 GMT", NOW},
    {"Wednesday, 25-Nov-26 09:00:00 GMT", NOW},
    {"Wed Nov 25 09:00:00 2026", NOW},
    {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
    {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799)},
    /* Two digits: the century that is at most 50 years ahead. */
    {"Saturday, 25-Nov-76 08:00:00 GMT", INT64_C(3373516800)},
    {"Thursday, 25-Nov-77 09:00:01 GMT", 249296401},
    {"Saturday, 01-Jan-00 00:00:00 GMT", 946684800},
};

START_TEST(is_a_moment)
{
    int64_t moment = -7;
    ck_assert(http_date_read(dates[_i].text, NOW, &moment));
    ck_assert_int_eq(moment, dates[_i].moment);
}
END_TEST

static const char *const refused[] = {
    "",
    "now",
    "784111777",
    "1994-11-06T08:49:37Z",
    "Mon, 06 Nov 1994 08:49:37 GMT", /* it was a Sunday */
    "Mon Nov  6 08:49:37 1994",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 08:49 GMT",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun,  06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT, x",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sunday, 06 Nov 1994 08:49:37 GMT",
    "Fri, 30 Feb 2024 00:00:00 GMT",
    "Wed, 29 Feb 2023 00:00:00 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:60 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Noday, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sunday, 6-Nov-94 08:49:37 GMT",
    "Sun Nov 06 08:49:37 1994",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov  6 08:49:37 94",
    "Sun Nov  6 08:49:37 GMT 1994",
};

START_TEST(is_none)
{
    int64_t moment = -7;
    ck_assert_msg(!http_date_read(refused[_i], NOW, &moment), "%s", refused[_i]);
    ck_assert_int_eq(moment, -7);
}
END_TEST

/* Each year that two digits can mean, from each year of two centuries. */
START_TEST(two_digits_are_never_more_than_50_years_ahead)
{
    char text[] = "Monday, 15-Jun-00 12:00:00 GMT";
    for (int64_t now = 0; now < INT64_C(200) * YEAR; now += YEAR) {
        for (int year = 0; year < 100; year++) {
            int64_t moment;
            text[15] = (char)('0' + year / 10);
            text[16] = (char)('0' + year % 10);
            ck_assert(http_date_read(text, now, &moment));
            ck_assert_int_le(moment, now + INT64_C(51) * YEAR);
        }
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("http_date");
    TCase *tcase = tcase_create("http_date");
    tcase_add_loop_test(tcase, is_a_moment, 0, COUNT_OF(dates));
    tcase_add_loop_test(tcase, is_none, 0, COUNT_OF(refused));
    tcase_add_test(tcase, two_digits_are_never_more_than_50_years_ahead);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
