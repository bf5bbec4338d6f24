/*
 * --status and --explain: what they print, what they exit with, and what becomes of whatever
 * answers in a daemon's place.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask_scene.h"
#include "check_main.h"
#include "clock_scene.h"
#include "must.h"

static const struct rig_result *result;

static void check_told(int status, const char *beginning)
{
    ck_assert_int_eq(result->exit.signal, 0);
    ck_assert_str_eq(result->err, "");
    ck_assert_int_eq(result->exit.status, status);
    ck_assert_msg(strncmp(result->out, beginning, strlen(beginning)) == 0, "%s", result->out);
}

static void check_refused(const char *why)
{
    char beginning[300];
    snprintf(beginning, sizeof beginning, why, canned_server_address(canned));
    ask_scene_check_refused(result, beginning);
}

static const char five_head[] = "3 ok, 1 failing, 1 overdue; 100 polls, 15 failed, none early; up ";

/* --- answers ------------------------------------------------------------------------------ */

START_TEST(a_table_is_printed)
{
    static const char wanted[] =
        "overdue  delta    3.1 d  in 3 s      -     -       -     20       3  "
        "http://delta.example.net/    not polled yet\n"
        "failing  beta     3.1 d  in 3 s    4 s     -    1 ms     20       3  "
        "http://beta.example.net/     connect: refused (3 times)\n"
        "ok       alpha    3.1 d  in 3 s    5 s   0 s  100 ms     20       3  "
        "http://alpha.example.net/    200\n";
    canned_server_respond(canned, "/status.json", 200, ask_scene_five);
    result = rig_run(rig, "--status", ask_scene_listen(), NULL);
    check_told(1, five_head);
    ck_assert_msg(strstr(result->out, wanted) != NULL, "%s", result->out);
    ck_assert_ptr_null(strchr(result->out, '\x1b'));
    ck_assert_uint_eq(canned_server_requests(canned), 1);
}
END_TEST

START_TEST(the_request_is_as_it_should_be)
{
    char wanted[200];
    canned_server_respond(canned, "/status.json", 200, ask_scene_well);
    result = rig_run(rig, "--status", ask_scene_listen(), NULL);
    check_told(0, "1 ok; ");
    snprintf(wanted, sizeof wanted, "GET /status.json HTTP/1.1\r\nHost: %s\r\nUser-Agent: aiopoll/",
             canned_server_address(canned));
    ck_assert_int_eq(strncmp(canned_server_last(canned), wanted, strlen(wanted)), 0);
    ck_assert_ptr_nonnull(strstr(canned_server_last(canned), "\r\nConnection: close\r\n\r\n"));
}
END_TEST

START_TEST(a_unix_socket_is_asked)
{
    ask_scene_on_unix(rig_path(rig, "socket"));
    canned_server_respond(canned, "/status.json", 200, ask_scene_five);
    result = rig_run(rig, "--status", ask_scene_listen(), NULL);
    check_told(1, five_head);
    ck_assert_ptr_nonnull(strstr(canned_server_last(canned), "\r\nHost: localhost\r\n"));
    /* From the folder of the file. */
    rig_write(rig, "a.ini", "[aiopoll]\nlisten = unix:socket\n");
    result = rig_run(rig, "--status", "-c", rig_path(rig, "a.ini"), NULL);
    check_told(1, five_head);
}
END_TEST

START_TEST(json_is_one_line_with_the_same_status)
{
    canned_server_respond(canned, "/status.json", 200, ask_scene_five);
    result = rig_run(rig, "--status", "--log-format=json", ask_scene_listen(), NULL);
    check_told(1, "{\"version\":\"0.1.0\",");
    ck_assert_ptr_eq(strchr(result->out, '\n') + 1, result->out + strlen(result->out));
    json_t *told = json_loads(result->out, 0, NULL), *sent = json_loads(ask_scene_five, 0, NULL);
    ck_assert(json_equal(told, sent));
    json_decref(told);
    json_decref(sent);
    canned_server_respond(canned, "/status.json", 200, ask_scene_well);
    result = rig_run(rig, "--status", "--log-format=json", ask_scene_listen(), NULL);
    check_told(0, "{\"up\":268000,");
}
END_TEST

START_TEST(an_output_that_is_full_is_status_2)
{
    canned_server_respond(canned, "/status.json", 200, ask_scene_well);
    rig_set_stdout(rig, "/dev/full");
    rig_start(rig, "--status", ask_scene_listen(), NULL);
    ck_assert_int_eq(rig_wait_exit(rig, SCENE_LIMIT_MS).status, 2);
    ck_assert_str_eq(rig_stderr(rig), "aiopoll: the answer cannot be written\n");
}
END_TEST

/* --- one server ---------------------------------------------------------------------------- */

static const char beta[] =
    "{\"name\":\"beta\",\"state\":\"failing\",\"since\":1764267900,\"url\":\"http://b/\","
    "\"polls\":20,\"failures\":3,\"next\":1764268003,\"now\":1764268000,\"history\":[],"
    "\"explain\":{\"wait\":4,\"attempt\":3},\"why\":[\"The last poll failed.\",\"So it is.\"]}";

