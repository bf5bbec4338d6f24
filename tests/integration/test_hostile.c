/*
 * Servers that mean harm: answers without an end, bytes that nobody asked for, ends at
 * each stage, and texts that would forge the log. The poll fails in time and with its
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

static const char *detail_of(const char *server, size_t index)
{
    return rig_string(scene_poll(server, index), "detail");
}

/* --- without an end -------------------------------------------------------------------- */

static const struct {
    const char *query, *error, *detail;
} endless[] = {
    {"endless=header", "too-large", "its header has more than 128 fields"},
    {"endless=interim", "protocol", "it begins with more than 8 interim responses"},
    {"endless=chunk-extension", "too-large", "its chunks are mostly framing"},
    {"endless=trailer", "too-large", "its header has more than 128 fields"},
    {"endless=body", "too-large", "its body has 1099511627776 bytes, and max-body is 65536"},
    {"endless=body&framing=chunked", "too-large", "its body is longer than max-body, 65536 bytes"},
    {"endless=body&framing=close", "too-large", "its body is longer than max-body, 65536 bytes"},
    {"status=302&location=/&endless=body&framing=chunked", "too-large",
     "its body is longer than max-body, 65536 bytes"},
    {"status=500&endless=body&framing=chunked", "too-large",
     "its body is longer than max-body, 65536 bytes"},
    {"status=204&header=Content-Length:%201099511627776&endless=body", "no-delay",
     "the body is empty, and not a number of seconds"},
    {"status=302&location-pad=1000000&location=/", "too-large",
     "its Location is longer than 4096 bytes"},
};

START_TEST(an_answer_without_an_end_is_given_up)
{
    scene_start_count(3, "[defaults]\nretry = 10ms\n[servers]\na = @/a?%s\n", endless[_i].query);
    scene_await_exit(1);
    for (size_t i = 0; i < 3; i++) {
        scene_failure("a", i, endless[_i].error);
        ck_assert_str_eq(detail_of("a", i), endless[_i].detail);
        ck_assert_uint_eq(trail_at(i)->connection, i + 1);
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

START_TEST(one_that_trickles_is_given_up_in_time)
{
    scene_start_count(2,
                      "[defaults]\nretry = 10ms\ntimeout = 300ms\n"
                      "[servers]\na = @/a?trickle=20%s\n",
                      trickling[_i].query);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        json_t *poll = scene_failure("a", i, "timeout");

        ck_assert_int_ge(scene_ns(poll, "took"), 300 * MS);
        ck_assert_str_eq(rig_string(poll, "detail") + strlen("300ms have passed, "),
                         trickling[_i].where);
        ck_assert_uint_eq(trail_at(i)->connection, i + 1);
    }
    scene_check_never_early("a");
}
END_TEST

/* --- unasked for ------------------------------------------------------------------------- */

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

/* While it is stopped, its moment to ask comes, and what is unasked: before it, or after.
 * It finds both at once. */
START_TEST(bytes_just_before_a_request_are_not_its_answer)
{
    scene_start("[server a]\nmethod = POST\nurl = @/a?delay=0.3,0.02&idle-ms=%d&%s\n",
                _i < TOGETHER ? 100 : 400, together[_i % TOGETHER]);
    scene_await_polls("a", 1);
    rig_signal(rig, SIGSTOP);
    rig_pass(rig, 550);
    rig_signal(rig, SIGCONT);
    scene_await_polls("a", 2);
    scene_check_all_good("a");
    ck_assert_int_eq(scene_ns(scene_poll("a", 1), "delay"), 20 * MS);
    ck_assert_uint_eq(scene_request("a", 0)->connection, 1);
    ck_assert_uint_eq(scene_request("a", 1)->connection, 2);
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
static const char *const extras[] = {STRAY, "x",           CRLF,
                                     "%00", "0" CRLF CRLF, "HTTP/1.1" SP "100" SP CRLF CRLF};

START_TEST(bytes_behind_an_answer_are_none_of_the_next)
{
    bool good = strstr(answers[_i], "0.02") != NULL;
    struct bytes list = {0};

    for (int i = 0; i < COUNT_OF(extras); i++)
        bytes_print(&list, "s%d = @/s%d?%s&extra=%s\n", i, i, answers[_i], extras[i]);
    scene_start_count(3, "[defaults]\nretry = 10ms\n[servers]\n%s", list.data);
    bytes_finish(&list);
    scene_await_exit(good ? 0 : 1);
    ck_assert_uint_eq(mock_server_connections(mock), 3 * COUNT_OF(extras));
    for (size_t i = 0; i < 3 * COUNT_OF(extras); i++) {
        json_t *poll = scene_poll(NULL, i);

        ck_assert_str_eq(rig_string(poll, "result"), good ? "ok" : "error");
        if (good)
            ck_assert_int_eq(scene_ns(poll, "delay"), 20 * MS);
    }
}
END_TEST

/* --- ends at each stage ------------------------------------------------------------------------
 */

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

/* Which of both, and whether what came before it had to be waited for. */
START_TEST(an_end_within_an_answer_is_no_answer)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n[servers]\na = @/a?raw=%s&%s=after\n",
                      stages[_i / 2], _i % 2 == 0 ? "close" : "reset");
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++)
        scene_failure("a", i, "closed");
    ck_assert_uint_eq(trail_count(), 2);
}
END_TEST

