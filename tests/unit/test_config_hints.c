/* What is told of a configuration where more than the line itself matters: all that is
 * wrong in one go, keys in the wrong place, and nothing that is to stay secret. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "config_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

__attribute__((format(printf, 1, 2))) static void read_text(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *path = scratch_write(scratch, "f.ini", format, args);
    va_end(args);
    config = config_read(path, NULL, 0, &problems);
    ck_assert_int_eq(config == NULL, problems.count > 0);
}

static void assert_told(size_t index, const char *part)
{
    ck_assert_msg(strstr(told(index), part) != NULL, "'%s' is not in: %s", part, told(index));
}

static void assert_count(size_t count)
{
    ck_assert_msg(problems.count == count, "%zu problems: %s", problems.count,
                  problems.count == 0 ? "" : told(problems.count - 1));
}

static void assert_printable(void)
{
    for (size_t i = 0; i < problems.count; i++)
        for (const char *at = told(i); *at != '\0'; at++)
            ck_assert_msg(*at >= ' ' && *at < 0x7f, "a byte of %s", told(i));
}

/* A section that is not quite right is told, and so is what is wrong in it. */
static const struct {
    const char *text, *parts[3]; /* of the problems, in order */
} in_one_go[] = {
    {"[servers] junk\na = ftp://h/\n", {"f.ini:1: \"[servers] junk\"", "f.ini:2: \"ftp://h/\""}},
    {"[defaults]]\nretry = 0\n[servers]\na = h\n", {"f.ini:1: \"[defaults]]\"", "f.ini:2: retry"}},
    {"[servres]\na = ftp://h/\nb = h\n", {"f.ini:1: \"servres\" is no", "f.ini:2: \"ftp://h/\""}},
    {"[servres]\na = h\n[servers]\na = i\n", {"f.ini:1: \"servres\"", "f.ini:4: the server \"a\""}},
    {"[default]\nretry = 0\n[servers]\na = h\n", {"did you mean [defaults]?", "f.ini:2: retry"}},
    {"[aipoll]\nlog-level = loud\n[servers]\na = h\n", {"[aiopoll]?", "f.ini:2: log-level"}},
    {"[sever a]\nurl = ftp://h/\n", {"did you mean [server]?", "f.ini:2: \"ftp://h/\""}},
    {"[sever a]\nretry = 2\n", {"f.ini:1: \"sever a\" is no", "f.ini:1: [server a] has no url"}},
    {"[defaults x]\nretry = 0\n[servers]\na = h\n", {"f.ini:1: \"defaults x\"", "f.ini:2: retry"}},
    {"[server]\nurl = ftp://h/\n", {"f.ini:1: [server]: its name", "f.ini:2: \"ftp://h/\""}},
    {"[server]\nurl = h\n[server]\nurl = i\n", {"f.ini:1: [server]: its", "f.ini:3: [server]: i"}},
    {"[server a b]\nurl = h\nretry = 0\n", {"f.ini:1: \"a b\": a server's", "f.ini:3: retry"}},
    {"[server a b]\nurl = h\n[server a b]\nurl = h\n", {"f.ini:1: \"a b\"", "f.ini:3: \"a b\""}},
    {"[server a] x\nurl = ftp://h/\nretry = 0\n",
     {"f.ini:1: \"[server a] x\"", "f.ini:2: \"ftp://h/\"", "f.ini:3: retry"}},
    /* What resembles no section may hold anything. */
    {"[something]\nretry = 0\nurl = ftp://h/\n", {"f.ini:1: \"something\" is no section"}},
    {"[something] x\nretry = 0\n", {"f.ini:1: \"[something] x\"", "f.ini:1: \"something\" is no"}},
};

START_TEST(all_that_is_wrong_is_told_in_one_go)
{
    size_t count = 0;
    read_text("%s", in_one_go[_i].text);
    for (; count < 3 && in_one_go[_i].parts[count] != NULL; count++)
        assert_told(count, in_one_go[_i].parts[count]);
    assert_count(count);
}
END_TEST

START_TEST(a_name_that_is_refused_stays_printable)
{
    static const char *const texts[] = {
        "[server gr\xc3\xbc]\nurl = h\n",
        "[server gr\xc3\xbc]\nretry = 2\n",
        "[server gr\xc3\xbc]\nurl = h\nmin-delay = 5\nmax-delay = 4\n",
        "[server a\tb]\nretry = 2\n",
        "[sever gr\xc3\xbc]\nretry = 2\n",
    };
    for (int i = 0; i < COUNT_OF(texts); i++) {
        read_text("%s", texts[i]);
        ck_assert_uint_ge(problems.count, 1);
        assert_printable();
        problems_free(&problems);
    }
}
END_TEST