START_TEST(a_server_is_explained)
{
    canned_server_respond(canned, "/servers/beta.json", 200, beta);
    result = rig_run(rig, "--explain=beta", ask_scene_listen(), NULL);
    check_told(1, "beta is failing, for 100 s.\n\nThe last poll failed.\nSo it is.\n\n");
    ck_assert_ptr_nonnull(strstr(result->out, "\n  wait          4 s\n"));
    result = rig_run(rig, "--explain", "beta", "--log-format=json", ask_scene_listen(), NULL);
    check_told(1, "{\"name\":\"beta\",");
}
END_TEST

static const struct {
    const char *name, *told;
} unknown[] = {
    {"bata", "aiopoll: there is no server \"bata\"; did you mean beta?\n"},
    {"omega", "aiopoll: there is no server \"omega\"\n"},
    {"../status", "aiopoll: there is no server \"../status\"\n"},
    {"", "aiopoll: there is no server \"\"\n"},
    {"a\r\nb", "aiopoll: there is no server \"a\\r\\nb\"\n"},
};

START_TEST(an_unknown_name_is_told)
{
    char path[100];
    snprintf(path, sizeof path, "/servers/%s.json", unknown[_i].name);
    canned_server_respond(canned, path, 404, "{\"error\":\"there is no such server\"}");
    canned_server_respond(canned, "/status.json", 200, ask_scene_five);
    result = rig_run(rig, "--explain", unknown[_i].name, ask_scene_listen(), NULL);
    check_refused(unknown[_i].told);
    ck_assert_str_eq(result->err, unknown[_i].told);
}
END_TEST

/* --- whatever it is that answers ---------------------------------------------------------------
 */

START_TEST(a_refused_connection_is_told)
{
    char option[100], told[200];
    strcpy(option, ask_scene_listen());
    snprintf(told, sizeof told,
             "aiopoll: no daemon answers at \"%s\" (connection refused); is it running, and is "
             "listen set to that?\n",
             canned_server_address(canned));
    ask_scene_on_unix(rig_path(rig, "socket")); /* the port is free */
    result = rig_run(rig, "--status", option, NULL);
    ask_scene_check_refused(result, told);
    ck_assert_str_eq(result->err, told);
    rig_write(rig, "a.ini", "[aiopoll]\nlisten = 127.0.0.1:1\n");
    result = rig_run(rig, "--status", "-c", rig_path(rig, "a.ini"), NULL);
    ck_assert_str_eq(result->err,
                     "aiopoll: no daemon answers at \"127.0.0.1:1\" (connection refused); is it "
                     "running, and is listen set to that? A changed listen is taken at the next "
                     "start\n");
    result = rig_run(rig, "--status", "--listen=unix:/nowhere/socket", NULL);
    ask_scene_check_refused(result, "aiopoll: no daemon answers at \"unix:/nowhere/socket\" (there "
                                    "is no such socket); ");
}
END_TEST

