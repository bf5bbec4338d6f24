/*
 * Servers that mean harm: answers without an end, bytes that nobody asked for, ends at
 * each stage, and codings. The poll fails in time and with its
 * reason, the next one comes, and nothing is left of the one before.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check_main.h"
#include "full_listener.h"
#include "scene.h"
#include "trail.h"

static const int64_t MS = 1000000;

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Bytes of a raw answer, as they must be written in a query. */
#define SP    "%20"
#define CRLF  "%0D%0A"
#define STRAY "HTTP/1.1" SP "200" SP "OK" CRLF "Content-Length:" SP "3" CRLF CRLF "999"

static void setup(void)
{
    trail_begin();
    trail_watch(mock);
}

/* Servers are in one run where they can: s0, s1, and so on. */
static const char *name_of(int index)
{
    return trail_print("s%d", index);
}

static void add_server(struct bytes *list, int index, const char *query)
{
    bytes_print(list, "s%d = @/s%d?%s\n", index, index, query);
}

/* Starts them for so many polls, with these defaults, and waits for the end. */
static void run_servers(unsigned count, const char *defaults, struct bytes *list, int status)
{
    scene_start_count(count, "[defaults]\nretry = 10ms\n%s[servers]\n%s", defaults, list->data);
    bytes_finish(list);
    scene_await_exit(status);
}

/* Each request of it came on a connection of its own. */
static void check_connections(const char *server, size_t requests)
{
    ck_assert_uint_eq(mock_server_requests(mock, server), requests);
    for (size_t i = 1; i < requests; i++)
        ck_assert_uint_ne(scene_request(server, i)->connection,
                          scene_request(server, i - 1)->connection);
}

static const char *detail_of(const char *server, size_t index)
{
    return rig_string(scene_poll(server, index), "detail");
}

/* --- without an end ------------------------------------------------------------------------ */

static const struct {
    const char *query, *error, *detail;
} endless[] = {
    {"endless=header", "too-large", "its header has more than 128 fields"},
    {"endless=interim", "protocol", "it begins with more than 8 interim responses"},
    {"endless=chunk-extension", "too-large", "its chunks are mostly framing"},
    {"endless=trailer", "too-large", "its header has more than 128 fields"},
    {"endless=body", "too-large", "its body is longer than 65536 bytes (max-body)"},
    {"endless=body&framing=chunked", "too-large", "its body is longer than 65536 bytes (max-body)"},
    {"endless=body&framing=close", "too-large", "its body is longer than 65536 bytes (max-body)"},
    {"status=302&location=/&endless=body&framing=chunked", "too-large",
     "its body is longer than 65536 bytes"},
    {"status=500&endless=body&framing=chunked", "too-large", "its body is longer than 65536 bytes"},
    {"status=302&location-pad=1000000&location=/", "too-large",
     "its Location is longer than 4096 bytes"},
};

START_TEST(an_answer_without_an_end_is_given_up)
{
    struct bytes list = {0};

    for (int i = 0; i < COUNT_OF(endless); i++)
        add_server(&list, i, endless[i].query);
    run_servers(3, "", &list, 1);
    for (int i = 0; i < COUNT_OF(endless); i++) {
        check_connections(name_of(i), 3);
        for (size_t j = 0; j < 3; j++) {
            scene_failure(name_of(i), j, endless[i].error);
            ck_assert_str_eq(detail_of(name_of(i), j), endless[i].detail);
        }
    }
}
END_TEST

/* A byte now and then, in each part of an answer. */
static const struct {
    const char *query, *where;
} trickling[] = {
    {"", "in the middle of the response"},
    {"&framing=chunked", "in the middle of the response"},
    {"&framing=close", "in the middle of the response"},
    {"&pad=4000", "in the middle of the response"},
    {"&endless=header", "in the middle of the response"},
    {"&endless=interim", "in the middle of the response"},
    {"&endless=chunk-extension", "in the middle of the response"},
    {"&endless=trailer", "in the middle of the response"},
    {"&endless=body", "in the middle of the response"},
    {"&silent", "waiting for the response"},
    {"&slow=60000", "waiting for the response"},
    {"&raw=", "waiting for the response"},
};

static void check_trickling(const char *server, const char *where)
{
    for (size_t i = 0; i < 2; i++) {
        json_t *poll = scene_failure(server, i, "timeout");

        ck_assert_int_ge(scene_ns(poll, "took"), 300 * MS);
        ck_assert_str_eq(rig_string(poll, "detail") + strlen("300ms have passed, "), where);
    }
    check_connections(server, 2);
    scene_check_never_early(server);
}

START_TEST(one_that_trickles_is_given_up_in_time)
{
    struct bytes list = {0};

    for (int i = 0; i < COUNT_OF(trickling); i++)
        add_server(&list, i, trail_print("trickle=20%s", trickling[i].query));
    run_servers(2, "timeout = 300ms\n", &list, 1);
    for (int i = 0; i < COUNT_OF(trickling); i++)
        check_trickling(name_of(i), trickling[i].where);
}
END_TEST

/* --- unasked for --------------------------------------------------------------------------- */

