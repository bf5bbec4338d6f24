/*
 * What becomes of each kind of answer: the delay of a good one, or the
 * documented reason of a failure, and a sentence with it. The connection
 * survives or not, but the next poll comes in any case.
 */
#include "check_main.h"
#include "scene.h"

static const int64_t MS = 1000000;

/* Bytes of a raw answer, as they must be written in a query. */
#define SP      "%20"
#define CRLF    "%0D%0A"
#define OK_200  "HTTP/1.1" SP "200" SP "OK" CRLF
#define LENGTH4 "Content-Length:" SP "4" CRLF
#define INTERIM "HTTP/1.1" SP "103" SP "Early" CRLF "X:" SP "y" CRLF CRLF

/* --- good ones ------------------------------------------------------------------------ */

static const char *const good[] = {
    "delay=0.02",
    "delay=%09%0D%0A0.02%20%0B",
    "delay=0.02&pad=65530", /* with the newline 64 KiB - 1 */
    "delay=0.02&pad=65531", /* 64 KiB */
    "delay=0.02&framing=chunked",
    "delay=0.02&framing=chunked&pad=65531",
    "delay=0.02&framing=close",
    "delay=0.02&framing=close&pad=65531",
    "delay=0.02&status=201",
    "delay=0.02&trickle=1",
    "delay=0.02&trickle=1&framing=chunked",
    "delay=0.02&header=X-Long:" SP
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "delay=0.02&header=Content-Length:" SP "5&framing=close",
    "raw=" OK_200 LENGTH4 CRLF "0.02",
    "raw=HTTP/1.1" SP "200" SP CRLF LENGTH4 CRLF "0.02",
    "raw=" OK_200 "content-length:4" CRLF CRLF "0.02",
    "raw=" OK_200 "Transfer-Encoding:" SP "Chunked" CRLF CRLF "4;x=y" CRLF "0.02" CRLF
    "0" CRLF CRLF,
    "raw=" OK_200 "Transfer-Encoding:" SP "chunked" CRLF CRLF "2" CRLF "0." CRLF "2" CRLF "02" CRLF
    "0" CRLF "X-Trailer:" SP "9" CRLF CRLF,
    "raw=HTTP/1.1" SP "100" SP "Continue" CRLF CRLF OK_200 LENGTH4 CRLF "0.02",
    "raw=" INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM OK_200 LENGTH4 CRLF
    "0.02",
};

START_TEST(a_good_answer_gives_the_delay)
{
    scene_start("[servers]\na = @/a?%s\n", good[_i]);
    scene_await_polls("a", 2);
    scene_check_all_good("a");
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(scene_ns(scene_poll("a", i), "delay"), 20 * MS);
    rig_wait_requests(rig, mock, "a", 3, SCENE_LIMIT_MS);
    scene_check_never_early("a");
}
END_TEST

/* --- bad ones -------------------------------------------------------------------------- */

static const struct bad {
    const char *query;
    const char *error;
    int status; /* 0: none was read */
} bad[] = {
    {"status=204", "no-delay", 204},
    {"delay=", "no-delay", 200},
    {"delay=soon", "no-delay", 200},
    {"delay=-1", "no-delay", 200},
    {"delay=1%002", "no-delay", 200},
    {"delay=5%205", "no-delay", 200},
    {"delay=%EF%BB%BF5", "no-delay", 200},
    {"status=300", "status", 300},
    {"status=301&header=Location:%20gopher://h/", "redirect", 301},
    {"status=302", "redirect", 302},
    {"status=303", "redirect", 303},
    {"status=304", "status", 304},
    {"status=305", "status", 305},
    {"status=307", "redirect", 307},
    {"status=308", "redirect", 308},
    {"status=400", "status", 400},
    {"status=404&delay=5", "status", 404},
    {"status=429", "status", 429},
    {"status=500", "status", 500},
    {"status=599", "status", 599},
    {"status=600", "protocol", 0},
    {"status=999", "protocol", 0},
    {"status=101", "protocol", 0},
    {"close=request", "closed", 0},
    {"close=header", "closed", 0},
    {"close=body", "closed", 200},
    {"close=body&framing=chunked", "closed", 200},
    {"reset=request", "closed", 0},
    {"reset=header", "closed", 0},
    {"reset=body", "closed", 200},
    {"reset=body&framing=close", "closed", 200},
    {"raw=&close=after", "closed", 0},
    {"raw=" INTERIM "&close=after", "closed", 0},
    {"garbage", "protocol", 0},
    {"raw=5%0A", "protocol", 0},
    {"raw=HTTP/1.2%20200%20OK" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=HTTP/2.0%20200%20OK" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=HTTP/0.9%20200%20OK" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=RTSP/1.0%20200%20OK" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=HTTP/1.1%20%20200%20OK" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=HTTP/1.1%2099%20OK" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=HTTP/1.1%20200%20OK%0A" LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 "Content-Length:%204" CRLF "Content-Length:%204" CRLF CRLF "0.02", "protocol",
     0},
    {"raw=" OK_200 "Content-Length:%20+4" CRLF CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 "Content-Length:" CRLF CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 "Content-Length%20:%204" CRLF CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 "Content-Length:%204" CRLF "%20folded" CRLF CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 ":%20nameless" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 "X:%20a%00b" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 "Transfer-Encoding:%20chunked" CRLF LENGTH4 CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 "Transfer-Encoding:%20gzip" CRLF CRLF "0.02", "protocol", 0},
    {"raw=" OK_200 "Transfer-Encoding:%20chunked" CRLF CRLF "zz" CRLF, "protocol", 200},
    {"raw=" INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM OK_200 LENGTH4
         CRLF "0.02",
     "protocol", 0},
    {"pad=65536", "too-large", 0},
    {"pad=65536&framing=chunked", "too-large", 200},
    {"pad=65536&framing=close", "too-large", 200},
    {"endless=header", "too-large", 0},
    {"endless=interim", "protocol", 0},
    {"endless=body", "too-large", 0},
    {"endless=body&framing=chunked", "too-large", 200},
    {"endless=body&framing=close", "too-large", 200},
    {"endless=chunk-extension", "too-large", 200},
    {"endless=trailer", "too-large", 200},
};

