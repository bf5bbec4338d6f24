/* What is told of a configuration with mistakes: each one, at its line. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "config_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static void start(void)
{
    config_scene_start();
    setenv("SECRET", "hunter2 in clear", 1);
    unsetenv("MISSING");
}

static void refuse(const char *path, const char *const *urls, size_t url_count)
{
    ck_assert_ptr_null(config_read(path, (char *const *)urls, url_count, &problems));
}

static void refuse_text(const char *text)
{
    refuse(file("f.ini", "%s", text), NULL, 0);
}

static void assert_told(size_t index, const char *place, const char *part)
{
    const char *text = told(index);
    ck_assert_msg(strncmp(text, place, strlen(place)) == 0, "%s is not at %s", text, place);
    ck_assert_msg(strstr(text, part) != NULL, "%s", text);
}

static void assert_only(const char *place, const char *part)
{
    assert_told(0, place, part);
    ck_assert_msg(problems.count == 1, "%s", told(problems.count - 1));
}

START_TEST(eleven_mistakes_are_eleven_errors_in_order)
{
    static const struct {
        const char *place, *part;
    } expected[] = {
        {"f.ini:2: ", "\"log-fromat\" is not a key of [aiopoll]; did you mean log-format?"},
        {"f.ini:3: ", "log-level = \"loud\": write one of error, warning, info, debug"},
        {"f.ini:6: ", "timeout = \"10 s\": write a duration such as"},
        {"f.ini:7: ", "retry = \"0\": out of range, which is from 10ms to 3650d"},
        {"f.ini:8: ", "\"keep-alive: 5\": not a setting"},
        {"f.ini:10: ", "\"ftp://h/\" cannot be polled: the scheme \"ftp\" is not http"},
        {"f.ini:11: ", "\"b c\": a server's name has only letters"},
        {"f.ini:12: ", "\"http://bare.example/\": not a setting"},
        {"f.ini:14: ", "\"sever x\" is no section"},
        {"f.ini:16: ", "timeout = \"wrong too\": write a duration"},
        {"f.ini:17: ", "[server y] has no url"},
    };
    refuse_text("[aiopoll]\n"
                "log-fromat = json\n"
                "log-level = loud\n"
                "\n"
                "[defaults]\n"
                "timeout = 10 s\n"
                "retry = 0\n"
                "keep-alive: 5\n"
                "[servers]\n"
                "a = ftp://h/\n"
                "b c = http://h/\n"
                "http://bare.example/\n"
                "good = http://h/\n"
                "[sever x]\n"
                "url = http://h/\n"
                "timeout = wrong too\n"
                "[server y]\n"
                "timeout = 5s\n");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_told(i, expected[i].place, expected[i].part);
    ck_assert_uint_eq(problems.count, 11);
}
END_TEST

START_TEST(mistakes_of_several_files_come_file_by_file)
{
    file("b.ini", "[servers]\nb = ftp://h/\n[aiopoll]\ninclude = c.ini\n");
    file("c.ini", "x = y\n");
    refuse(file("a.ini", "[aiopoll]\ninclude = b.ini\n[nonsense]\n[servers]\nz = http://h:0/\n"),
           (const char *const[]){"gopher://h/"}, 1);
    assert_told(0, "aiopoll: ", "\"gopher://h/\" cannot be polled");
    assert_told(1, "a.ini:3: ", "no section");
    assert_told(2, "a.ini:5: ", "port");
    assert_told(3, "b.ini:2: ", "ftp");
    assert_told(4, "c.ini:1: ", "before the first");
    ck_assert_uint_eq(problems.count, 5);
}
END_TEST

/* Each is one mistake. "a = h" and the like are good servers. */
static const struct {
    const char *text, *place, *part;
} mistakes[] = {
    /* Sections. */
    {"[servres]\na = h\n", "f.ini:1: ", "\"servres\" is no section"},
    {"[servres]\na = h\n", "f.ini:1: ", "did you mean [servers]?"},
    {"[Defaults]\nretry = 2\n", "f.ini:1: ", "did you mean [defaults]?"},
    {"[something]\nretry = 2\n", "f.ini:1: ", "there are [aiopoll], [defaults], [servers]"},
    {"[]\nretry = 2\n", "f.ini:1: ", "\"\" is no section"},
    {"[aiopoll x]\n", "f.ini:1: ", "\"aiopoll x\" is no section"},
    {"[server]\nurl = h\n",
     "f.ini:1: ", "[server]: its name is missing; write [server NAME], or [servers]"},
    {"[server  ]\nurl = h\n", "f.ini:1: ", "[server]: its name is missing"},
    {"[server a b]\nurl = h\n", "f.ini:1: ", "\"a b\": a server's name has only letters"},
    {"[server a/b]\nurl = h\n", "f.ini:1: ", "\"a/b\": a server's name has only letters"},
    {"[server gr\xc3\xbc]\nurl = h\n", "f.ini:1: ", "\"gr\\xc3\\xbc\": a server's name"},
    /* Keys. */
    {"[aiopoll]\nlisten-to = x\n[servers]\na = h\n",
     "f.ini:2: ", "\"listen-to\" is not a key of [aiopoll]; see aiopoll.ini(5)"},
    {"[aiopoll]\ninclud = x\n[servers]\na = h\n", "f.ini:2: ", "did you mean include?"},
    {"[aiopoll]\ntimeout = 5\n[servers]\na = h\n", "f.ini:2: ", "is not a key of [aiopoll]"},
    {"[defaults]\ntimeuot = 5\n[servers]\na = h\n", "f.ini:2: ", "did you mean timeout?"},
    {"[defaults]\nTIMEOUT = 5\n[servers]\na = h\n", "f.ini:2: ", "is not a key of [defaults]"},
    {"[defaults]\nlog-level = info\n[servers]\na = h\n", "f.ini:2: ", "not a key of [defaults]"},
    {"[defaults]\nurl = h\n[servers]\na = h\n", "f.ini:2: ", "url cannot stand in [defaults]"},
    {"[server a]\nurl = h\nretrymax = 5\n", "f.ini:3: ", "did you mean retry-max?"},
    {"[server a]\nurl = h\nuri = h\n", "f.ini:3: ", "did you mean url?"},
    {"[server a]\nurl = h\ncolour = red\n",
     "f.ini:3: ", "\"colour\" is not a key of [server]; see aiopoll.ini(5)"},
    {"[servers]\na b = h\n", "f.ini:2: ", "\"a b\": a server's name"},
    /* Given twice. */
    {"[servers]\na = h\nb = h\na = i\n", "f.ini:4: ", "\"a\" is defined already, at "},
    {"[servers]\na = h\n[server a]\nurl = h\n", "f.ini:3: ", "\"a\" is defined already"},
    {"[server a]\nurl = h\n[servers]\na = h\n", "f.ini:4: ", "\"a\" is defined already"},
    {"[server a]\nurl = h\n[server a]\nurl = h\n", "f.ini:3: ", "\"a\" is defined already"},
    {"[server a]\nurl = h\nurl = i\n", "f.ini:3: ", "url is set already"},
    {"[server a]\nurl = h\nretry = 2\nretry = 2\n", "f.ini:4: ", "retry is set already"},
    {"[defaults]\nretry = 2\nretry = 3\n[servers]\na = h\n", "f.ini:3: ", "retry is set already"},
    {"[defaults]\nretry = 2\n[servers]\na = h\n[defaults]\nretry = 3\n",
     "f.ini:6: ", "retry is set already"},
    {"[aiopoll]\nlog-level = info\nlog-level = info\n[servers]\na = h\n",
     "f.ini:3: ", "log-level is set already"},
    /* URLs. */
    {"[servers]\na =\n", "f.ini:2: ", "\"\" cannot be polled: it is empty"},
#ifndef HAVE_TLS
    {"[servers]\na = https://h/\n", "f.ini:2: ", "TLS"},
#endif
    {"[servers]\na = http://h/ x\n", "f.ini:2: ", "\"http://h/ x\" cannot be polled"},
    {"[server a]\nurl =\n", "f.ini:2: ", "\"\" cannot be polled: it is empty"},
    {"[server a]\nurl = http://10.0.0.256/\n", "f.ini:2: ", "IPv4"},
    {"[server a]\ntimeout = 5\n", "f.ini:1: ", "[server a] has no url; write url = "},
    {"[server a]\n[server b]\nurl = h\n", "f.ini:1: ", "[server a] has no url"},
    /* Values that have to agree. */
    {"[defaults]\nmin-delay = 5\nmax-delay = 4\n[servers]\na = h\n",
     "f.ini:1: ", "[defaults]: min-delay (5s) is more than max-delay (4s)"},
    {"[defaults]\nretry = 2m\n[servers]\na = h\n",
     "f.ini:1: ", "[defaults]: retry (2m) is more than retry-max (1m)"},
    {"[server a]\nurl = h\nmin-delay = 5\nmax-delay = 4\n",
     "f.ini:1: ", "[server a]: min-delay (5s) is more than max-delay (4s)"},
    {"[server a]\nurl = h\nmin-delay = 2d\n",
     "f.ini:1: ", "[server a]: min-delay (2d) is more than max-delay (1d)"},
    {"[defaults]\nmin-delay = 5\n[server a]\nurl = h\nmax-delay = 4s\n",
     "f.ini:3: ", "min-delay (5s) is more than max-delay (4s)"},
    {"[server a]\nurl = h\nretry-max = 500ms\n[defaults]\ntimeout = 1\n",
     "f.ini:1: ", "retry (1s) is more than retry-max (500ms)"},
    /* No server. */
    {"", "f.ini: ", "there is no server to poll; write NAME = URL below [servers]"},
    {"[servers]\n", "f.ini: ", "there is no server to poll"},
    {"[defaults]\nretry = 2\n", "f.ini: ", "there is no server to poll"},
    /* The environment. */
    {"[servers]\na = http://${MISSING}/\n",
     "f.ini:2: ", "\"${MISSING}\": there is no such variable in the environment"},
    {"[server a]\nurl = ${MISSING}\n", "f.ini:2: ", "\"${MISSING}\""},
    {"[server a]\nurl = h\nretry = ${MISSING}\n", "f.ini:3: ", "\"${MISSING}\""},
    {"[defaults]\nretry = ${MISSING}\n[servers]\na = h\n", "f.ini:2: ", "\"${MISSING}\""},
    {"[aiopoll]\ninclude = ${MISSING}\n[servers]\na = h\n", "f.ini:2: ", "\"${MISSING}\""},
    {"[servers]\na = http://${MISSING\n", "f.ini:2: ", "write ${NAME}, or $${"},
};

