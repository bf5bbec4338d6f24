#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "config/ini.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* A text may hold NUL bytes. */
#define TEXT(text) text, sizeof(text) - 1

#ifdef HAVE_INI_MAX_LINE
enum { LONGEST = INI_LINE_MAX };
#else
enum { LONGEST = 200 - 2 }; /* what inih has by itself, less the newline and the NUL */
#endif

/* What reached the handler: "LINE [section]\n" and "LINE key=value\n", run together. */
static char events[20000];
static struct problems problems;

static void start(void)
{
    events[0] = '\0';
}

static void finish(void)
{
    problems_free(&problems);
}

static bool on_section(void *user, struct place place, const char *name)
{
    size_t at = strlen(events);
    (void)user;
    snprintf(events + at, sizeof events - at, "%u [%s]\n", place.line, name);
    return strcmp(name, "unwanted") != 0;
}

static void on_setting(void *user, struct place place, const char *key, const char *value)
{
    size_t at = strlen(events);
    (void)user;
    ck_assert_str_eq(place.name, "f.ini");
    ck_assert_uint_eq(place.file, 3);
    snprintf(events + at, sizeof events - at, "%u %s=%s\n", place.line, key, value);
}

/* From memory that ends where the text does. */
static void parse(const char *text, size_t length)
{
    const struct ini_handler handler = {on_section, on_setting, NULL};
    char *copy = malloc(length + (length == 0));
    memcpy(copy, text, length);
    ini_parse_text(copy, length, (struct place){.name = "f.ini", .file = 3}, &handler, &problems);
    free(copy);
}

static void assert_problem(size_t index, const char *place, const char *part)
{
    ck_assert_uint_gt(problems.count, index);
    const char *text = problems.list[index].text;
    ck_assert_msg(strncmp(text, place, strlen(place)) == 0, "%s is not at %s", text, place);
    ck_assert_msg(strstr(text, part) != NULL, "%s", text);
}

