#include "check_main.h"

#include <string.h>

#include "base/duration.h"
#include "config/value.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const struct {
    const char *text;
    int64_t ns;
} durations[] = {
    {"0", 0},
    {"10", 10 * SECOND},
    {"007", 7 * SECOND},
    {"2.5", 2500 * MILLISECOND},
    {"500ms", 500 * MILLISECOND},
    {"0.5ms", 500 * MICROSECOND},
    {"1s", SECOND},
    {"1m", MINUTE},
    {"1m30s", 90 * SECOND},
    {"2h", 2 * HOUR},
    {"1.5h", 90 * MINUTE},
    {"1d", DAY},
    {"0.5d", 12 * HOUR},
    {"1d2h3m4s5ms", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5 * MILLISECOND},
    {"1d5ms", DAY + 5 * MILLISECOND},
    {"1s500ms", 1500 * MILLISECOND},
    {"90m90s", 90 * MINUTE + 90 * SECOND},
    {"0s", 0},
    {"99999999999999999999", INT64_MAX},
    {"99999999999999999999d", INT64_MAX},
    {"106751d99999999999h", INT64_MAX}, /* each of them could be held */
    {"99999999999999999999d1s", INT64_MAX},
};

START_TEST(is_a_duration)
{
    int64_t ns = -1;
    ck_assert_msg(value_duration(durations[_i].text, &ns), "%s", durations[_i].text);
    ck_assert_int_eq(ns, durations[_i].ns);
}
END_TEST

static const char *const no_durations[] = {
    "",        " ",    "s",    "ms",  "-1",   "+1",    "-1s",  "1 s",  " 1",    "1 ",
    "1S",      "1sec", "1mm",  "1x",  "1m30", "30 m",  "1s1m", "1m1m", "1ms1s", "1s1d",
    "500ms1s", ".5",   "5.",   ".5s", "5.s",  "1e3",   "0x10", "1,5",  "1_0",   "1us",
    "1ns",     "1w",   "1:30", "inf", "nan",  "never", "1..5", "1.5.", "1m-1s", "1m 1s"};

START_TEST(is_no_duration)
{
    int64_t ns = -7;
    ck_assert_msg(!value_duration(no_durations[_i], &ns), "%s", no_durations[_i]);
    ck_assert_int_eq(ns, -7);
}
END_TEST

static const struct {
    const char *text;
    int64_t bytes;
} sizes[] = {
    {"0", 0},
    {"1", 1},
    {"4096", 4096},
    {"64k", 65536},
    {"64K", 65536},
    {"1M", 1 << 20},
    {"2G", INT64_C(2) << 30},
    {"0064k", 65536},
    {"9223372036854775807", INT64_MAX},
    {"9223372036854775808", INT64_MAX},
    {"99999999999999999999999999", INT64_MAX},
    {"9999999999999999G", INT64_MAX},
};

START_TEST(is_a_size)
{
    int64_t bytes = -1;
    ck_assert_msg(value_size(sizes[_i].text, &bytes), "%s", sizes[_i].text);
    ck_assert_int_eq(bytes, sizes[_i].bytes);
}
END_TEST

static const char *const no_sizes[] = {"",   "k",   "-1",  "+1",   "1.5k", "64 k", "64kb", "64B",
                                       "1T", " 64", "64 ", "0x10", "1e3",  "64kk", "1,0",  "1k1"};

START_TEST(is_no_size)
{
    int64_t bytes = -7;
    ck_assert_msg(!value_size(no_sizes[_i], &bytes), "%s", no_sizes[_i]);
    ck_assert_int_eq(bytes, -7);
}
END_TEST

static const struct {
    const char *text;
    int64_t count;
} counts[] = {
    {"0", 0},
    {"1", 1},
    {"0010", 10},
    {"1000000", 1000000},
    {"9223372036854775806", INT64_MAX - 1},
    {"9223372036854775807", INT64_MAX},
    {"9223372036854775808", INT64_MAX},
    {"123456789012345678901234567890", INT64_MAX},
};

START_TEST(is_a_count)
{
    int64_t count = -1;
    ck_assert_msg(value_count(counts[_i].text, &count), "%s", counts[_i].text);
    ck_assert_int_eq(count, counts[_i].count);
}
END_TEST

static const char *const no_counts[] = {"",  "-1",  "+1",   "1.0", "1.",  " 1", "1 ",
                                        "x", "1e3", "0x10", "1k",  "1,0", "1s"};

START_TEST(is_no_count)
{
    int64_t count = -7;
    ck_assert_msg(!value_count(no_counts[_i], &count), "%s", no_counts[_i]);
    ck_assert_int_eq(count, -7);
}
END_TEST

static const char *const words[] = {"text", "json", NULL};

START_TEST(a_choice_is_exactly_one_of_the_words)
{
    static const char *const others[] = {"", "TEXT", "tex", "texts", " text", "text ", "yaml"};
    int64_t index = -1;
    ck_assert(value_choice("text", words, &index));
    ck_assert_int_eq(index, 0);
    ck_assert(value_choice("json", words, &index));
    ck_assert_int_eq(index, 1);
    index = -7;
    for (int i = 0; i < COUNT_OF(others); i++)
        ck_assert_msg(!value_choice(others[i], words, &index), "%s", others[i]);
    ck_assert_int_eq(index, -7);
}
END_TEST