START_TEST(a_reset_does_not_complete_a_body)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n[servers]\na = @/a?raw=%s0.02&%s=after\n",
                      STATUS_LINE CRLF, _i == 0 ? "close" : "reset");
    scene_await_exit(_i == 0 ? 0 : 1);
    if (_i == 1)
        scene_failure("a", 1, "closed");
}
END_TEST

/* --- what is told -------------------------------------------------------------------------------
 */

static const char *const payloads[] = {
    "%1B%5B31mred%1B%5B0m",              /* a terminal's colours */
    "%9B31mred",                         /* CSI in one byte */
    "%C2%9B31mred",                      /* and in UTF-8 */
    "%7F%08%08%07",                      /* DEL, BS, BEL */
    "a%0Ab%0Dc%0D%0Ad",                  /* lines */
    "%E2%80%A8x%E2%80%A9x%C2%85x",       /* lines of Unicode */
    "%E2%80%AEx%E2%81%A6x%E2%80%8Fx",    /* writing from right to left */
    "%FF%FE%C0%80%ED%A0%80%F5%80%80%80", /* no UTF-8 */
    "%C3",                               /* the beginning of a character */
    "a%00b",
    "%22",
    "%5C",
    "%5C%22%5C%5C%22",
    "%22%20error=ok%20detail=%22",
    "%22,%22error%22:%22ok%22,%22x%22:%22",
    "%5Cu0022,%5Cu000a",
    "=%20server=b%20error=none",
    "%0A2026-11-23T00:00:00.000Z%20info%20stop%20why=count",
    "%0A{%22event%22:%22stop%22}",
    "%25s%25n%25x",
    "${HOME}%24%28id%29%60id%60",
    "%EF%BB%BF5",
    "<script>alert%281%29</script>",
};

/* Where a server can put it. */
static const struct {
    const char *before, *after;
    const char *settings;
} places[] = {
    {"delay=", "", ""},
    {"header=X-Next:%20", "", "delay-from = header:X-Next\n"},
    {"header=Content-Encoding:%20", "", ""},
    {"header=Server:%20", "&status=500", ""},
    {"status=302&location=", "", ""},
    {"status=302&location=http://", "/", ""},
    {"status=302&location=//h:", "/", ""},
    {"status=302&location=", ":x", ""},
    {"raw=", "", ""},
    {"raw=HTTP/1.1%20500%20", CRLF "Content-Length:0" CRLF CRLF, ""},
    {"raw=HTTP/1.1%20", CRLF CRLF, ""},
    {"raw=" STATUS_LINE, CRLF CRLF, ""},
    {"raw=" STATUS_LINE "Transfer-Encoding:", CRLF CRLF, ""},
    {"raw=" CHUNKED, CRLF CRLF, ""},
    {"raw=" CHUNKED "4;", CRLF "soon" CRLF "0" CRLF CRLF, ""},
    {"raw=" CHUNKED "0" CRLF, CRLF CRLF, ""},
};

enum { PLACES = COUNT_OF(places), PAYLOADS = COUNT_OF(payloads) };

/* One server for each payload. What cannot stand in a URL is encoded. */
static const char *config_of(int place)
{
    struct bytes list = {0};
    const char *path;

    for (int i = 0; i < PAYLOADS; i++) {
        bytes_print(&list, "[server s%d]\nurl = http://%s/s%d?%s", i, mock_server_authority(mock),
                    i, places[place].before);
        for (const char *at = payloads[i]; *at != '\0'; at++)
            bytes_print(&list, strchr("<>{}$", *at) != NULL ? "%%%02X" : "%c", (unsigned)*at);
        bytes_print(&list, "%s\n%s", places[place].after, places[place].settings);
    }
    path = rig_write(rig, "servers.ini", "[defaults]\nretry = 10ms\ntimeout = 1s\n%s", list.data);
    bytes_finish(&list);
    return path;
}

static void check_printable(const char *line)
{
    for (const char *at = line; *at != '\0'; at++)
        ck_assert_msg(*at >= ' ' && *at <= '~', "a byte of %s", line);
}