static const struct {
    const char *text;
    size_t length;
    const char *events;
} good[] = {
    {TEXT(""), ""},
    {TEXT("\n"), ""},
    {TEXT("\n\n\n"), ""},
    {TEXT("\r\n\r\n"), ""},
    {TEXT(" \t \n"), ""},
    {TEXT("\xef\xbb\xbf"), ""},
    {TEXT("[d]"), "1 [d]\n"},
    {TEXT("[d]\n"), "1 [d]\n"},
    {TEXT("[]\n"), "1 []\n"},
    {TEXT("[ d ]\n"), "1 [d]\n"},
    {TEXT("[\t d\t]\n"), "1 [d]\n"},
    {TEXT("[ d e  ]\nk=v\n"), "1 [d e]\n2 k=v\n"},
    {TEXT("[ d  e ]\n"), "1 [d  e]\n"},
    {TEXT("[ ]\n"), "1 []\n"},
    {TEXT("[d]\nk=v"), "1 [d]\n2 k=v\n"},
    {TEXT("[d]\nk=v\n"), "1 [d]\n2 k=v\n"},
    {TEXT("\n\n[d]\n\n\nk=v\n"), "3 [d]\n6 k=v\n"},
    {TEXT("[d]\r\nk = v\r\nl = w\r\n"), "1 [d]\n2 k=v\n3 l=w\n"},
    {TEXT("\xef\xbb\xbf[d]\nk=v\n"), "1 [d]\n2 k=v\n"},
    {TEXT("\xef\xbb\xbf\r\n[d]\r\nk=v\r\n"), "2 [d]\n3 k=v\n"},
    {TEXT("[d]\nk =  a  b  \n"), "1 [d]\n2 k=a  b\n"},
    {TEXT("[d]\nk=\n"), "1 [d]\n2 k=\n"},
    {TEXT("[d]\nk==v\n"), "1 [d]\n2 k==v\n"},
    {TEXT("[d]\nk=a=b\n"), "1 [d]\n2 k=a=b\n"},
    {TEXT("[d]\nk=a:b\n"), "1 [d]\n2 k=a:b\n"},
    {TEXT("[d]\na key = v\n"), "1 [d]\n2 a key=v\n"},
    {TEXT("[d]\nk=\"v w\"\n"), "1 [d]\n2 k=\"v w\"\n"}, /* quotes mean nothing */
    {TEXT("[d]\nk=a\tb\n"), "1 [d]\n2 k=a\tb\n"},
    {TEXT("[d]\nk=[v]\n"), "1 [d]\n2 k=[v]\n"},
    {TEXT("[d]\nk=gr\xc3\xbc\xc3\x9f\n"), "1 [d]\n2 k=gr\xc3\xbc\xc3\x9f\n"},
    {TEXT("[d]\nk=1\nk=2\n"), "1 [d]\n2 k=1\n3 k=2\n"},
    {TEXT("[d]\nk=1\n[d]\nk=2\n"), "1 [d]\n2 k=1\n3 [d]\n4 k=2\n"},
    /* Indented, a line is what it is, and never goes on with the one before. */
    {TEXT("  [d]\n  k=v\n\tl=w\n"), "1 [d]\n2 k=v\n3 l=w\n"},
    {TEXT("[d]\nk=v\n  l=w\n"), "1 [d]\n2 k=v\n3 l=w\n"},
    /* Comments. */
    {TEXT("; c\n# c\n[d]\n;k=v\n#k=v\n  ; c\n  # c\n"), "3 [d]\n"},
    {TEXT("[d] ; comment\nk=v\n"), "1 [d]\n2 k=v\n"},
    {TEXT("[d]; comment\n"), "1 [d]\n"},
    {TEXT("[d] # comment\n"), "1 [d]\n"},
    {TEXT("[d] \t \n"), "1 [d]\n"},
    {TEXT("[d]\nk=v ; comment\n"), "1 [d]\n2 k=v\n"},
    {TEXT("[d]\nk=v\t; comment = x\n"), "1 [d]\n2 k=v\n"},
    {TEXT("[d]\nk= ; comment\n"), "1 [d]\n2 k=\n"},
    {TEXT("[d]\nk=v # no comment\n"), "1 [d]\n2 k=v # no comment\n"},
    {TEXT("[d]\nu=http://h/p;x=1?a=b#f\n"), "1 [d]\n2 u=http://h/p;x=1?a=b#f\n"},
    {TEXT("[d]\nu=http://h/p;x=1 ; why\n"), "1 [d]\n2 u=http://h/p;x=1\n"},
    {TEXT("; \x01 control characters are no matter here\n[d]\n"), "2 [d]\n"},
    /* The handler does not want it. */
    {TEXT("[unwanted]\nk=v\n[d]\nl=w\n"), "1 [unwanted]\n3 [d]\n4 l=w\n"},
};

START_TEST(reaches_the_handler)
{
    parse(good[_i].text, good[_i].length);
    ck_assert_str_eq(events, good[_i].events);
    ck_assert_msg(problems.count == 0, "%s", problems.count == 0 ? "" : problems.list[0].text);
}
END_TEST