/* The superuser may connect to any socket. False: the program can only be run as that. */
static bool become_nobody(void)
{
    if (geteuid() != 0)
        return true;
    rig_set_shell(rig, "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"");
    rig_start(rig, "--version", NULL);
    return rig_wait_exit(rig, SCENE_LIMIT_MS).status == 0;
}

START_TEST(a_missing_permission_is_told)
{
    char told[300];
    const char *path = rig_path(rig, "socket");
    ask_scene_on_unix(path);
    ck_assert_int_eq(chmod(path, 0), 0);
    ck_assert_int_eq(chmod(rig_directory(rig), 0711), 0);
    if (!become_nobody()) {
        fprintf(stderr,
                "skipped: a_missing_permission_is_told: the program cannot be run as nobody\n");
        return;
    }
    rig_start(rig, "--status", ask_scene_listen(), NULL);
    ck_assert_int_eq(rig_wait_exit(rig, SCENE_LIMIT_MS).status, 2);
    snprintf(told, sizeof told,
             "aiopoll: the permission to connect to \"unix:%s\" is missing; the socket is for the "
             "user and the group that the daemon runs as\n",
             path);
    ck_assert_str_eq(rig_stderr(rig), told);
}
END_TEST

START_TEST(silence_is_told)
{
    result = rig_run(rig, "--status", ask_scene_listen(), NULL);
    check_refused("aiopoll: no daemon answers at \"%s\" (nothing came for 5 s); ");
}
END_TEST

/* Each wait is short enough, but there is no end to them. */
START_TEST(an_answer_has_a_limit_as_a_whole)
{
    static const char endless[] = "HTTP/1.1 200 OK\r\nX-Padding: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    clock_scene_begin();
    canned_server_set(canned, "/status.json", endless, sizeof endless - 1, CANNED_DRIP);
    rig_start(rig, "--status", ask_scene_listen(), NULL);
    rig_wait(rig, canned_server_was_asked, canned, SCENE_LIMIT_MS);
    clock_scene_sleep(31 * INT64_C(1000000000));
    ck_assert_int_eq(rig_wait_exit(rig, SCENE_LIMIT_MS).status, 2);
    ck_assert_ptr_nonnull(strstr(rig_stderr(rig), " (it takes more than 30 s to answer); "));
}
END_TEST

#define OK "HTTP/1.1 200 OK\r\n"

static const struct {
    const char *answer, *why;
} foreign[] = {
    {"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", ""},
    {"\x15\x03\x01\x00\x02\x02\x46", ""},
    {"\xff\xfe\x1b[2J\r\n\r\n", ""},
    {OK "Content-Length: 7\r\n\r\n{\"ok\":1", "its answer is not JSON"},
    {OK "Content-Length: 2\r\n\r\n{}", "\"up\" is missing"},
    {OK "\r\n<html>", "its answer is not JSON"},
    {OK "\r\n", "its answer is not JSON"},
    {OK "Content-Length: 1099511627776\r\n\r\n", "its answer is too long"},
    {OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", ""},
    {OK "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "\"up\" is missing"},
    {OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", ""},
    {OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "its answer is compressed"},
    {"HTTP/1.1 204 No\r\n\r\n", "it has status 204 for /status.json"},
    {"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}", "it has status 404 for /status.json"},
    {"HTTP/1.1 302 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
     "it has status 302 for /status.json"},
    {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "it has status 503 for /status.json"},
};

START_TEST(what_is_no_aiopoll_is_told)
{
    char beginning[200];
    snprintf(beginning, sizeof beginning, "aiopoll: what answers at \"%%s\" is no aiopoll (%s",
             foreign[_i].why);
    canned_server_set(canned, "/status.json", foreign[_i].answer, strlen(foreign[_i].answer),
                      CANNED_CLOSE);
    result = rig_run(rig, "--status", ask_scene_listen(), NULL);
    check_refused(beginning);
    result = rig_run(rig, "--status", "--log-format=json", ask_scene_listen(), NULL);
    check_refused(beginning);
}
END_TEST

static const struct {
    const char *answer, *why;
} cut[] = {
    {"", "the server closed the connection without an answer"},
    {"HTTP/1", "the server closed the connection in the middle of its header"},
    {OK "Content-Length: 8\r\n\r\n{\"ok\":1", "the server closed the connection in the middle of "
                                              "its body"},
};

START_TEST(an_early_close_is_told)
{
    char beginning[200];
    snprintf(beginning, sizeof beginning, "aiopoll: no daemon answers at \"%%s\" (%s); is it ",
             cut[_i].why);
    canned_server_set(canned, "/status.json", cut[_i].answer, strlen(cut[_i].answer), CANNED_CLOSE);
    result = rig_run(rig, "--status", ask_scene_listen(), NULL);
    check_refused(beginning);
}
END_TEST

START_TEST(what_is_endless_is_cut_off)
{
    static const char *const beginnings[] = {OK "X: ", OK "\r\n", "HTTP/1.1 100 X\r\n\r\n"};
    size_t length = 140 << 20, at = strlen(beginnings[_i]);
    char *bytes = must_calloc(length, 1);
    memset(bytes, 'x', length);
    memcpy(bytes, beginnings[_i], at);
    canned_server_set(canned, "/status.json", bytes, length, CANNED_STAY);
    result = rig_run(rig, "--status", ask_scene_listen(), NULL);
    check_refused("aiopoll: what answers at \"%s\" is no aiopoll (");
    canned_server_free(canned); /* its buffer */
    free(bytes);
    canned = canned_server_new(rig_loop(rig), NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("ask");
    TCase *tests = ask_scene_case(suite, "answers");
    tcase_add_test(tests, a_table_is_printed);
    tcase_add_test(tests, the_request_is_as_it_should_be);
    tcase_add_test(tests, a_unix_socket_is_asked);
    tcase_add_test(tests, json_is_one_line_with_the_same_status);
    tcase_add_test(tests, an_output_that_is_full_is_status_2);
    tests = ask_scene_case(suite, "one server");
    tcase_add_test(tests, a_server_is_explained);
    tcase_add_loop_test(tests, an_unknown_name_is_told, 0, sizeof unknown / sizeof *unknown);
    tests = ask_scene_case(suite, "what answers");
    tcase_add_test(tests, a_refused_connection_is_told);
    tcase_add_test(tests, a_missing_permission_is_told);
    tcase_add_test(tests, silence_is_told);
    tcase_add_test(tests, an_answer_has_a_limit_as_a_whole);
    tcase_add_loop_test(tests, what_is_no_aiopoll_is_told, 0, sizeof foreign / sizeof *foreign);
    tcase_add_loop_test(tests, an_early_close_is_told, 0, sizeof cut / sizeof *cut);
    tcase_add_loop_test(tests, what_is_endless_is_cut_off, 0, 3);
    return suite;
}

CHECK_MAIN(suite())
