/*
 * Where the delay comes from: the sources in their order, Retry-After as a date, and what the
 * log says of it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check_main.h"
#include "trail_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define MS         INT64_C(1000000)
#define SECONDS(n) (INT64_C(1000000000) * (n))

#define OK    "HTTP/1.1 200 OK\r\n"
#define BUSY  "HTTP/1.1 503 Service Unavailable\r\n"
#define DATE  "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define CLOSE "Connection: close\r\n\r\n"
#define THREE "delay-from = header:X-Next, json:/next, body\n"
#define RETRY "retry = 10ms\nretry-max = 10ms\n"

static json_t *poll_once(const char *settings, const char *response, int status)
{
    scene_start_count(1, "[server a]\nurl = @/a?raw=%s&close=after\n%s", trail_encode(response),
                      settings);
    scene_await_exit(status);
    return scene_poll("a", 0);
}

static json_t *explanation(void)
{
    size_t cursor = 0;
    json_t *event = rig_next_event(rig, &cursor, "explain", "a");

    ck_assert_ptr_nonnull(event);
    return event;
}

/* --- precedence ------------------------------------------------------------------------------ */

static const struct {
    const char *response, *source;
    int64_t delay;
} found[] = {
    {OK "X-Next: 7\r\n" CLOSE "{\"next\":8}", "header:X-Next", SECONDS(7)},
    {OK CLOSE "{\"next\":8}", "json:/next", SECONDS(8)},
    {OK "x-next: 1m\r\n" CLOSE "9", "header:X-Next", SECONDS(60)},
    {OK CLOSE "9", "body", SECONDS(9)}, /* which is JSON as well, and has no /next */
};

START_TEST(the_first_that_is_there_counts)
{
    json_t *poll = poll_once(THREE, found[_i].response, 0);

    ck_assert_int_eq(scene_ns(poll, "delay"), found[_i].delay);
    ck_assert_str_eq(rig_string(explanation(), "source"), found[_i].source);
}
END_TEST

static const struct {
    const char *response, *detail;
} wrong[] = {
    {OK "X-Next: soon\r\n" CLOSE "{\"next\":8}", "the field X-Next is not a number of seconds"},
    {OK "X-Next: 1\r\nX-Next: 2\r\n" CLOSE "9", "the field X-Next stands more than once"},
    {OK CLOSE "{\"next\":true}", "the value at json:/next is true"},
    {OK CLOSE "<9>", "the body is not JSON from line 1, column 1 on"},
    {OK "Content-Encoding: gzip\r\n" CLOSE "9", "the body is coded (\"gzip\")"},
    {OK "Content-Length: 0\r\n\r\n", "the response has none of header:X-Next, json:/next, body"},
    {OK CLOSE "{}", "the body is not a number of seconds: \"{}\""},
};

START_TEST(one_that_is_wrong_is_the_end)
{
    const char *detail;

    poll_once(THREE, wrong[_i].response, 1);
    detail = rig_string(scene_failure("a", 0, "no-delay"), "detail");
    ck_assert_msg(strstr(detail, wrong[_i].detail) != NULL, "%s", detail);
}
END_TEST

static const struct {
    const char *settings, *response;
    int64_t delay;
} meanings[] = {
    {"delay-unit = ms\n", OK CLOSE "1500", 1500 * MS},
    {"delay-unit = m\n", OK CLOSE "1.5", SECONDS(90)},
    {"delay-unit = h\ndelay-from = header:A\n", OK "A: \"2\"\r\n" CLOSE, SECONDS(7200)},
    {"delay-unit = h\ndelay-from = header:A\n", OK "A: 2s\r\n" CLOSE, SECONDS(2)},
    {"delay-scale = 0.33\n", OK CLOSE "30", 9900 * MS},
    {"delay-scale = 2\ndelay-from = header:A\n", OK "A: 1:00:00:01\r\n" CLOSE, SECONDS(86400)},
    {"delay-scale = 0.5\nmin-delay = 4s\n", OK CLOSE "6", SECONDS(4)},
    {"delay-from = header:Retry-After\n",
     OK DATE "Retry-After: Sunday, 06-Nov-94 08:50:37 GMT\r\n" CLOSE, SECONDS(60)},
    {"delay-from = header:Retry-After\n", OK DATE "Retry-After: Sun Nov  6 08:49:36 1994\r\n" CLOSE,
     0},
};

