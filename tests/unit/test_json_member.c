/* Members of JSON, as they are written. */
#include <stdint.h>

#include "base/duration.h"
#include "check_main.h"
#include "report/json_member.h"

static struct buffer out;

static void teardown(void)
{
    buffer_free(&out);
}

static void check(const char *expected)
{
    buffer_add(&out, "", 1);
    ck_assert_str_eq(out.bytes, expected);
}

START_TEST(a_text_is_escaped)
{
    json_member_text(&out, "a", "\"\n\xff");
    check(",\"a\":\"\\\"\\u000a\\ufffd\"");
}
END_TEST

START_TEST(a_span_is_in_seconds)
{
    json_member_span(&out, "a", 1500 * MILLISECOND);
    json_member_span(&out, "b", 1);
    json_member_span(&out, "c", 0);
    check(",\"a\":1.5,\"b\":0.000000001,\"c\":0");
}
END_TEST

/* A clock may be set to before 1970. */
START_TEST(a_moment_is_a_number_at_all_times)
{
    json_member_moment(&out, "a", INT64_C(1764112490500000999));
    json_member_moment(&out, "b", -1500 * MILLISECOND);
    json_member_moment(&out, "c", -500 * MILLISECOND);
    check(",\"a\":1764112490.500000,\"b\":-1.500000,\"c\":-0.500000");
}
END_TEST

START_TEST(a_number_has_six_digits)
{
    json_member_number(&out, "a", 0.1234567);
    check(",\"a\":0.123457");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("json_member");
    TCase *tests = tcase_create("members");
    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, a_text_is_escaped);
    tcase_add_test(tests, a_span_is_in_seconds);
    tcase_add_test(tests, a_moment_is_a_number_at_all_times);
    tcase_add_test(tests, a_number_has_six_digits);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
