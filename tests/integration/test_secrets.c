/*
 * Credentials and other fields that may be secret: the server that they are for gets them,
 * and neither another one nor anybody who reads what the program writes does.
 */
#include <string.h>

#include "check_main.h"
#include "trail_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define SECRET_TOKEN "tokenOfMine123"
#define SECRET_BASIC "bWU6cGFzc3dvcmQ=" /* me:password */
#define SECRET_URL   "bcO8OnNlOmNyZXQ=" /* mü:se:cret */

/* How credentials are given, and the field that they become. */
static const struct {
    const char *key, *line; /* a file */
    const char *userinfo;
    const char *header;
    const char *field;
} credentials[] = {
    {"bearer-token-file", SECRET_TOKEN, "", "", "Bearer " SECRET_TOKEN},
    {"basic-auth-file", "me:password", "", "", "Basic " SECRET_BASIC},
    {NULL, "", "me:password@", "", "Basic " SECRET_BASIC},
    {NULL, "", "m%C3%BC:se:cret@", "", "Basic " SECRET_URL},
    {NULL, "", "", "header = Authorization: Digest password\n", "Digest password"},
};

enum { CREDENTIALS = COUNT_OF(credentials) };

static void check_tells_no_secret(const char *text)
{
    static const char *const secrets[] = {SECRET_TOKEN, SECRET_BASIC, SECRET_URL, "password",
                                          "se:cret"};

    for (int i = 0; i < COUNT_OF(secrets); i++)
        ck_assert_msg(strstr(text, secrets[i]) == NULL, "%s is in: %s", secrets[i], text);
}

/* A server with them, and a Cookie, and a field that might hold a secret as well. */
static const char *with_credentials(int index, const char *query)
{
    struct bytes file = {0};

    if (credentials[index].key != NULL)
        bytes_print(&file, "%s = %s\n", credentials[index].key,
                    rig_write(rig, "credentials", "%s\n", credentials[index].line));
    const char *path = rig_write(rig, "servers.ini",
                                 "[defaults]\nretry = 10ms\n"
                                 "[server a]\nurl = http://%s%s/a?%s\n%s%s"
                                 "header = Cookie: a=b\nheader = X-Api-Key: c\n",
                                 credentials[index].userinfo, mock_server_authority(mock), query,
                                 bytes_text(&file), credentials[index].header);
    bytes_finish(&file);
    return path;
}

static const char *authorization(int index)
{
    return trail_print("Authorization: %s", credentials[index].field);
}

static const char *const formats[] = {"--log-format=text", "--log-format=json"};

START_TEST(credentials_are_sent_and_not_told)
{
    const char *path = with_credentials(_i / 2, "delay=0.02,soon&status=200,200,500,302");

    rig_start(rig, formats[_i % 2], "--log-level=debug", "--count=4", "-c", path, NULL);
    scene_await_exit(1);
    ck_assert_uint_eq(trail_count(), 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(trail_has(i, authorization(_i / 2)));
        ck_assert(strncmp(trail_line(i), "GET /a?", 7) == 0);
    }
    ck_assert_ptr_nonnull(strstr(rig_stdout(rig), "poll"));
    check_tells_no_secret(rig_stdout(rig));
    check_tells_no_secret(rig_stderr(rig));
}
END_TEST

START_TEST(nor_are_they_told_where_nobody_answers)
{
    const char *path = with_credentials(_i / 2, "delay=0.02");

    mock_server_stop_listening(mock);
    rig_start(rig, formats[_i % 2], "--log-level=debug", "--count=2", "-c", path, NULL);
    scene_await_exit(1);
    check_tells_no_secret(rig_stdout(rig));
    check_tells_no_secret(rig_stderr(rig));
}
END_TEST

/* A server that repeats what it was sent, instead of a number. */
START_TEST(nor_where_the_server_repeats_them)
{
    const char *path = with_credentials(_i / 2, "delay=${TOKEN_OF_TEST}");

    rig_set_env(rig, "TOKEN_OF_TEST", SECRET_TOKEN);
    rig_start(rig, formats[_i % 2], "--log-level=debug", "--count=2", "-c", path, NULL);
    scene_await_exit(1);
    ck_assert_ptr_nonnull(strstr(rig_stdout(rig), "it may repeat a secret of the request"));
    check_tells_no_secret(rig_stdout(rig));
}
END_TEST

/* In its path or query. */
START_TEST(nor_is_a_url_with_a_variable)
{
    rig_set_env(rig, "TOKEN_OF_TEST", SECRET_TOKEN);
    scene_start_count(1, "[servers]\na = @/a?delay=0.02&promise=${TOKEN_OF_TEST}\n"
                         "b = @/b?delay=${TOKEN_OF_TEST}\n");
    scene_await_exit(1);
    ck_assert_ptr_nonnull(strstr(trail_line(0), SECRET_TOKEN));
    check_tells_no_secret(rig_stdout(rig));
    ck_assert_str_eq(rig_string(scene_poll("a", 0), "url"),
                     trail_print("http://%s/...", mock_server_authority(mock)));
}
END_TEST