START_TEST(a_mistake_is_one_error_at_its_line)
{
    refuse_text(mistakes[_i].text);
    assert_only(mistakes[_i].place, mistakes[_i].part);
}
END_TEST

static const struct {
    const char *section, *key, *low, *least, *most, *high;
} ranges[] = {
    {"aiopoll", "start-rate", "0", "1", "1000000", "1000001"},
    {"defaults", "timeout", "0.9ms", "1ms", "1d", "86400.1"},
    {"defaults", "connect-timeout", "0", "1ms", "1d", "1d1ms"},
    {"defaults", "keep-alive", NULL, "0", "3650d", "3650d1ms"},
    {"defaults", "max-body", "0", "1", "16M", "16777217"},
    {"defaults", "min-delay", NULL, "0", "1d", "3651d"},
    {"defaults", "max-delay", NULL, "0", "3650d", "99999999999999999999"},
    {"defaults", "retry", "9ms", "10ms", "60s", "3651d"},
    {"defaults", "retry-max", "0", "1s", "3650d", "3651d"},
    {"defaults", "overdue-after", NULL, "0", "3650d", "3651d"},
};

static const char *with_value(const char *section, const char *key, const char *value)
{
    return file("f.ini", "[servers]\na = h\n[%s]\n%s = %s\n", section, key, value);
}