/* ONE is "1", EMPTY is "", TRICKY is "${ONE}$${ONE}". */
static const struct {
    const char *text, *expanded;
} expansions[] = {
    {"", ""},
    {"plain", "plain"},
    {"${ONE}", "1"},
    {"a${ONE}b", "a1b"},
    {"${ONE}${ONE}", "11"},
    {"a${EMPTY}b", "ab"},
    {"${EMPTY}", ""},
    {"$${ONE}", "${ONE}"},
    {"$${", "${"},
    {"$$${ONE}", "$${ONE}"},
    {"$${ONE}${ONE}", "${ONE}1"},
    {"${TRICKY}", "${ONE}$${ONE}"}, /* not looked at again */
    {"$", "$"},
    {"$ONE", "$ONE"},
    {"a$", "a$"},
    {"$$", "$$"},
    {"{ONE}", "{ONE}"},
    {"100%", "100%"},
    {"${_x9}", "lower"},
    {"${ONE}}", "1}"},
};

static void set_environment(void)
{
    setenv("ONE", "1", 1);
    setenv("EMPTY", "", 1);
    setenv("TRICKY", "${ONE}$${ONE}", 1);
    setenv("_x9", "lower", 1);
    unsetenv("MISSING");
}

START_TEST(is_expanded)
{
    char why[256] = "";
    char *expanded = value_expand(expansions[_i].text, why, sizeof why);
    ck_assert_msg(expanded != NULL, "%s", why);
    ck_assert_str_eq(expanded, expansions[_i].expanded);
    free(expanded);
}
END_TEST

static const struct {
    const char *text, *part;
} failures[] = {
    {"${MISSING}", "\"${MISSING}\": there is no such variable in the environment"},
    {"a${ONE}b${MISSING}c", "\"${MISSING}\": there is no such variable"},
    {"${ONE", "\"${ONE\" is not a reference"},
    {"${", "\"${\" is not a reference"},
    {"${}", "\"${}\" is not a reference"},
    {"${ ONE}", "\"${ ONE}\" is not a reference"},
    {"${1ONE}", "\"${1ONE}\" is not a reference"},
    {"${ONE:-2}", "\"${ONE:-2}\" is not a reference"},
    {"${ONE=2}", "\"${ONE=2}\" is not a reference"},
    {"${${ONE}}", "\"${${ONE}\" is not a reference"},
    {"${\xc3\xa9}", "\"${\\xc3\\xa9}\" is not a reference"},
    {"${A\nB}", "\"${A\\nB}\" is not a reference"},
};

START_TEST(is_not_expanded)
{
    char why[256] = "";
    ck_assert_ptr_null(value_expand(failures[_i].text, why, sizeof why));
    ck_assert_msg(strstr(why, failures[_i].part) != NULL, "%s", why);
}
END_TEST

START_TEST(a_long_value_is_expanded_whole)
{
    enum { LENGTH = 100000 };
    char *value = calloc(LENGTH + 1, 1), why[256];
    memset(value, 'v', LENGTH);
    setenv("LONG", value, 1);
    char *expanded = value_expand("<${LONG}>", why, sizeof why);
    ck_assert_uint_eq(strlen(expanded), LENGTH + 2);
    ck_assert_int_eq(memcmp(expanded + 1, value, LENGTH), 0);
    free(expanded);
    free(value);
}
END_TEST

static const char *const keys[] = {"timeout", "retry", "retry-max", "max-body", "url", NULL};

static const struct {
    const char *text, *meant;
} typos[] = {
    {"timeout", "timeout"},
    {"timout", "timeout"},
    {"tiemout", "timeout"},
    {"Timeout", "timeout"},
    {"timeouts", "timeout"},
    {"time-out", "timeout"},
    {"retry_max", "retry-max"},
    {"retrymax", "retry-max"},
    {"maxbody", "max-body"},
    {"retrie", "retry"},
    {"uri", "url"},
    {"", NULL},
    {"x", NULL},
    {"xyz", NULL},
    {"interval", NULL},
    {"bodymax", NULL},
    {"timeouttimeouttimeouttimeouttimeouttimeout", NULL},
};

START_TEST(nearest_is_what_was_meant)
{
    const char *meant = value_nearest(typos[_i].text, keys);
    if (typos[_i].meant == NULL)
        ck_assert_ptr_null(meant);
    else
        ck_assert_pstr_eq(meant, typos[_i].meant);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("value");
    TCase *tcase = tcase_create("value");
    tcase_add_checked_fixture(tcase, set_environment, NULL);
    tcase_add_loop_test(tcase, is_a_duration, 0, COUNT_OF(durations));
    tcase_add_loop_test(tcase, is_no_duration, 0, COUNT_OF(no_durations));
    tcase_add_loop_test(tcase, is_a_size, 0, COUNT_OF(sizes));
    tcase_add_loop_test(tcase, is_no_size, 0, COUNT_OF(no_sizes));
    tcase_add_loop_test(tcase, is_a_count, 0, COUNT_OF(counts));
    tcase_add_loop_test(tcase, is_no_count, 0, COUNT_OF(no_counts));
    tcase_add_test(tcase, a_choice_is_exactly_one_of_the_words);
    tcase_add_loop_test(tcase, is_expanded, 0, COUNT_OF(expansions));
    tcase_add_loop_test(tcase, is_not_expanded, 0, COUNT_OF(failures));
    tcase_add_test(tcase, a_long_value_is_expanded_whole);
    tcase_add_loop_test(tcase, nearest_is_what_was_meant, 0, COUNT_OF(typos));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