/* The lines are valid JSON, so the detail has no control character; no other byte either. */
static void check_detail(json_t *poll)
{
    const char *detail = rig_string(poll, "detail");

    ck_assert_str_ne(detail, "");
    for (; *detail != '\0'; detail++)
        ck_assert_msg(*detail >= ' ' && *detail <= '~', "a byte of %s", detail);
}

static void check_bad(const struct bad *wanted, size_t index)
{
    json_t *poll = scene_failure("a", index, wanted->error);

    check_detail(poll);
    ck_assert_int_eq((int)rig_number(poll, "attempt"), (int)index + 1);
    if (wanted->status > 0)
        ck_assert_int_eq((int)rig_number(poll, "status"), wanted->status);
    ck_assert(scene_ns(poll, "late") >= 0);
}

/* Three polls, so that the second and third come on what is left of the connection. */
START_TEST(a_bad_answer_has_its_reason)
{
    scene_start_count(3, "[defaults]\nretry = 10ms\n[servers]\na = @/a?%s\n", bad[_i].query);
    scene_await_exit(1);
    for (size_t i = 0; i < 3; i++)
        check_bad(&bad[_i], i);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    scene_check_never_early("a");
}
END_TEST

/* --- header caps ------------------------------------------------------------------------- */

/* An answer with that many fields of that many bytes in all, besides its Content-Length. */
static const char *answer_with(size_t fields, size_t bytes_each)
{
    static struct bytes query;

    bytes_truncate(&query, 0);
    bytes_print(&query, "%s", "raw=" OK_200 LENGTH4);
    for (size_t i = 0; i < fields; i++) {
        bytes_print(&query, "X:");
        bytes_append_byte(&query, 'v', bytes_each - strlen("X:\r\n"));
        bytes_print(&query, "%s", CRLF);
    }
    bytes_print(&query, "%s", CRLF "0.02");
    return query.data;
}

START_TEST(a_header_has_up_to_128_fields)
{
    scene_start_count(1,
                      "[servers]\n"
                      "a = @/a?%s\n",
                      answer_with(127, 6));
    scene_await_exit(0);
    scene_start_count(1,
                      "[servers]\n"
                      "a = @/a?%s\n",
                      answer_with(128, 6));
    scene_await_exit(1);
    scene_failure("a", 0, "too-large");
}
END_TEST

START_TEST(max_body_is_the_most)
{
    scene_start_count(2, "[defaults]\nmax-body = 100\nretry = 10ms\n"
                         "[servers]\n"
                         "fits = @/fits?delay=0.02&pad=95\n"
                         "chunks = @/chunks?delay=0.02&pad=95&framing=chunked\n"
                         "until = @/until?delay=0.02&pad=95&framing=close\n"
                         "long = @/long?delay=0.02&pad=96\n"
                         "longer = @/longer?delay=0.02&pad=96&framing=chunked\n"
                         "longest = @/longest?delay=0.02&pad=96&framing=close\n");
    scene_await_exit(1);
    scene_check_all_good("fits");
    scene_check_all_good("chunks");
    scene_check_all_good("until");
    for (size_t i = 0; i < 2; i++) {
        scene_failure("long", i, "too-large");
        scene_failure("longer", i, "too-large");
        scene_failure("longest", i, "too-large");
    }
}
END_TEST

/* The page that comes with an error or a redirect says nothing of the delay. */
START_TEST(max_body_does_not_hide_a_status)
{
    json_t *poll;

    scene_start_count(1,
                      "[defaults]\nmax-body = 10\n"
                      "[servers]\n"
                      "busy = @/busy?status=503&retry-after=5&pad=1000\n"
                      "moved = @/moved?status=302&header=Location:%%20/to?delay=0.02&pad=1000\n");
    scene_await_exit(1);
    poll = scene_failure("busy", 0, "status");
    ck_assert_int_eq((int)rig_number(poll, "status"), 503);
    ck_assert_int_eq(scene_ns(poll, "delay"), 5000 * MS);
    ck_assert_int_eq(scene_ns(scene_poll("moved", 0), "delay"), 20 * MS);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("reasons");
    TCase *tests = scene_case(suite, "good");

    tcase_add_loop_test(tests, a_good_answer_gives_the_delay, 0, sizeof(good) / sizeof(good[0]));
    tests = scene_case(suite, "bad");
    tcase_add_loop_test(tests, a_bad_answer_has_its_reason, 0, sizeof(bad) / sizeof(bad[0]));
    tests = scene_case(suite, "limits");
    tcase_add_test(tests, a_header_has_up_to_128_fields);
    tcase_add_test(tests, max_body_is_the_most);
    tcase_add_test(tests, max_body_does_not_hide_a_status);
    return suite;
}

CHECK_MAIN(suite())