/* With one mistake of each of these in it. */
START_TEST(nor_where_the_configuration_is_wrong)
{
    static const char *const urls[] = {
        "http://me:password@h:99999/", "http://me:pass word@h/",   "ftp://me:password@h/",
        "http://me:password@/",        "me:password@h:x/",         "http://me:password@@h/",
        "http://me:password@h/ b",     "http://me:password%zz@h/",
    };
    const struct rig_result *result = rig_run(
        rig, "-t", "-c", rig_write(rig, "wrong.ini", "[servers]\na = %s\n", urls[_i]), NULL);

    ck_assert_int_eq(result->exit.status, 2);
    check_tells_no_secret(result->out);
    check_tells_no_secret(result->err);
    ck_assert_ptr_null(strstr(result->err, "pass word"));
    result = rig_run(rig, "-t", urls[_i], NULL);
    ck_assert_int_eq(result->exit.status, 2);
    check_tells_no_secret(result->err);
}
END_TEST

/* --- fields, credentials and redirects ----------------------------------------------------- */

START_TEST(the_same_origin_is_told_all)
{
    rig_start(rig, "--once", "-c", with_credentials(_i, trail_to(302, "/b?delay=0.02")), NULL);
    scene_await_exit(0);
    ck_assert_uint_eq(trail_count(), 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(trail_has(i, authorization(_i)));
        ck_assert(trail_has(i, "Cookie: a=b"));
        ck_assert(trail_has(i, "X-Api-Key: c"));
    }
}
END_TEST

static void check_is_told_nothing(size_t index)
{
    ck_assert(!trail_has_name(index, "Authorization"));
    ck_assert(!trail_has_name(index, "Cookie"));
    ck_assert(!trail_has_name(index, "X-Api-Key"));
    check_tells_no_secret(trail_at(index)->header.data);
}

START_TEST(another_origin_is_told_nothing)
{
    const char *there[] = {
        trail_print("http://%s/b?delay=0.02", mock_server_authority(other)),
        trail_print("//%s/b?delay=0.02", mock_server_authority(other)),
        trail_print("http://localhost:%d/b?delay=0.02", mock_server_port(mock)),
    };
    const char *path = with_credentials(_i % CREDENTIALS, trail_to(307, there[_i / CREDENTIALS]));

    rig_start(rig, "--count=2", "-c", path, NULL);
    scene_await_exit(0);
    ck_assert_uint_eq(trail_count(), 4);
    for (size_t i = 0; i < 4; i += 2) {
        ck_assert(trail_has(i, authorization(_i % CREDENTIALS)));
        check_is_told_nothing(i + 1);
    }
    check_tells_no_secret(rig_stdout(rig));
}
END_TEST

/* There and back, and then the next poll. */
START_TEST(each_is_told_what_is_for_it)
{
    const char *back = trail_print("http://%s/c?delay=0.02", mock_server_authority(mock));
    const char *there =
        trail_print("http://%s/b?%s", mock_server_authority(other), trail_to(308, back));

    rig_start(rig, "--count=2", "-c", with_credentials(0, trail_to(301, there)), NULL);
    scene_await_exit(0);
    ck_assert_uint_eq(trail_count(), 6);
    for (size_t i = 0; i < 6; i++) {
        if (i % 3 == 1)
            check_is_told_nothing(i);
        else
            ck_assert(trail_has(i, authorization(0)));
    }
}
END_TEST

START_TEST(another_origin_is_told_what_is_asked_for)
{
    const char *there = trail_print("http://%s/b?delay=0.02", mock_server_authority(other));
    const char *host = trail_print("Host: %s", mock_server_authority(other));

    scene_start_count(1,
                      "[server a]\nurl = @/a?%s\nheader = Host: example.net\n"
                      "header = Accept: text/plain\nheader = Accept-Language: en\n"
                      "header = User-Agent: me\nheader = Referer: /x\n",
                      trail_to(302, there));
    scene_await_exit(0);
    ck_assert(trail_has(0, "Host: example.net"));
    ck_assert(trail_has(1, host));
    ck_assert(trail_has(1, "Accept: text/plain"));
    ck_assert(trail_has(1, "Accept-Language: en"));
    ck_assert(trail_has(1, "User-Agent: me"));
    ck_assert(!trail_has_name(1, "Referer"));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("secrets");
    TCase *tests = trail_scene_case(suite, "told");

    tcase_add_loop_test(tests, credentials_are_sent_and_not_told, 0, 2 * CREDENTIALS);
    tcase_add_loop_test(tests, nor_are_they_told_where_nobody_answers, 0, 2 * CREDENTIALS);
    tcase_add_loop_test(tests, nor_where_the_server_repeats_them, 0, 2 * CREDENTIALS);
    tcase_add_test(tests, nor_is_a_url_with_a_variable);
    tcase_add_loop_test(tests, nor_where_the_configuration_is_wrong, 0, 8);
    tests = trail_scene_case(suite, "redirects");
    tcase_add_loop_test(tests, the_same_origin_is_told_all, 0, CREDENTIALS);
    tcase_add_loop_test(tests, another_origin_is_told_nothing, 0, 3 * CREDENTIALS);
    tcase_add_test(tests, each_is_told_what_is_for_it);
    tcase_add_test(tests, another_origin_is_told_what_is_asked_for);
    return suite;
}

CHECK_MAIN(suite())
