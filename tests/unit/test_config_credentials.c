/* Credentials: of files, of URLs, of a field; one kind a server, and never shown. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static void write_bytes(const char *name, const char *bytes, size_t length)
{
    FILE *out = fopen(scratch_path(scratch, name), "we");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, length, out), length);
    fclose(out);
}

static void assert_authorization(const char *server, const char *expected)
{
    ck_assert_pstr_eq(settings_of(server)->authorization, expected);
}

/* --- files ------------------------------------------------------------------------ */

#define TEXT(text) text, sizeof(text) - 1

static const struct {
    const char *key, *content;
    size_t length;
    const char *authorization;
} good_files[] = {
    {"bearer-token-file", TEXT("t"), "Bearer t"},
    {"bearer-token-file", TEXT("t\n"), "Bearer t"},
    {"bearer-token-file", TEXT("t\r\n"), "Bearer t"},
    {"bearer-token-file", TEXT("azAZ09-._~+/==\n"), "Bearer azAZ09-._~+/=="},
    {"basic-auth-file", TEXT("Aladdin:open sesame\n"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    {"basic-auth-file", TEXT("Aladdin:open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    {"basic-auth-file", TEXT("test:123\xc2\xa3\r\n"), "Basic dGVzdDoxMjPCow=="},
    {"basic-auth-file", TEXT("a:b:c\n"), "Basic YTpiOmM="},
    {"basic-auth-file", TEXT("a:\n"), "Basic YTo="},
    {"basic-auth-file", TEXT(":b\n"), "Basic OmI="},
    {"basic-auth-file", TEXT(" a: b \n"), "Basic IGE6IGIg"},
};

START_TEST(a_file_with_one_line_is_taken)
{
    write_bytes("secret", good_files[_i].content, good_files[_i].length);
    read_config("[server a]\nurl = h\n%s = secret\n[servers]\nb = h\n", good_files[_i].key);
    assert_authorization("a", good_files[_i].authorization);
    assert_authorization("b", NULL);
}
END_TEST

#define TOKEN_FORM  "; it has to have one line, a token of letters, digits and -._~+/ (RFC 6750)\n"
#define USER_FORM   "; it has to have one line, USER:PASSWORD without control characters (RFC 7617)\n"
#define BEARER(why) "f.ini:3: bearer-token-file = \"secret\": " why TOKEN_FORM
#define BASIC(why)  "f.ini:3: basic-auth-file = \"secret\": " why USER_FORM

/* "hunter2" is secret everywhere. */
static const struct {
    const char *key, *content;
    size_t length;
    const char *told;
} wrong_files[] = {
    {"bearer-token-file", TEXT(""), BEARER("the file is empty")},
    {"bearer-token-file", TEXT("\n"), BEARER("the file is empty")},
    {"bearer-token-file", TEXT("\r\n"), BEARER("the file is empty")},
    {"bearer-token-file", TEXT("hunter2\nhunter2\n"), BEARER("the file has more than one line")},
    {"bearer-token-file", TEXT("hunter2\n\n"), BEARER("the file has more than one line")},
    {"bearer-token-file", TEXT("\nhunter2\n"), BEARER("the file has more than one line")},
    {"bearer-token-file", TEXT("hunter2\0\n"), BEARER("the file has a NUL byte")},
    {"bearer-token-file", TEXT("hunter2 \n"), BEARER("the file's line is no token")},
    {"bearer-token-file", TEXT("Bearer hunter2\n"), BEARER("the file's line is no token")},
    {"bearer-token-file", TEXT("hunter2=x\n"), BEARER("the file's line is no token")},
    {"bearer-token-file", TEXT("==\n"), BEARER("the file's line is no token")},
    {"bearer-token-file", TEXT("hunter2\rhunter2\n"), BEARER("the file's line is no token")},
    {"bearer-token-file", TEXT("hunter2\xc3\xbc\n"), BEARER("the file's line is no token")},
    {"basic-auth-file", TEXT(""), BASIC("the file is empty")},
    {"basic-auth-file", TEXT("hunter2\n"), BASIC("the file's line has no colon")},
    {"basic-auth-file", TEXT("mick:hunter2\nx\n"), BASIC("the file has more than one line")},
    {"basic-auth-file", TEXT("mick:\0hunter2\n"), BASIC("the file has a NUL byte")},
    {"basic-auth-file", TEXT("mick:hun\tter2\n"), BASIC("the file's line has a control character")},
    {"basic-auth-file", TEXT("mi\x1b:hunter2\n"), BASIC("the file's line has a control character")},
    {"basic-auth-file", TEXT("mick:hunter2\x7f"), BASIC("the file's line has a control character")},
};

START_TEST(a_file_that_is_wrong_is_told_without_its_content)
{
    write_bytes("secret", wrong_files[_i].content, wrong_files[_i].length);
    read_config("[server a]\nurl = h\n%s = secret\n", wrong_files[_i].key);
    assert_all_told(wrong_files[_i].told);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_told)
{
    static const char text[] = "[server a]\nurl = h\nbearer-token-file = secret\n";
    read_config(text);
    assert_all_told(BEARER("the file cannot be read (No such file or directory)"));
    ck_assert_int_eq(mkdir(scratch_path(scratch, "secret"), 0755), 0);
    read_config(text);
    assert_all_told(BEARER("this is no regular file"));
    ck_assert_int_eq(rmdir(scratch_path(scratch, "secret")), 0);
    ck_assert_int_eq(mkfifo(scratch_path(scratch, "secret"), 0755), 0);
    read_config(text);
    assert_all_told(BEARER("this is no regular file"));
    read_config("[server a]\nurl = h\nbasic-auth-file =\n");
    assert_all_told("f.ini:3: basic-auth-file = \"\": write the path of a file\n");
    read_config("[server a]\nurl = h\nbearer-token-file = ${NOWHERE}\n");
    assert_all_told("f.ini:3: \"${NOWHERE}\": there is no such variable in the environment\n");
}
END_TEST

START_TEST(a_file_has_a_bound)
{
    enum { MOST = 8192 };
    static char token[MOST + 2];
    memset(token, 't', MOST + 1);
    write_bytes("secret", token, MOST);
    read_config("[server a]\nurl = h\nbearer-token-file = secret\n");
    ck_assert_uint_eq(strlen(settings_of("a")->authorization), strlen("Bearer ") + MOST);
    write_bytes("secret", token, MOST + 1);
    read_config("[server a]\nurl = h\nbearer-token-file = secret\n");
    assert_all_told(BEARER("the file has more than 8192 bytes"));
    ck_assert_int_eq(truncate(scratch_path(scratch, "secret"), INT64_C(1) << 40), 0);
    read_config("[server a]\nurl = h\nbearer-token-file = secret\n");
    assert_all_told(BEARER("the file has more than 8192 bytes"));
}
END_TEST

START_TEST(a_file_is_looked_for_beside_the_one_that_names_it)
{
    ck_assert_int_eq(mkdir(scratch_path(scratch, "conf.d"), 0755), 0);
    file("token", "outer");
    file("conf.d/token", "inner");
    file("conf.d/b.ini", "[server b]\nurl = h\nbearer-token-file = token\n"
                         "[server c]\nurl = h\nbearer-token-file = ../token\n");
    setenv("FOLDER_OF_TEST", scratch_directory(scratch), 1);
    read_config("[aiopoll]\ninclude = conf.d/b.ini\n[defaults]\nbearer-token-file = token\n"
                "[servers]\na = h\n[server d]\nurl = h\n"
                "bearer-token-file = ${FOLDER_OF_TEST}/conf.d/token\n");
    assert_authorization("a", "Bearer outer");
    assert_authorization("b", "Bearer inner");
    assert_authorization("c", "Bearer outer");
    assert_authorization("d", "Bearer inner");
}
END_TEST

/* --- URLs ------------------------------------------------------------------------- */

static const struct {
    const char *url, *authorization, *text;
} urls[] = {
    {"http://Aladdin:open%20sesame@h/", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "http://h/"},
    {"http://a:b@h:81/x?y", "Basic YTpi", "http://h:81/x?y"},
    {"a:b@h", "Basic YTpi", "http://h/"},
    {"http://a@h/", "Basic YTo=", "http://h/"},
    {"http://a:@h/", "Basic YTo=", "http://h/"},
    {"http://:b@h/", "Basic OmI=", "http://h/"},
    {"http://a:b:c@h/", "Basic YTpiOmM=", "http://h/"},
    {"http://a:b%3ac@h/", "Basic YTpiOmM=", "http://h/"},
    {"http://test:123%C2%a3@h/", "Basic dGVzdDoxMjPCow==", "http://h/"},
    {"http://a+b:c@h/", "Basic YStiOmM=", "http://h/"},
    {"http://a:%40%2F%25@[::1]:8001/", "Basic YTpALyU=", "http://[::1]:8001/"},
};

START_TEST(a_user_in_a_url_is_taken_out_of_it)
{
    const char *url = urls[_i].url;
    read_config("[servers]\na = %s\nz = h\n", url);
    assert_authorization("a", urls[_i].authorization);
    assert_authorization("z", NULL);
    ck_assert_str_eq(config->servers[0].url.text, urls[_i].text);
    read_config("[server a]\nurl = %s\ntimeout = 1\n", url);
    assert_authorization("a", urls[_i].authorization);
    ck_assert_str_eq(config->servers[0].url.text, urls[_i].text);
    config_free(config);
    config = config_read(NULL, (char *const *)&url, 1, &problems);
    assert_authorization(NULL, urls[_i].authorization);
    ck_assert_str_eq(config->servers[0].url.text, urls[_i].text);
    ck_assert_ptr_null(strchr(config->servers[0].name, 'a'));
}
END_TEST

START_TEST(a_user_and_a_password_may_come_from_the_environment)
{
    setenv("PASSWORD_OF_TEST", "b", 1);
    read_config("[servers]\na = http://a:${PASSWORD_OF_TEST}@h/\n");
    assert_authorization("a", "Basic YTpi");
    setenv("PASSWORD_OF_TEST", "hunter2 in clear", 1);
    read_config("[servers]\na = http://a:${PASSWORD_OF_TEST}@h/\n");
    assert_all_told("f.ini:2: \"http://***@h/\" cannot be polled: a character before its '@' "
                    "cannot stand there (RFC 3986); write %HH\n");
}
END_TEST

#define COLON    "a user cannot have a colon (RFC 7617)\n"
#define CONTROLS "user and password cannot have a control character (RFC 7617)\n"

static const struct {
    const char *userinfo, *why;
} wrong_users[] = {
    {"", "its user is missing before the '@'\n"},
    {"mi%3Ack:hunter2", COLON},
    {"mick%3ahunter2", COLON},
    {"mick:hunter2%00", CONTROLS},
    {"mick:hunter2%0a", CONTROLS},
    {"mick%0D:hunter2", CONTROLS},
    {"mick:hunter2%7F", CONTROLS},
};

START_TEST(a_user_that_cannot_be_sent_is_told_without_it)
{
    char expected[200];
    snprintf(expected, sizeof expected, "f.ini:3: \"http://***@h/\" cannot be polled: %s",
             wrong_users[_i].why);
    read_config("[servers]\nb = h\na = http://%s@h/\n", wrong_users[_i].userinfo);
    assert_all_told(expected);
}
END_TEST

/* --- one kind a server ------------------------------------------------------------ */

static const struct {
    const char *key, *url, *authorization, *field;
} kinds[] = {
    {"bearer-token-file = token\n", "h", "Bearer t", NULL},
    {"basic-auth-file = users\n", "h", "Basic YTpi", NULL},
    {"", "http://c:d@h/", "Basic Yzpk", NULL},
    {"header = authorization: Digest x\n", "h", NULL, "Digest x"},
};

static void write_secrets(void)
{
    file("token", "t\n");
    file("users", "a:b\n");
}

static const char *field_of(const char *server)
{
    const struct server_settings *settings = settings_of(server);
    const char *value = NULL;
    for (size_t i = 0; i < settings->field_count; i++) {
        if (strcmp(settings->fields[i].name, "A") == 0)
            continue;
        ck_assert_ptr_null(value);
        ck_assert_int_eq(strcasecmp(settings->fields[i].name, "Authorization"), 0);
        value = settings->fields[i].value;
    }
    return value;
}

/* Each kind in [defaults], but for a URL, which cannot stand there; each in the server. */
START_TEST(a_servers_own_kind_replaces_that_of_the_defaults)
{
    const int of_defaults = _i % 3 == 2 ? 3 : _i % 3, own = _i / 3;
    write_secrets();
    read_config("[defaults]\nheader = A: 1\n%s[server a]\nurl = %s\n%s[server z]\nurl = h\n",
                kinds[of_defaults].key, kinds[own].url, kinds[own].key);
    assert_authorization("a", kinds[own].authorization);
    ck_assert_pstr_eq(field_of("a"), kinds[own].field);
    assert_authorization("z", kinds[of_defaults].authorization);
    ck_assert_pstr_eq(field_of("z"), kinds[of_defaults].field);
    ck_assert_str_eq(settings_of("a")->fields[0].value, "1");
    read_config("[defaults]\n%s[servers]\na = %s\n", kinds[of_defaults].key, kinds[own].url);
    assert_authorization("a", kinds[own == 2 ? 2 : of_defaults].authorization);
    ck_assert_pstr_eq(field_of("a"), kinds[own == 2 ? 2 : of_defaults].field);
}
END_TEST

static const struct {
    const char *text, *told;
} two_kinds[] = {
    {"[server a]\nurl = h\nbearer-token-file = token\nbasic-auth-file = users\n",
     "f.ini:1: [server a]: bearer-token-file and basic-auth-file"},
    {"[server a]\nbasic-auth-file = users\nurl = h\nbearer-token-file = token\n",
     "f.ini:1: [server a]: bearer-token-file and basic-auth-file"},
    {"[server a]\nurl = http://mick:hunter2@h/\nbearer-token-file = token\n",
     "f.ini:1: [server a]: a user in its URL and bearer-token-file"},
    {"[server a]\nbasic-auth-file = users\nurl = http://mick:hunter2@h/\n",
     "f.ini:1: [server a]: a user in its URL and basic-auth-file"},
    {"[server a]\nurl = http://mick:hunter2@h/\nheader = AUTHORIZATION: hunter2\n",
     "f.ini:1: [server a]: a user in its URL and header = Authorization"},
    {"[server a]\nurl = h\nbearer-token-file = token\nheader = Authorization: hunter2\n",
     "f.ini:1: [server a]: bearer-token-file and header = Authorization"},
    {"[servers]\na = h\n[defaults]\nbasic-auth-file = users\nheader = Authorization: hunter2\n",
     "f.ini:3: [defaults]: basic-auth-file and header = Authorization"},
    {"[defaults]\nbasic-auth-file = users\nbearer-token-file = token\n[servers]\na = h\n",
     "f.ini:1: [defaults]: bearer-token-file and basic-auth-file"},
};

START_TEST(two_kinds_in_one_place_are_told)
{
    char expected[200];
    write_secrets();
    snprintf(expected, sizeof expected, "%s are credentials both; leave one out\n",
             two_kinds[_i].told);
    read_config("%s", two_kinds[_i].text);
    assert_all_told(expected);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("config_credentials");
    TCase *tcase = tcase_create("config_credentials");
    tcase_add_checked_fixture(tcase, config_scene_start, config_scene_finish);
    tcase_add_loop_test(tcase, a_file_with_one_line_is_taken, 0, COUNT_OF(good_files));
    tcase_add_loop_test(tcase, a_file_that_is_wrong_is_told_without_its_content, 0,
                        COUNT_OF(wrong_files));
    tcase_add_test(tcase, a_file_that_cannot_be_read_is_told);
    tcase_add_test(tcase, a_file_has_a_bound);
    tcase_add_test(tcase, a_file_is_looked_for_beside_the_one_that_names_it);
    tcase_add_loop_test(tcase, a_user_in_a_url_is_taken_out_of_it, 0, COUNT_OF(urls));
    tcase_add_test(tcase, a_user_and_a_password_may_come_from_the_environment);
    tcase_add_loop_test(tcase, a_user_that_cannot_be_sent_is_told_without_it, 0,
                        COUNT_OF(wrong_users));
    tcase_add_loop_test(tcase, a_servers_own_kind_replaces_that_of_the_defaults, 0,
                        3 * COUNT_OF(kinds));
    tcase_add_loop_test(tcase, two_kinds_in_one_place_are_told, 0, COUNT_OF(two_kinds));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