static void assert_out_of_range(const char *section, const char *key, const char *value)
{
    char part[200];
    if (value == NULL)
        return;
    refuse(with_value(section, key, value), NULL, 0);
    snprintf(part, sizeof part, "%s = \"%s\": out of range, which is from ", key, value);
    assert_only("f.ini:4: ", part);
    problems_free(&problems);
}

START_TEST(a_value_out_of_range_is_told)
{
    assert_out_of_range(ranges[_i].section, ranges[_i].key, ranges[_i].low);
    assert_out_of_range(ranges[_i].section, ranges[_i].key, ranges[_i].high);
}
END_TEST

START_TEST(a_value_at_the_edge_of_its_range_is_good)
{
    const char *const values[] = {ranges[_i].least, ranges[_i].most};
    for (int i = 0; i < 2; i++) {
        config_free(config);
        config = config_read(with_value(ranges[_i].section, ranges[_i].key, values[i]), NULL, 0,
                             &problems);
        ck_assert_msg(problems.count == 0, "%s", problems.count == 0 ? "" : told(0));
    }
}
END_TEST

START_TEST(a_value_of_another_form_is_told_with_the_right_one)
{
    static const char *const wrong[] = {"", "-1", "x", "1 2", "0x10"};
    const char *section = ranges[_i].section, *key = ranges[_i].key;
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        char part[200];
        refuse(with_value(section, key, wrong[i]), NULL, 0);
        snprintf(part, sizeof part, "%s = \"%s\": write a", key, wrong[i]);
        assert_only("f.ini:4: ", part);
        problems_free(&problems);
    }
}
END_TEST