/* One problem each; the line and its fellows in `events` are all that is seen. */
static const struct {
    const char *text;
    size_t length;
    const char *events, *place, *part;
} bad[] = {
    {TEXT("[d]junk\nk=v\n"), "1 [d]\n2 k=v\n",
     "f.ini:1: ", "\"[d]junk\": after [NAME] only a comment"},
    {TEXT("[a]\nk=v\n[d] junk\nk=w\n"), "1 [a]\n2 k=v\n3 [d]\n4 k=w\n",
     "f.ini:3: ", "\"[d] junk\""},
    {TEXT("[d]]\nk=v\n"), "1 [d]\n2 k=v\n", "f.ini:1: ", "\"[d]]\""},
    {TEXT("[d] k=v\n"), "1 [d]\n", "f.ini:1: ", "\"[d] k=v\""},
    {TEXT("[unwanted] junk\nk=v\n"), "1 [unwanted]\n", "f.ini:1: ", "\"[unwanted] junk\""},
    {TEXT("[ d ] junk ; c\nk=v\n"), "1 [d]\n2 k=v\n", "f.ini:1: ", "\"[ d ] junk ; c\""},
    {TEXT("[d\nk=v\n"), "", "f.ini:1: ", "\"[d\": the section's name has no end"},
    {TEXT("[a]\nk=v\n[d\nk=w\n"), "1 [a]\n2 k=v\n", "f.ini:3: ", "has no end"},
    {TEXT("["), "", "f.ini:1: ", "\"[\": the section's name has no end"},
    {TEXT("k=v\n[d]\n"), "2 [d]\n", "f.ini:1: ", "\"k=v\": before the first [SECTION]"},
    {TEXT("# c\n\n  k = v\n[d]\nl=w\n"), "4 [d]\n5 l=w\n", "f.ini:3: ", "before the first"},
    {TEXT("d]\n"), "", "f.ini:1: ", "\"d]\": before the first [SECTION]"},
    {TEXT("[d]\nk: v\nl=w\n"), "1 [d]\n3 l=w\n",
     "f.ini:2: ", "\"k: v\": not a setting; write NAME = VALUE"},
    {TEXT("[d]\nk: v=w\n"), "1 [d]\n", "f.ini:2: ", "\"k: v=w\": not a setting"},
    {TEXT("[d]\nhttp://h/\n"), "1 [d]\n", "f.ini:2: ", "\"http://h/\": not a setting"},
    {TEXT("[d]\nhttp://h/?a=b\n"), "1 [d]\n", "f.ini:2: ", "\"http://h/?a=b\": not a setting"},
    {TEXT("[d]\nk\n"), "1 [d]\n", "f.ini:2: ", "\"k\": not a setting"},
    {TEXT("[d]\nk"), "1 [d]\n", "f.ini:2: ", "\"k\": not a setting"},
    {TEXT("[d]\n=v\n"), "1 [d]\n", "f.ini:2: ", "\"=v\": not a setting"},
    {TEXT("[d]\n = v\n"), "1 [d]\n", "f.ini:2: ", "\"= v\": not a setting"},
    {TEXT("[d]\nk ; =v\n"), "1 [d]\n", "f.ini:2: ", "\"k ; =v\": not a setting"},
    {TEXT("[d]\nk=v\n  continued\nl=w\n"), "1 [d]\n2 k=v\n4 l=w\n",
     "f.ini:3: ", "\"continued\": not a setting"},
    {TEXT("[d]\nk=v\\\nmore\n"), "1 [d]\n2 k=v\\\n", "f.ini:3: ", "\"more\": not a setting"},
    {TEXT("[d]\r\nk\r\nl=w\r\n"), "1 [d]\n3 l=w\n", "f.ini:2: ", "\"k\": not a setting"},
    /* Bytes. */
    {TEXT("[d]\nk=a\0b\nl=w\n"), "1 [d]\n3 l=w\n", "f.ini:2: ", "\"k=a\\x00b\": a NUL byte"},
    {TEXT("[d]\nk=v\0"), "1 [d]\n", "f.ini:2: ", "a NUL byte"},
    {TEXT("; a\0b\n[d]\n"), "2 [d]\n", "f.ini:1: ", "a NUL byte"},
    {TEXT("\0\n[d]\n"), "2 [d]\n", "f.ini:1: ", "a NUL byte"},
    {TEXT("\0"), "", "f.ini:1: ", "a NUL byte"},
    {TEXT("[d]\n\0k\0=\0v\0\n\0l\0=\0w\0\n"), "1 [d]\n", "f.ini:2: ", "a NUL byte"}, /* told once */
    {TEXT("[d]\nk=a\x01z\nl=w\n"), "1 [d]\n3 l=w\n",
     "f.ini:2: ", "\"k=a\\x01z\": a control character"},
    {TEXT("[d]\nk=a\x1bz\n"), "1 [d]\n", "f.ini:2: ", "a control character"},
    {TEXT("[d]\nk=a\x7fz\n"), "1 [d]\n", "f.ini:2: ", "\"k=a\\x7fz\": a control character"},
    {TEXT("[d]\nk=a\rl=w\n"), "1 [d]\n", "f.ini:2: ", "\"k=a\\rl=w\": a control character"},
    {TEXT("[d]\rk=v\r"), "", "f.ini:1: ", "a control character"}, /* an old Mac's file */
    {TEXT("[d]\nk=a\vz\n"), "1 [d]\n", "f.ini:2: ", "\"k=a\\x0bz\": a control character"},
    {TEXT("[d]\n\xef\xbb\xbf\n"), "1 [d]\n", "f.ini:2: ", "\"\\xef\\xbb\\xbf\": not a setting"},
    {TEXT("\xef\xbb\xbf\xef\xbb\xbf[d]\n"), "", "f.ini:1: ", "\"\\xef\\xbb\\xbf[d]\""},
    /* UTF-16, little and big. */
    {TEXT("\xff\xfe[\0d\0]\0\n\0k\0=\0v\0\n\0"), "", "f.ini:1: ", "is this UTF-16"},
    {TEXT("\xfe\xff\0[\0d\0]\0\n\0k\0=\0v\0\n"), "", "f.ini:1: ", "is this UTF-16"},
    /* A section's line that is refused takes its settings with it. */
    {TEXT("[a]\nk=v\n[b\0c]\nk=w\n[d]\n"), "1 [a]\n2 k=v\n5 [d]\n", "f.ini:3: ", "a NUL byte"},
    {TEXT("[a]\nk=v\n[b\x01]\nk=w\n[d]\n"), "1 [a]\n2 k=v\n5 [d]\n",
     "f.ini:3: ", "a control character"},
};

