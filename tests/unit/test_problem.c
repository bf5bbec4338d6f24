#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "config/problem.h"

static struct problems problems;

static void finish(void)
{
    problems_free(&problems);
}

static struct place at(const char *name, unsigned file, unsigned line)
{
    return (struct place){.name = name, .file = file, .line = line};
}

START_TEST(a_problem_begins_with_its_place)
{
    problem_add(&problems, at("a.ini", 1, 12), "%s is %d", "x", 5);
    problem_add(&problems, at("a.ini", 1, 0), "as a whole");
    problem_add(&problems, at(NULL, 0, 0), "on the command line");
    ck_assert_uint_eq(problems.count, 3);
    ck_assert_str_eq(problems.list[0].text, "a.ini:12: x is 5");
    ck_assert_str_eq(problems.list[1].text, "a.ini: as a whole");
    ck_assert_str_eq(problems.list[2].text, "aiopoll: on the command line");
}
END_TEST

START_TEST(problems_are_sorted_by_file_and_line)
{
    problem_add(&problems, at("z.ini", 1, 10), "D");
    problem_add(&problems, at("a.ini", 2, 1), "F");
    problem_add(&problems, at("z.ini", 1, 9), "C");
    problem_add(&problems, at("z.ini", 1, 0), "B");
    problem_add(&problems, at(NULL, 0, 0), "A");
    problem_add(&problems, at("z.ini", 1, 100), "E");
    problems_sort(&problems);
    for (size_t i = 0; i < problems.count; i++) {
        const char *text = problems.list[i].text;
        ck_assert_msg(text[strlen(text) - 1] == (char)('A' + i), "%s is not number %zu", text, i);
    }
}
END_TEST

START_TEST(problems_of_one_line_stay_in_order)
{
    enum { COUNT = 1000 };
    char sentence[16];
    for (unsigned i = 0; i < COUNT; i++)
        problem_add(&problems, at("a.ini", 1, COUNT - i / 10), "%03u", i);
    problems_sort(&problems);
    ck_assert_uint_eq(problems.count, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(sentence, sizeof sentence, ": %03u", COUNT - 10 - i / 10 * 10 + i % 10);
        ck_assert_ptr_nonnull(strstr(problems.list[i].text, sentence));
    }
}
END_TEST

START_TEST(none_can_be_sorted_and_freed)
{
    problems_sort(&problems);
    problems_free(&problems);
    ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(freed_they_can_be_used_again)
{
    problem_add(&problems, at("a.ini", 1, 1), "one");
    problems_free(&problems);
    ck_assert_uint_eq(problems.count, 0);
    problem_add(&problems, at("a.ini", 1, 1), "two");
    ck_assert_str_eq(problems.list[0].text, "a.ini:1: two");
}
END_TEST

START_TEST(a_long_name_of_a_file_is_whole)
{
    char name[5000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    problem_add(&problems, at(name, 1, 7), "sentence");
    ck_assert_uint_eq(strlen(problems.list[0].text), strlen(name) + strlen(":7: sentence"));
}
END_TEST

static const struct {
    const char *text, *shown, *of_line; /* NULL: as `shown` */
} quotes[] = {
    {"http://h/", "\"http://h/\"", NULL},
    {"", "\"\"", NULL},
    {"@", "\"***@\"", NULL},
    {"@h", "\"***@h\"", NULL},
    {"http://a:b@h/", "\"http://***@h/\"", NULL},
    {"a = b:c@h", "\"a = ***@h\"", NULL},
    {"header", "\"header\"", NULL},
    {"headers = x", "\"headers = x\"", NULL},
    {"header:NAME", "\"header:NAME\"", "\"header***\""},
    {"header = A: b", "\"header = A: b\"", "\"header***\""},
    {"HEADER\tA: b", "\"HEADER\\tA: b\"", "\"HEADER***\""},
    {"Authorization", "\"Authorization\"", NULL},
    {"Authorization: x", "\"Authorization***\"", NULL},
    {"a = proxy-authorization x", "\"a = proxy-authorization***\"", NULL},
    {"Set-Cookie: x", "\"Set-Cookie***\"", NULL},
    {"a:b@h/ cookie = x@y", "\"***@h/ cookie***\"", NULL},
    {"http://cookies.example/", "\"http://cookies.example/\"", NULL},
};

/* From memory that ends where the text does. */
START_TEST(a_quotation_has_no_secret)
{
    char out[QUOTE_SIZE];
    const char *of_line = quotes[_i].of_line == NULL ? quotes[_i].shown : quotes[_i].of_line;
    size_t length = strlen(quotes[_i].text);
    char *copy = malloc(length + (length == 0));
    memcpy(copy, quotes[_i].text, length);
    ck_assert_str_eq(problem_quote(out, copy, length), quotes[_i].shown);
    ck_assert_str_eq(problem_quote_line(out, copy, length), of_line);
    free(copy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("problem");
    TCase *tcase = tcase_create("problem");
    tcase_add_checked_fixture(tcase, NULL, finish);
    tcase_add_test(tcase, a_problem_begins_with_its_place);
    tcase_add_test(tcase, problems_are_sorted_by_file_and_line);
    tcase_add_test(tcase, problems_of_one_line_stay_in_order);
    tcase_add_test(tcase, none_can_be_sorted_and_freed);
    tcase_add_test(tcase, freed_they_can_be_used_again);
    tcase_add_test(tcase, a_long_name_of_a_file_is_whole);
    tcase_add_loop_test(tcase, a_quotation_has_no_secret, 0,
                        (int)(sizeof quotes / sizeof quotes[0]));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