/* Accepts until it is the program's connection, which is the one that does not end. */
static int accept_program(int listener)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char byte;

        ck_assert_int_ge(fd, 0);
        if (recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
            return fd;
        close(fd);
    }
}

/* While it is stopped, its connect succeeds and bytes come. It finds both at once. */
START_TEST(an_answer_before_the_request_is_refused)
{
    static const char early[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n0.01";
    struct full_listener full;
    int fd;

    full_listener_init(&full);
    scene_start("[servers]\na = http://127.0.0.1:%d/\n", full.port);
    rig_wait_stdout(rig, "\"is\":\"connecting\"", SCENE_LIMIT_MS);
    rig_signal(rig, SIGSTOP);
    for (int i = 0; i < FULL_LISTENER_FILLERS; i++)
        shutdown(full.fillers[i], SHUT_RDWR);
    fd = accept_program(full.fd);
    ck_assert_int_eq(send(fd, early, strlen(early), 0), (int)strlen(early));
    rig_signal(rig, SIGCONT);
    scene_await_polls("a", 1);
    scene_failure("a", 0, "protocol");
    ck_assert_str_eq(detail_of("a", 0), "the server answered before it was asked");
    rig_stop(rig);
    close(fd);
    full_listener_finish(&full);
}
END_TEST

static const char *const together[] = {
    "late-extra=" STRAY, "late-extra=x", "late-extra=" CRLF,
    "close=idle",        "reset=idle",   "late-extra=" STRAY "&close=idle",
};

enum { TOGETHER = COUNT_OF(together) };

static void check_not_the_next_answer(const char *server)
{
    scene_check_all_good(server);
    ck_assert_int_eq(scene_ns(scene_poll(server, 1), "delay"), 20 * MS);
    check_connections(server, 2);
}

/* While it is stopped, its moment to ask comes, and what is unasked: before it, or after.
 * It finds both at once. */
START_TEST(bytes_just_before_a_request_are_not_its_answer)
{
    struct bytes list = {0};

    for (int i = 0; i < 2 * TOGETHER; i++)
        add_server(&list, i,
                   trail_print("delay=1.5,0.02&idle-ms=%d&%s", i < TOGETHER ? 1000 : 1800,
                               together[i % TOGETHER]));
    scene_start_count(2, "[defaults]\nmethod = POST\n[servers]\n%s", list.data);
    bytes_finish(&list);
    scene_await_polls(NULL, 2 * TOGETHER);
    rig_signal(rig, SIGSTOP);
    rig_pass(rig, 2000);
    rig_signal(rig, SIGCONT);
    scene_await_exit(0);
    for (int i = 0; i < 2 * TOGETHER; i++)
        check_not_the_next_answer(name_of(i));
}
END_TEST

/* In the same packet as the answer. */
static const char *const answers[] = {
    "raw=HTTP/1.1" SP "200" SP "OK" CRLF "Content-Length:4" CRLF CRLF "0.02",
    "raw=HTTP/1.1" SP "200" SP "OK" CRLF "Transfer-Encoding:chunked" CRLF CRLF "4" CRLF "0.02" CRLF
    "0" CRLF CRLF,
    "raw=HTTP/1.1" SP "200" SP "OK" CRLF "Transfer-Encoding:chunked" CRLF CRLF "4" CRLF "0.02" CRLF
    "0" CRLF "A:b" CRLF CRLF,
    "raw=HTTP/1.0" SP "200" SP "OK" CRLF "Connection:keep-alive" CRLF "Content-Length:4" CRLF CRLF
    "0.02",
    "raw=HTTP/1.1" SP "204" SP "OK" CRLF CRLF,
    "raw=HTTP/1.1" SP "204" SP "OK" CRLF "Content-Length:3" CRLF CRLF,
    "raw=HTTP/1.1" SP "304" SP "OK" CRLF "Content-Length:99" CRLF CRLF,
    "raw=HTTP/1.1" SP "304" SP "OK" CRLF "Transfer-Encoding:chunked" CRLF CRLF,
    "raw=HTTP/1.1" SP "500" SP "OK" CRLF "Content-Length:0" CRLF CRLF,
};

/* What is behind them. */
static const char *const extras[] = {STRAY, "x",           CRLF,
                                     "%00", "0" CRLF CRLF, "HTTP/1.1" SP "100" SP CRLF CRLF};

enum { ANSWERS = COUNT_OF(answers), EXTRAS = COUNT_OF(extras) };

/* Each with each. */
START_TEST(bytes_behind_an_answer_are_none_of_the_next)
{
    struct bytes list = {0};

    for (int i = 0; i < ANSWERS * EXTRAS; i++)
        add_server(&list, i, trail_print("%s&extra=%s", answers[i / EXTRAS], extras[i % EXTRAS]));
    run_servers(3, "", &list, 1);
    for (int i = 0; i < ANSWERS * EXTRAS; i++) {
        bool good = strstr(answers[i / EXTRAS], "0.02") != NULL;

        check_connections(name_of(i), 3);
        for (size_t j = 0; j < 3; j++) {
            json_t *poll = scene_poll(name_of(i), j);

            ck_assert_str_eq(rig_string(poll, "result"), good ? "ok" : "error");
            if (good)
                ck_assert_int_eq(scene_ns(poll, "delay"), 20 * MS);
        }
    }
}
END_TEST

/* --- ends at each stage -------------------------------------------------------------------- */

#define STATUS_LINE "HTTP/1.1" SP "200" SP "OK" CRLF
#define CHUNKED     STATUS_LINE "Transfer-Encoding:chunked" CRLF CRLF

static const char *const stages[] = {
    "",
    "H",
    "HTTP/1.1" SP "20",
    "HTTP/1.1" SP "200" SP "OK%0D",
    STATUS_LINE,
    STATUS_LINE "Content-Len",
    STATUS_LINE "Content-Length:" SP "1",
    STATUS_LINE "Content-Length:" SP "1" CRLF,
    STATUS_LINE "Content-Length:" SP "1" CRLF "%0D",
    STATUS_LINE "Content-Length:" SP "1" CRLF CRLF,
    STATUS_LINE "Content-Length:" SP "5" CRLF CRLF "0.02",
    "HTTP/1.1" SP "103" SP "Early" CRLF CRLF,
    "HTTP/1.1" SP "103" SP "Early" CRLF CRLF "HTTP/1.1",
    CHUNKED,
    CHUNKED "4",
    CHUNKED "4;a",
    CHUNKED "4;a=%22",
    CHUNKED "4" CRLF,
    CHUNKED "4" CRLF "0.",
    CHUNKED "4" CRLF "0.02",
    CHUNKED "4" CRLF "0.02" CRLF,
    CHUNKED "4" CRLF "0.02" CRLF "0",
    CHUNKED "4" CRLF "0.02" CRLF "0" CRLF,
    CHUNKED "4" CRLF "0.02" CRLF "0" CRLF "A:",
    CHUNKED "4" CRLF "0.02" CRLF "0" CRLF "A:b" CRLF,
    CHUNKED "4" CRLF "0.02" CRLF "0" CRLF "A:b" CRLF "%0D",
};

static const char *const ends[] = {"close", "reset"};

START_TEST(an_end_within_an_answer_is_no_answer)
{
    struct bytes list = {0};

    for (int i = 0; i < COUNT_OF(stages); i++)
        add_server(&list, i, trail_print("raw=%s&%s=after", stages[i], ends[_i]));
    run_servers(2, "", &list, 1);
    for (int i = 0; i < COUNT_OF(stages); i++) {
        scene_failure(name_of(i), 0, "closed");
        scene_failure(name_of(i), 1, "closed");
        ck_assert_uint_eq(mock_server_requests(mock, name_of(i)), 2);
    }
}
END_TEST

START_TEST(a_reset_does_not_complete_a_body)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n[servers]\na = @/a?raw=%s0.02&%s=after\n",
                      STATUS_LINE CRLF, ends[_i]);
    scene_await_exit(_i == 0 ? 0 : 1);
    if (_i == 1)
        scene_failure("a", 1, "closed");
}
END_TEST

