#include <math.h>
#include <string.h>

#include "ask/people.h"
#include "check_main.h"

static void check_text(struct buffer *out, const char *expected)
{
    buffer_add(out, "", 1);
    ck_assert_str_eq(out->bytes, expected);
    buffer_free(out);
}

static const struct {
    double seconds;
    const char *text;
} spans[] = {
    {0, "0 s"},
    {-3, "0 s"},
    {1e-9, "< 0.01 ms"},
    {0.00007, "0.07 ms"},
    {0.000009, "< 0.01 ms"},
    {0.00001, "0.01 ms"},
    {0.0005, "0.5 ms"},
    {0.00095, "0.9 ms"},
    {0.001, "1 ms"},
    {0.00123, "1.2 ms"},
    {0.00996, "10 ms"},
    {0.123, "123 ms"},
    {0.9994, "999 ms"},
    {0.9996, "1 s"},
    {1.24, "1.2 s"},
    {2.5, "2.5 s"},
    {5, "5 s"},
    {9.96, "10 s"},
    {90, "90 s"},
    {119.4, "119 s"},
    {119.6, "2 min"},
    {120, "2 min"},
    {150, "2.5 min"},
    {3569, "59 min"},
    {3599.9, "1 h"},
    {3600, "1 h"},
    {5400, "1.5 h"},
    {84599, "23 h"},
    {86399, "1 d"},
    {86400, "1 d"},
    {3.1 * 86400, "3.1 d"},
    {1e30, "999999 d"},
    {(double)INFINITY, "999999 d"},
    {(double)NAN, "-"},
};

START_TEST(spans_have_one_unit)
{
    struct buffer out = {0};
    people_span(&out, spans[_i].seconds);
    check_text(&out, spans[_i].text);
}
END_TEST

static const struct {
    int64_t count;
    const char *text;
} counts[] = {
    {0, "0"},
    {999, "999"},
    {1000, "1,000"},
    {12345, "12,345"},
    {123456, "123,456"},
    {1234567, "1,234,567"},
    {INT64_MAX, "9,223,372,036,854,775,807"},
};

START_TEST(counts_are_in_groups)
{
    struct buffer out = {0};
    people_count(&out, counts[_i].count);
    check_text(&out, counts[_i].text);
}
END_TEST

START_TEST(texts_are_printable)
{
    struct buffer out = {0};
    people_text(&out, "a \"b\" \\x1b \x1b[31m\n\r\t\x7f\xc2\x9b");
    check_text(&out, "a \"b\" \\x1b \\x1b[31m\\n\\r\\t\\x7f\\xc2\\x9b");
}
END_TEST

static const struct {
    const char *text;
    size_t at, before, after;
} cuts[] = {
    {"ab\\x1bcd", 2, 2, 2}, {"ab\\x1bcd", 3, 2, 6},  {"ab\\x1bcd", 4, 2, 6}, {"ab\\x1bcd", 5, 2, 6},
    {"ab\\x1bcd", 6, 6, 6}, {"ab\\x1bcd", 7, 7, 7},  {"ab\\ncd", 3, 2, 4},   {"ab\\ncd", 4, 4, 4},
    {"ab\\ncd", 5, 5, 5},   {"\\xc3\\xa9", 5, 4, 8}, {"\\xc3", 0, 0, 0},     {"\\xc3", 1, 0, 4},
};

START_TEST(no_escape_is_cut)
{
    ck_assert_uint_eq(people_cut_before(cuts[_i].text, cuts[_i].at), cuts[_i].before);
    ck_assert_uint_eq(people_cut_after(cuts[_i].text, cuts[_i].at), cuts[_i].after);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("people");
    TCase *tcase = tcase_create("people");
    tcase_add_loop_test(tcase, spans_have_one_unit, 0, sizeof spans / sizeof *spans);
    tcase_add_loop_test(tcase, counts_are_in_groups, 0, sizeof counts / sizeof *counts);
    tcase_add_test(tcase, texts_are_printable);
    tcase_add_loop_test(tcase, no_escape_is_cut, 0, sizeof cuts / sizeof *cuts);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