START_TEST(is_a_problem)
{
    parse(bad[_i].text, bad[_i].length);
    assert_problem(0, bad[_i].place, bad[_i].part);
    ck_assert_msg(problems.count == 1, "%s", problems.list[problems.count - 1].text);
    ck_assert_str_eq(events, bad[_i].events);
}
END_TEST

/* A line "k=vvv..." of the given length between "[d]" and "l=w", with blanks around it. */
static void parse_long_line(size_t length, const char *blanks)
{
    char text[6000] = "[d]\n";
    strcat(text, blanks);
    strcat(text, "k=");
    memset(text + strlen(text), 'v', length - strlen("k="));
    strcat(text, blanks);
    strcat(text, "\nl=w\n");
    parse(text, strlen(text));
}

static void assert_long_line(size_t length)
{
    char expected[6000] = "1 [d]\n2 k=";
    memset(expected + strlen(expected), 'v', length - strlen("k="));
    strcat(expected, "\n3 l=w\n");
    ck_assert_str_eq(events, expected);
    ck_assert_uint_eq(problems.count, 0);
}

START_TEST(the_longest_line_is_whole)
{
    parse_long_line(LONGEST, "");
    assert_long_line(LONGEST);
}
END_TEST

START_TEST(blanks_around_a_line_are_not_counted)
{
    parse_long_line(LONGEST, "        ");
    assert_long_line(LONGEST);
}
END_TEST

static const size_t too_long[] = {LONGEST + 1, LONGEST + 2, 5000};

START_TEST(a_longer_line_is_a_problem_and_not_cut)
{
    char told[100];
    parse_long_line(too_long[_i], "");
    snprintf(told, sizeof told, "the line has %zu bytes, and %d is the most", too_long[_i],
             (int)LONGEST);
    assert_problem(0, "f.ini:2: ", told);
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_str_eq(events, "1 [d]\n3 l=w\n");
}
END_TEST

START_TEST(a_long_comment_is_no_problem)
{
    char text[6000];
    memset(text, 'x', sizeof text);
    memcpy(text, "; k=v", 5);
    memcpy(text + sizeof text - 9, "\n[d]\nk=v\n", 9);
    parse(text, sizeof text);
    ck_assert_str_eq(events, "2 [d]\n3 k=v\n");
    ck_assert_uint_eq(problems.count, 0);
}
END_TEST