/* --- codings that nobody asked for --------------------------------------------------------- */

/* "5\n" by gzip. */
#define GZIP "%1F%8B%08%00%00%00%00%00%02%033%E5%02%00W9=%03%02%00%00%00"

static const struct {
    const char *query, *detail;
} coded[] = {
    {"delay=" GZIP "&header=Content-Encoding:%20gzip",
     "the body is coded (\"gzip\"), which was not asked for"},
    {"delay=0.02&header=Content-Encoding:%20gzip",
     "the body is coded (\"gzip\"), which was not asked for"},
    {"delay=0.02&header=content-encoding:%20X-GZIP,%20br&framing=chunked",
     "the body is coded (\"X-GZIP, br\"), which was not asked for"},
    {"delay=" GZIP, "the body is not a number of seconds: \"\\x1f\\x8b\\x08"},
};

START_TEST(a_coded_body_has_no_delay)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n[servers]\na = @/a?%s\n", coded[_i].query);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        scene_failure("a", i, "no-delay");
        ck_assert_msg(strncmp(detail_of("a", i), coded[_i].detail, strlen(coded[_i].detail)) == 0,
                      "%s", detail_of("a", i));
    }
    ck_assert(!trail_has_name(0, "Accept-Encoding"));
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("hostile");
    TCase *tests = scene_case(suite, "endless");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, an_answer_without_an_end_is_given_up);
    tcase_add_test(tests, one_that_trickles_is_given_up_in_time);
    tests = scene_case(suite, "unasked");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, an_answer_before_the_request_is_refused);
    tcase_add_test(tests, bytes_just_before_a_request_are_not_its_answer);
    tcase_add_test(tests, bytes_behind_an_answer_are_none_of_the_next);
    tests = scene_case(suite, "ends");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, an_end_within_an_answer_is_no_answer, 0, 2);
    tcase_add_loop_test(tests, a_reset_does_not_complete_a_body, 0, 2);
    tests = scene_case(suite, "coded");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, a_coded_body_has_no_delay, 0, COUNT_OF(coded));
    return suite;
}

CHECK_MAIN(suite())