START_TEST(unit_and_scale_say_what_it_means)
{
    json_t *poll = poll_once(meanings[_i].settings, meanings[_i].response, 0);

    ck_assert_int_eq(scene_ns(poll, "delay"), meanings[_i].delay);
}
END_TEST

/* --- Retry-After ------------------------------------------------------------------------------ */

static const struct {
    const char *response;
    int64_t delay;
} asked[] = {
    {BUSY DATE "Retry-After: Sun, 06 Nov 1994 09:49:37 GMT\r\n" CLOSE "busy", SECONDS(3600)},
    {BUSY DATE "Retry-After: 120\r\n" CLOSE "busy", SECONDS(120)},
    /* neither delay-scale nor delay-unit is meant for it */
    {"HTTP/1.1 429 Slow Down\r\n" DATE "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n" CLOSE,
     SECONDS(60)},
    {BUSY DATE "Retry-After: Sat, 06 Nov 2094 08:49:37 GMT\r\n" CLOSE, SECONDS(86400)},
};

START_TEST(a_retry_after_may_be_a_date)
{
    json_t *poll = poll_once(RETRY "delay-scale = 0.5\ndelay-unit = h\n", asked[_i].response, 1);

    ck_assert_int_eq(scene_ns(poll, "delay"), asked[_i].delay);
    ck_assert_int_le(scene_ns(explanation(), "back-off"), 10 * MS);
}
END_TEST

/* Against our own clock, which the test shares. */
START_TEST(without_a_date_it_is_measured_by_our_clock)
{
    char response[160], date[64];
    time_t then = time(NULL) + 3600;
    struct tm tm;
    json_t *poll;

    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &tm));
    snprintf(response, sizeof(response), BUSY "Retry-After: %s\r\n" CLOSE, date);
    poll = poll_once(RETRY, response, 1);
    ck_assert_int_le(scene_ns(poll, "delay"), SECONDS(3600));
    ck_assert_int_ge(scene_ns(poll, "delay"), SECONDS(3500));
}
END_TEST

/* Of what is no date, and of a past one, nothing comes. */
START_TEST(one_that_is_wrong_is_as_if_absent)
{
    static const char *const fields[] = {
        "Retry-After: Mon, 06 Nov 1994 09:49:37 GMT\r\n",
        "Retry-After: Sun, 06 Nov 1994 08:00:00 GMT\r\n",
        "Retry-After: tomorrow\r\n",
        "Retry-After: 1.5\r\n",
    };
    json_t *poll = poll_once(RETRY, trail_print(BUSY DATE "%s" CLOSE, fields[_i]), 1);

    ck_assert_int_le(scene_ns(poll, "delay"), 10 * MS);
}
END_TEST

/* --- explain ------------------------------------------------------------------------------------
 */

START_TEST(a_good_poll_is_explained)
{
    json_t *explain, *poll;

    poll = poll_once(THREE "delay-scale = 0.33\nmax-delay = 20s\n",
                     OK CLOSE "{\"next\":\"00:01:40\"}", 0);
    explain = explanation();
    ck_assert_str_eq(rig_string(explain, "level"), "debug");
    ck_assert_str_eq(rig_string(explain, "source"), "json:/next");
    ck_assert_str_eq(rig_string(explain, "raw"), "00:01:40");
    ck_assert_int_eq(scene_ns(explain, "said"), SECONDS(100));
    ck_assert_int_eq(scene_ns(explain, "scale"), 330 * MS);
    ck_assert_int_eq(scene_ns(explain, "scaled"), SECONDS(33));
    ck_assert_str_eq(rig_string(explain, "clamped-to"), "max-delay");
    ck_assert_int_eq(scene_ns(explain, "wait"), SECONDS(20));
    ck_assert_int_eq(scene_ns(poll, "clamped"), SECONDS(33));
    ck_assert_ptr_nonnull(json_object_get(explain, "next"));
    ck_assert_ptr_null(json_object_get(explain, "back-off"));
}
END_TEST