/* All of a value, bare or in quotes; returns what is behind it. */
static const char *skip_value(const char *at, const char *line)
{
    if (*at != '"') {
        while (*at > ' ' && *at <= '~' && strchr("\"\\=", *at) == NULL)
            at++;
        return at;
    }
    for (at++; *at != '"'; at++) {
        ck_assert_msg(*at != '\0', "no end of quotes in %s", line);
        if (*at == '\\' && strchr("\"\\nrtx", *++at) == NULL)
            ck_abort_msg("an escape in %s", line);
    }
    return at + 1;
}

/* As somebody reads it who splits the line into fields: each once, and of those that are ours. */
static void check_text_fields(const char *fields)
{
    static const char *const known[] = {"server", "status", "delay",     "took",
                                        "late",   "reused", "redirects", "clamped",
                                        "error",  "detail", "attempt",   "repeated"};
    unsigned seen = 0;

    for (const char *at = fields; *at != '\0';) {
        size_t length = strcspn(at + 1, "=");
        int i = 0;

        while (i < COUNT_OF(known) &&
               (strlen(known[i]) != length || strncmp(at + 1, known[i], length) != 0))
            i++;
        ck_assert_msg(*at == ' ' && i < COUNT_OF(known) && (seen & 1U << i) == 0, "at '%s' of %s",
                      at, fields);
        seen |= 1U << i;
        at = skip_value(at + 1 + length + 1, fields);
    }
}

START_TEST(a_line_of_text_cannot_be_forged)
{
    size_t polls = 0;

    rig_start(rig, "--log-level=info", "--once", "-c", config_of(_i), NULL);
    scene_await_exit(1);
    for (size_t i = 0; i < rig_line_count(rig); i++) {
        const char *line = rig_line(rig, i);

        check_printable(line);
        if (strstr(line, " poll ") == NULL)
            continue;
        polls++;
        check_text_fields(strstr(line, " poll ") + strlen(" poll"));
        ck_assert_ptr_nonnull(strstr(line, " server=s"));
    }
    /* Besides: start, ready, stop. */
    ck_assert_uint_eq(polls, PAYLOADS);
    ck_assert_uint_eq(rig_line_count(rig), PAYLOADS + 3);
}
END_TEST

static void check_json(size_t index)
{
    json_error_t error;
    json_t *object = json_loads(rig_line(rig, index), JSON_REJECT_DUPLICATES, &error);
    const char *key;
    json_t *value;

    check_printable(rig_line(rig, index));
    ck_assert_msg(object != NULL, "%s: %s", error.text, rig_line(rig, index));
    /* Nothing is left to be done by whoever shows a value. */
    json_object_foreach(object, key, value) if (json_is_string(value))
        check_printable(json_string_value(value));
    json_decref(object);
}

START_TEST(a_line_of_json_cannot_be_forged)
{
    rig_start(rig, "--log-format=json", "--log-level=info", "--once", "-c", config_of(_i), NULL);
    scene_await_exit(1);
    ck_assert_uint_eq(rig_line_count(rig), PAYLOADS + 3);
    for (size_t i = 0; i < rig_line_count(rig); i++)
        check_json(i);
    for (int i = 0; i < PAYLOADS; i++)
        ck_assert_str_eq(rig_string(scene_poll(trail_print("s%d", i), 0), "result"), "error");
}
END_TEST

/* --- codings that nobody asked for
 * ------------------------------------------------------------------ */

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
    tcase_add_loop_test(tests, an_answer_without_an_end_is_given_up, 0, COUNT_OF(endless));
    tcase_add_loop_test(tests, one_that_trickles_is_given_up_in_time, 0, COUNT_OF(trickling));
    tests = scene_case(suite, "unasked");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, an_answer_before_the_request_is_refused);
    tcase_add_loop_test(tests, bytes_just_before_a_request_are_not_its_answer, 0, 2 * TOGETHER);
    tcase_add_loop_test(tests, bytes_behind_an_answer_are_none_of_the_next, 0, COUNT_OF(answers));
    tests = scene_case(suite, "ends");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, an_end_within_an_answer_is_no_answer, 0, 2 * COUNT_OF(stages));
    tcase_add_loop_test(tests, a_reset_does_not_complete_a_body, 0, 2);
    tests = scene_case(suite, "told");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, a_line_of_text_cannot_be_forged, 0, PLACES);
    tcase_add_loop_test(tests, a_line_of_json_cannot_be_forged, 0, PLACES);
    tcase_add_loop_test(tests, a_coded_body_has_no_delay, 0, COUNT_OF(coded));
    return suite;
}

CHECK_MAIN(suite())