static const char *const blanks[] = {
    "[ servers ]\na = h\n",   "[servers\t]\na = h\n",    "[server a ]\nurl = h\n",
    "[ server a]\nurl = h\n", "[server   a]\nurl = h\n", "[ server\ta ] ; why\nurl = h\n",
};

START_TEST(blanks_inside_the_brackets_are_no_matter)
{
    read_text("%s", blanks[_i]);
    assert_count(0);
    ck_assert_uint_eq(config->server_count, 1);
    ck_assert_str_eq(config->servers[0].name, "a");
}
END_TEST

/* Keys where a server's name should be. */

static const struct {
    const char *name, *value, *key;
} misplaced[] = {
    /* Right ones, whatever the value. */
    {"timeout", "5s", "timeout"},
    {"timeout", "http://h/", "timeout"},
    {"connect-timeout", "5s", "connect-timeout"},
    {"keep-alive", "0", "keep-alive"},
    {"max-body", "1k", "max-body"},
    {"min-delay", "5", "min-delay"},
    {"max-delay", "5", "max-delay"},
    {"retry", "5", "retry"},
    {"retry-max", "5", "retry-max"},
    {"overdue-after", "5", "overdue-after"},
    {"url", "http://h/", "url"},
    {"url", "h", "url"},
    {"include", "conf.d/*.ini", "include"},
    {"log-level", "debug", "log-level"},
    {"log-format", "json", "log-format"},
    {"start-rate", "10", "start-rate"},
    {"header", "Authorization: Bearer hunter2", "header"},
    {"bearer-token-file", "token", "bearer-token-file"},
    {"unix-socket", "/run/s", "unix-socket"},
    {"retry", "", "retry"},
    {"retry", "${NOT_THERE}", "retry"},
    /* Misspelt, with what is no URL. */
    {"max-dealy", "5", "max-delay"},
    {"timeuot", "10s", "timeout"},
    {"retyr", "5", "retry"},
    {"log-levle", "debug", "log-level"},
    {"includ", "more", "include"},
    {"maxbody", "1k", "max-body"},
    {"verfy", "no", "verify"},
};

START_TEST(a_key_cannot_be_a_servers_name)
{
    char sentence[200];
    const char *name = misplaced[_i].name, *value = misplaced[_i].value;
    unsetenv("NOT_THERE");
    read_text("[servers]\na = h\n%s = %s\n", name, value);
    snprintf(sentence, sizeof sentence,
             "f.ini:3: \"%s\" cannot be a server's name: %s is a key of another section", name,
             misplaced[_i].key);
    assert_told(problems.count - 1, sentence);
    assert_count(strstr(value, "${") == NULL ? 1 : 2);
}
END_TEST

static const char *const near_misses[] = {
    "max-dealy = h.example", "max-dealy = h:80",    "max-dealy = http://h/",
    "max-dealy = h/x",       "timeouts = 10.0.0.1", "uri = h",
    "retries = h",           "server = h",          "includes = [::1]",
    "timeout-server = host", "Retry1 = h.example",
};

START_TEST(a_name_that_only_resembles_a_key_can_be_polled)
{
    read_text("[servers]\n%s\n", near_misses[_i]);
    assert_count(0);
    ck_assert_uint_eq(config->server_count, 1);
}
END_TEST

/* Users and passwords. "hunter2" is the password, "mick" the user. */