START_TEST(a_failed_poll_is_explained)
{
    json_t *explain;

    poll_once("", BUSY "Retry-After: 7\r\n" CLOSE, 1);
    explain = explanation();
    ck_assert_int_eq((int)rig_number(explain, "attempt"), 1);
    ck_assert_int_eq(scene_ns(explain, "back-off"), SECONDS(1));
    ck_assert_int_ge(scene_ns(explain, "jitter"), 0);
    ck_assert_int_le(scene_ns(explain, "jitter"), 250 * MS);
    ck_assert_int_eq(scene_ns(explain, "retry-after"), SECONDS(7));
    ck_assert_int_eq(scene_ns(explain, "wait"), SECONDS(7));
    ck_assert_ptr_null(json_object_get(explain, "source"));
}
END_TEST

/* The wait is that of the server's own pace. */
START_TEST(a_server_that_had_a_pace_is_explained_by_it)
{
    json_t *explain = NULL;
    size_t cursor = 0;

    scene_start_count(4, "[server a]\nurl = @/a?delay=0.02,x\nretry = 15ms\n");
    scene_await_exit(1);
    for (int i = 0; i < 4; i++)
        explain = rig_next_event(rig, &cursor, "explain", "a");
    ck_assert_int_eq(scene_ns(explain, "back-off"), 20 * MS);
    ck_assert(json_is_true(json_object_get(explain, "as-last-delay")));
    ck_assert_str_eq(rig_string(explain, "raw"), "x");
}
END_TEST

START_TEST(a_value_of_a_request_with_secrets_is_not_told)
{
    json_t *explain;

    poll_once("header = X-Key: s3cret\n", OK CLOSE "7", 0);
    explain = explanation();
    ck_assert_ptr_null(json_object_get(explain, "raw"));
    ck_assert_int_eq(scene_ns(explain, "said"), SECONDS(7));
}
END_TEST

START_TEST(only_at_debug)
{
    size_t cursor = 0;

    scene_set_level("info");
    poll_once("", OK CLOSE "7", 0);
    ck_assert_ptr_null(rig_next_event(rig, &cursor, "explain", NULL));
}
END_TEST

START_TEST(as_text_it_is_one_line)
{
    const char *config = scene_config("[server a]\nurl = @/a?raw=%s&close=after\n",
                                      trail_encode(OK CLOSE "5\x1b[31m\n\xff 6"));
    const struct rig_result *result =
        rig_run(rig, "--log-level=debug", "--count=1", "-c", config, NULL);

    ck_assert_msg(strstr(result->out, " debug explain server=a source=body "
                                      "raw=\"5\\x1b[31m\\n\\xff 6\" attempt=1 ") != NULL,
                  "%s", result->out);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("delay_sources");
    TCase *tests = trail_scene_case(s, "precedence");

    tcase_add_loop_test(tests, the_first_that_is_there_counts, 0, COUNT_OF(found));
    tcase_add_loop_test(tests, one_that_is_wrong_is_the_end, 0, COUNT_OF(wrong));
    tcase_add_loop_test(tests, unit_and_scale_say_what_it_means, 0, COUNT_OF(meanings));
    tests = trail_scene_case(s, "retry-after");
    tcase_add_loop_test(tests, a_retry_after_may_be_a_date, 0, COUNT_OF(asked));
    tcase_add_test(tests, without_a_date_it_is_measured_by_our_clock);
    tcase_add_loop_test(tests, one_that_is_wrong_is_as_if_absent, 0, 4);
    tests = trail_scene_case(s, "explain");
    tcase_add_test(tests, a_good_poll_is_explained);
    tcase_add_test(tests, a_failed_poll_is_explained);
    tcase_add_test(tests, a_server_that_had_a_pace_is_explained_by_it);
    tcase_add_test(tests, a_value_of_a_request_with_secrets_is_not_told);
    tcase_add_test(tests, only_at_debug);
    tcase_add_test(tests, as_text_it_is_one_line);
    return s;
}

CHECK_MAIN(suite())