/* inih has room for 49 characters. */
static const size_t name_lengths[] = {49, 50, 51, 100, 180};

START_TEST(a_long_section_name_is_whole)
{
    char name[200], text[500], expected[500];
    memset(name, 'n', name_lengths[_i]);
    name[name_lengths[_i]] = '\0';
    int length = snprintf(text, sizeof text, "[%s]\nk=v\n[%sx]\nl=w\n", name, name);
    parse(text, (size_t)length);
    snprintf(expected, sizeof expected, "1 [%s]\n2 k=v\n3 [%sx]\n4 l=w\n", name, name);
    ck_assert_str_eq(events, expected);
    ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(a_long_key_is_whole)
{
    char key[181], text[300], expected[300];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    int length = snprintf(text, sizeof text, "[d]\n%s=v\n", key);
    parse(text, (size_t)length);
    snprintf(expected, sizeof expected, "1 [d]\n2 %s=v\n", key);
    ck_assert_str_eq(events, expected);
}
END_TEST

START_TEST(a_section_line_too_long_takes_its_settings_with_it)
{
    char text[6000] = "[a]\nk=v\n[";
    size_t at = strlen(text);
    memset(text + at, 'n', 5000);
    strcpy(text + at + 5000, "]\nk=w\n[d]\nl=x\n");
    parse(text, strlen(text));
    assert_problem(0, "f.ini:3: ", "the line has 5002 bytes");
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_str_eq(events, "1 [a]\n2 k=v\n5 [d]\n6 l=x\n");
}
END_TEST

START_TEST(each_problem_has_its_line)
{
    static const char text[] =
        "k=v\r\n\r\n[d]x\r\n; c\r\n[d]\r\nhttp://h/\r\nk=\x01\r\nok=1\r\n[e\r\n";
    parse(text, sizeof text - 1);
    ck_assert_uint_eq(problems.count, 5);
    assert_problem(0, "f.ini:1: ", "before the first");
    assert_problem(1, "f.ini:3: ", "only a comment");
    assert_problem(2, "f.ini:6: ", "not a setting");
    assert_problem(3, "f.ini:7: ", "a control character");
    assert_problem(4, "f.ini:9: ", "no end");
    ck_assert_str_eq(events, "3 [d]\n5 [d]\n8 ok=1\n");
}
END_TEST

/* Nothing in a file may reach the terminal as it is. */
START_TEST(whatever_a_line_holds_the_problem_is_printable)
{
    for (int byte = 1; byte < 256; byte++) {
        char text[] = "[d]\nx?x\n";
        text[5] = (char)byte;
        parse(text, sizeof text - 1);
    }
    for (size_t i = 0; i < problems.count; i++)
        for (const char *at = problems.list[i].text; *at != '\0'; at++)
            ck_assert(*at >= ' ' && *at < 0x7f);
    ck_assert_uint_ge(problems.count, 250);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ini");
    TCase *tcase = tcase_create("ini");
    tcase_add_checked_fixture(tcase, start, finish);
    tcase_add_loop_test(tcase, reaches_the_handler, 0, COUNT_OF(good));
    tcase_add_loop_test(tcase, is_a_problem, 0, COUNT_OF(bad));
    tcase_add_test(tcase, the_longest_line_is_whole);
    tcase_add_test(tcase, blanks_around_a_line_are_not_counted);
    tcase_add_loop_test(tcase, a_longer_line_is_a_problem_and_not_cut, 0, COUNT_OF(too_long));
    tcase_add_test(tcase, a_long_comment_is_no_problem);
    tcase_add_loop_test(tcase, a_long_section_name_is_whole, 0, COUNT_OF(name_lengths));
    tcase_add_test(tcase, a_long_key_is_whole);
    tcase_add_test(tcase, a_section_line_too_long_takes_its_settings_with_it);
    tcase_add_test(tcase, each_problem_has_its_line);
    tcase_add_test(tcase, whatever_a_line_holds_the_problem_is_printable);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