/* A name, a section, a key and a value as long as this are told in a short sentence. */
START_TEST(what_is_too_long_is_told_and_not_cut)
{
#ifdef HAVE_INI_MAX_LINE /* else the line itself is too long */
    char name[201];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    refuse(file("f.ini",
                "[server %s]\nurl = h\n[%s]\nx = y\n[servers]\n%.129s = h\n[defaults]\n%s = 1\n",
                name, name, name, name),
           NULL, 0);
    assert_told(0, "f.ini:1: ", "a server's name has 1 to 128 characters, not 200");
    assert_told(1, "f.ini:3: ", "is no section");
    assert_told(2, "f.ini:6: ", "a server's name has 1 to 128 characters, not 129");
    assert_told(3, "f.ini:8: ", "is not a key of [defaults]");
    ck_assert_uint_eq(problems.count, 4);
    for (size_t i = 0; i < problems.count; i++)
        ck_assert_uint_lt(strlen(told(i)), 200);
#endif
}
END_TEST

START_TEST(a_url_of_5000_bytes_is_told_and_not_cut)
{
    char url[5001];
    memset(url, 'p', sizeof url - 1);
    memcpy(url, "http://h/?a=b;", 14);
    url[sizeof url - 1] = '\0';
    refuse(file("f.ini", "[servers]\na = h\nb = %s\nc = h\n", url), NULL, 0);
    assert_only("f.ini:3: ", "the line has 5004 bytes, and ");
}
END_TEST

START_TEST(a_url_of_5000_bytes_on_the_command_line_is_told)
{
    char url[5001];
    memset(url, 'p', sizeof url - 1);
    memcpy(url, "http://h/", 9);
    url[sizeof url - 1] = '\0';
    refuse(NULL, (const char *const[]){url}, 1);
    assert_only("aiopoll: ", "it has 5000 characters, and 4096 is the most");
}
END_TEST

START_TEST(every_bad_url_of_the_command_line_is_told)
{
    refuse(NULL, (const char *const[]){"http://h:0/", "h", "", "ftp://h/"}, 4);
    assert_told(0, "aiopoll: ", "\"http://h:0/\" cannot be polled");
    assert_told(1, "aiopoll: ", "\"\" cannot be polled");
    assert_told(2, "aiopoll: ", "\"ftp://h/\" cannot be polled");
    ck_assert_uint_eq(problems.count, 3);
}
END_TEST

START_TEST(each_of_many_duplicates_names_the_first)
{
    refuse_text("[servers]\na = h\nb = h\na = h\nb = h\na = h\n");
    assert_told(0, "f.ini:4: ", "f.ini:2;");
    assert_told(1, "f.ini:5: ", "f.ini:3;");
    assert_told(2, "f.ini:6: ", "f.ini:2;");
    ck_assert_uint_eq(problems.count, 3);
}
END_TEST

static const char *const secrets[] = {
    "[servers]\na = http://${SECRET}/\n",
    "[server a]\nurl = http://h/?token=${SECRET}\n",
    "[server a]\nurl = ${SECRET}\n",
    "[server a]\nurl = h\nretry = ${SECRET}\n",
    "[defaults]\nmax-body = ${SECRET}\n[servers]\na = h\n",
    "[aiopoll]\nlog-level = ${SECRET}\n[servers]\na = h\n",
};

START_TEST(a_value_of_the_environment_is_not_shown)
{
    refuse_text(secrets[_i]);
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_msg(strstr(told(0), "${SECRET}") != NULL, "%s", told(0));
    ck_assert_msg(strstr(told(0), "hunter2") == NULL, "%s", told(0));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("config_mistakes");
    TCase *tcase = tcase_create("config_mistakes");
    tcase_add_checked_fixture(tcase, start, config_scene_finish);
    tcase_add_test(tcase, eleven_mistakes_are_eleven_errors_in_order);
    tcase_add_test(tcase, mistakes_of_several_files_come_file_by_file);
    tcase_add_loop_test(tcase, a_mistake_is_one_error_at_its_line, 0, COUNT_OF(mistakes));
    tcase_add_loop_test(tcase, a_value_out_of_range_is_told, 0, COUNT_OF(ranges));
    tcase_add_loop_test(tcase, a_value_at_the_edge_of_its_range_is_good, 0, COUNT_OF(ranges));
    tcase_add_loop_test(tcase, a_value_of_another_form_is_told_with_the_right_one, 0,
                        COUNT_OF(ranges));
    tcase_add_test(tcase, what_is_too_long_is_told_and_not_cut);
    tcase_add_test(tcase, a_url_of_5000_bytes_is_told_and_not_cut);
    tcase_add_test(tcase, a_url_of_5000_bytes_on_the_command_line_is_told);
    tcase_add_test(tcase, every_bad_url_of_the_command_line_is_told);
    tcase_add_test(tcase, each_of_many_duplicates_names_the_first);
    tcase_add_loop_test(tcase, a_value_of_the_environment_is_not_shown, 0, COUNT_OF(secrets));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