static const struct {
    const char *url, *shown; /* NULL: the URL is good */
} secrets[] = {
    {"http://mick:hunter2@h/", NULL},
    {"http://mick@h/", NULL},
    {"http://:hunter2@h/", NULL},
    {"HTTP://mick:hunter2@h:81/x?y", NULL},
    {"mick:hunter2@h", NULL},
    {"http://mick%3a:hunter2@h/", "\"http://***@h/\" cannot be polled: a user cannot have a colon"},
    {"http://mick:hunter2%0A@h/", "\"http://***@h/\" cannot be polled: user and password cannot"},
    {"http://@h/", "\"http://***@h/\" cannot be polled: its user is missing before the '@'"},
    {"ftp://mick:hunter2@h/", "\"ftp://***@h/\" cannot be polled"},
    {"http:mick:hunter2@h/", "***@h/\" cannot be polled"},
    {"http:/mick:hunter2@h/", "***@h/\" cannot be polled"},
    {"//mick:hunter2@h/", "***@h/\" cannot be polled"},
    {"http://mick:hunter2@h:0/", "\"http://***@h:0/\" cannot be polled"},
    {"http://mick:hunter2@/", "\"http://***@/\" cannot be polled"},
    {"http://mick:hunter2@[::1/", "\"http://***@[::1/\" cannot be polled"},
    {"http://mick:hunter2@h/a b", "\"http://***@h/a b\" cannot be polled"},
    {"http://mick:^hunter2@h/", "***@h/\" cannot be polled"},
    {"http://mick:%zzhunter2@h/", "***@h/\" cannot be polled"},
    {"http://mick:a@hunter2@h/", "***@h/\" cannot be polled"},
    {"http://mick:a/hunter2@h/", "***@h/\" cannot be polled"},
    {"http://mick:a?hunter2@h/", "***@h/\" cannot be polled"},
    {"http://mick:a#hunter2@h/", "***@h/\" cannot be polled"},
    {"mick:a//hunter2@h/", "***@h/\" cannot be polled"},
};

static void assert_secret_kept(size_t count, const char *shown)
{
    assert_count(count);
    assert_told(0, shown);
    for (size_t i = 0; i < problems.count; i++)
        ck_assert_msg(strstr(told(i), "hunter2") == NULL && strstr(told(i), "mick") == NULL, "%s",
                      told(i));
    problems_free(&problems);
}

START_TEST(a_user_and_a_password_are_not_told)
{
    const char *url = secrets[_i].url, *shown = secrets[_i].shown;
    if (shown != NULL) {
        read_text("[servers]\na = %s\n", url);
        assert_secret_kept(1, shown);
        read_text("[server a]\nurl = %s\n", url);
        assert_secret_kept(1, shown);
        config = config_read(NULL, (char *const *)&url, 1, &problems);
        assert_secret_kept(1, shown);
    }
    read_text("[servers]\na b = %s\n", url);
    assert_secret_kept(1, "\"a b\"");
    read_text("[servers]\nretry = %s\n", url);
    assert_secret_kept(1, "\"retry\"");
    read_text("[server a]\nurl = h\nurl = %s\n", url);
    assert_secret_kept(1, "url is set already");
    read_text("[server a]\nulr = %s\nurl = h\n", url);
    assert_secret_kept(1, "\"ulr\"");
    read_text("[defaults]\nurl = %s\n[servers]\na = h\n", url);
    assert_secret_kept(1, "url cannot stand");
}
END_TEST

/* Where a URL is not read as one. */
static const char *const lines_with_secrets[] = {
    "http://mick:hunter2@h/",
    "a : http://mick:hunter2@h/",
    "a = http://mick:hunter2@h/\x01",
    "[http://mick:hunter2@h/]",
    "[servers] a = http://mick:hunter2@h/",
    "[servers a = http://mick:hunter2@h/",
    "http://mick:hunter2@h/ = a",
    "mick:hunter2@h/",
};

START_TEST(a_line_that_is_wrong_keeps_a_password_too)
{
    read_text("[servers]\n%s\na = h\n", lines_with_secrets[_i]);
    assert_secret_kept(problems.count, "f.ini:2: ");
    read_text("%s\n[servers]\na = h\n", lines_with_secrets[_i]);
    assert_secret_kept(problems.count, "f.ini:1: ");
    read_text("[servers]\na = h\n%s%05000d\n", lines_with_secrets[_i], 0);
    assert_secret_kept(problems.count, "f.ini:3: ");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("config_hints");
    TCase *tcase = tcase_create("config_hints");
    tcase_add_checked_fixture(tcase, config_scene_start, config_scene_finish);
    tcase_add_loop_test(tcase, all_that_is_wrong_is_told_in_one_go, 0, COUNT_OF(in_one_go));
    tcase_add_test(tcase, a_name_that_is_refused_stays_printable);
    tcase_add_loop_test(tcase, blanks_inside_the_brackets_are_no_matter, 0, COUNT_OF(blanks));
    tcase_add_loop_test(tcase, a_key_cannot_be_a_servers_name, 0, COUNT_OF(misplaced));
    tcase_add_loop_test(tcase, a_name_that_only_resembles_a_key_can_be_polled, 0,
                        COUNT_OF(near_misses));
    tcase_add_loop_test(tcase, a_user_and_a_password_are_not_told, 0, COUNT_OF(secrets));
    tcase_add_loop_test(tcase, a_line_that_is_wrong_keeps_a_password_too, 0,
                        COUNT_OF(lines_with_secrets));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
