/* The page /metrics, to the letter: but for what the process takes, which is as it is. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "metrics_scene.h"

static struct buffer text;

static void setup(void)
{
    buffer_clear(&text);
}

static void teardown(void)
{
    metrics_scene_finish();
    buffer_free(&text);
}

static void read_page(bool per_server)
{
    buffer_clear(&text);
    metrics_scene_read(&text, per_server, PAGE_PIECE);
    buffer_add(&text, "", 1);
}

/* What stands before the metrics of the process. */
static void assert_begins(const char *expected)
{
    char *process = strstr(text.bytes, "# HELP process_start_time_seconds");
    ck_assert_ptr_nonnull(process);
    *process = '\0';
    ck_assert_str_eq(text.bytes, expected);
}

static size_t count_of(const char *part)
{
    size_t found = 0;
    for (const char *at = text.bytes; (at = strstr(at, part)) != NULL; at++)
        found++;
    return found;
}

/* --- all of it ------------------------------------------------------------------------------ */

#define BUILD                                                                                      \
    "# HELP aiopoll_build_info The version of aiopoll, as a label; always 1.\n"                    \
    "# TYPE aiopoll_build_info gauge\n"                                                            \
    "aiopoll_build_info{version=\"" AIOPOLL_VERSION "\"} 1\n"                                      \
    "# HELP aiopoll_servers Servers in each state.\n"                                              \
    "# TYPE aiopoll_servers gauge\n"

#define POLLS                                                                                      \
    "# HELP aiopoll_polls_total Polls that are over; a canceled one does not count.\n"             \
    "# TYPE aiopoll_polls_total counter\n"

#define ERRORS                                                                                     \
    "# HELP aiopoll_poll_errors_total Failed polls of all servers, by reason.\n"                   \
    "# TYPE aiopoll_poll_errors_total counter\n"                                                   \
    "aiopoll_poll_errors_total{reason=\"dns\"} 0\n"                                                \
    "aiopoll_poll_errors_total{reason=\"connect\"} 0\n"                                            \
    "aiopoll_poll_errors_total{reason=\"tls\"} 0\n"                                                \
    "aiopoll_poll_errors_total{reason=\"timeout\"} 1\n"                                            \
    "aiopoll_poll_errors_total{reason=\"closed\"} 0\n"                                             \
    "aiopoll_poll_errors_total{reason=\"protocol\"} 0\n"                                           \
    "aiopoll_poll_errors_total{reason=\"too-large\"} 0\n"                                          \
    "aiopoll_poll_errors_total{reason=\"redirect\"} 0\n"                                           \
    "aiopoll_poll_errors_total{reason=\"status\"} 0\n"                                             \
    "aiopoll_poll_errors_total{reason=\"no-delay\"} 1\n"

#define DELAY                                                                                      \
    "# HELP aiopoll_delay_seconds Wait between the last poll and the next one.\n"                  \
    "# TYPE aiopoll_delay_seconds gauge\n"
#define NEXT                                                                                       \
    "# HELP aiopoll_next_poll_timestamp_seconds When the next request is due, or the one under "   \
    "way was, in seconds since 1970.\n"                                                            \
    "# TYPE aiopoll_next_poll_timestamp_seconds gauge\n"
#define UP                                                                                         \
    "# HELP aiopoll_up Whether the server is in the state ok.\n"                                   \
    "# TYPE aiopoll_up gauge\n"
#define OVERDUE                                                                                    \
    "# HELP aiopoll_overdue Whether the server is in the state overdue.\n"                         \
    "# TYPE aiopoll_overdue gauge\n"

#define REST                                                                                       \
    "# HELP aiopoll_poll_duration_seconds Time from the start of a poll to its end.\n"             \
    "# TYPE aiopoll_poll_duration_seconds histogram\n"                                             \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.001\"} 30\n"                                      \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.0025\"} 40\n"                                     \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.005\"} 40\n"                                      \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.01\"} 40\n"                                       \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.025\"} 40\n"                                      \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.05\"} 40\n"                                       \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.1\"} 40\n"                                        \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.25\"} 40\n"                                       \
    "aiopoll_poll_duration_seconds_bucket{le=\"0.5\"} 40\n"                                        \
    "aiopoll_poll_duration_seconds_bucket{le=\"1\"} 40\n"                                          \
    "aiopoll_poll_duration_seconds_bucket{le=\"2.5\"} 40\n"                                        \
    "aiopoll_poll_duration_seconds_bucket{le=\"5\"} 40\n"                                          \
    "aiopoll_poll_duration_seconds_bucket{le=\"10\"} 41\n"                                         \
    "aiopoll_poll_duration_seconds_bucket{le=\"30\"} 41\n"                                         \
    "aiopoll_poll_duration_seconds_bucket{le=\"60\"} 41\n"                                         \
    "aiopoll_poll_duration_seconds_bucket{le=\"+Inf\"} 42\n"                                       \
    "aiopoll_poll_duration_seconds_sum 75.0425\n"                                                  \
    "aiopoll_poll_duration_seconds_count 42\n"                                                     \
    "# HELP aiopoll_lateness_seconds Time from the moment at which a request was due until its "   \
    "first byte was sent.\n"                                                                       \
    "# TYPE aiopoll_lateness_seconds histogram\n"                                                  \
    "aiopoll_lateness_seconds_bucket{le=\"5e-05\"} 0\n"                                            \
    "aiopoll_lateness_seconds_bucket{le=\"0.0001\"} 20\n"                                          \
    "aiopoll_lateness_seconds_bucket{le=\"0.0002\"} 40\n"                                          \
    "aiopoll_lateness_seconds_bucket{le=\"0.0005\"} 40\n"                                          \
    "aiopoll_lateness_seconds_bucket{le=\"0.001\"} 40\n"                                           \
    "aiopoll_lateness_seconds_bucket{le=\"0.002\"} 40\n"                                           \
    "aiopoll_lateness_seconds_bucket{le=\"0.005\"} 40\n"                                           \
    "aiopoll_lateness_seconds_bucket{le=\"0.01\"} 40\n"                                            \
    "aiopoll_lateness_seconds_bucket{le=\"0.02\"} 40\n"                                            \
    "aiopoll_lateness_seconds_bucket{le=\"0.05\"} 40\n"                                            \
    "aiopoll_lateness_seconds_bucket{le=\"0.1\"} 40\n"                                             \
    "aiopoll_lateness_seconds_bucket{le=\"0.25\"} 40\n"                                            \
    "aiopoll_lateness_seconds_bucket{le=\"1\"} 40\n"                                               \
    "aiopoll_lateness_seconds_bucket{le=\"5\"} 40\n"                                               \
    "aiopoll_lateness_seconds_bucket{le=\"30\"} 41\n"                                              \
    "aiopoll_lateness_seconds_bucket{le=\"+Inf\"} 41\n"                                            \
    "aiopoll_lateness_seconds_sum 6.0051\n"                                                        \
    "aiopoll_lateness_seconds_count 41\n"                                                          \
    "# HELP aiopoll_early_total Requests that were sent before they were due; 0 for ever.\n"       \
    "# TYPE aiopoll_early_total counter\n"                                                         \
    "aiopoll_early_total 0\n"                                                                      \
    "# HELP aiopoll_log_lines_dropped_total Lines of the log that its reader or disk was too "     \
    "slow for.\n"                                                                                  \
    "# TYPE aiopoll_log_lines_dropped_total counter\n"                                             \
    "aiopoll_log_lines_dropped_total 7\n"

static void start_small(void)
{
    metrics_scene_start(2);
    metrics_scene_poll(1, 10, 2, 2500 * MILLISECOND, HEALTH_OVERDUE);
    scene_log.sink.dropped_in_all = 7;
}

START_TEST(two_servers_one_of_which_was_polled)
{
    start_small();
    read_page(true);
    assert_begins(BUILD "aiopoll_servers{state=\"ok\"} 1\n"
                        "aiopoll_servers{state=\"failing\"} 0\n"
                        "aiopoll_servers{state=\"overdue\"} 1\n" POLLS
                        "aiopoll_polls_total{server=\"s0\",result=\"ok\"} 0\n"
                        "aiopoll_polls_total{server=\"s0\",result=\"error\"} 0\n"
                        "aiopoll_polls_total{server=\"s1\",result=\"ok\"} 10\n"
                        "aiopoll_polls_total{server=\"s1\",result=\"error\"} 2\n" ERRORS DELAY
                        "aiopoll_delay_seconds{server=\"s1\"} 2.5\n" NEXT
                        "aiopoll_next_poll_timestamp_seconds{server=\"s0\"} 1764112491.5\n"
                        "aiopoll_next_poll_timestamp_seconds{server=\"s1\"} 1764112492.5\n" UP
                        "aiopoll_up{server=\"s0\"} 1\n"
                        "aiopoll_up{server=\"s1\"} 0\n" OVERDUE "aiopoll_overdue{server=\"s0\"} 0\n"
                        "aiopoll_overdue{server=\"s1\"} 1\n" REST);
}
END_TEST

START_TEST(without_series_of_single_servers)
{
    start_small();
    read_page(false);
    assert_begins(BUILD "aiopoll_servers{state=\"ok\"} 1\n"
                        "aiopoll_servers{state=\"failing\"} 0\n"
                        "aiopoll_servers{state=\"overdue\"} 1\n" POLLS
                        "aiopoll_polls_total{result=\"ok\"} 40\n"
                        "aiopoll_polls_total{result=\"error\"} 2\n" ERRORS REST);
}
END_TEST

START_TEST(no_server)
{
    metrics_scene_start(0);
    scene_log.sink.dropped_in_all = 7;
    read_page(true);
    assert_begins(BUILD
                  "aiopoll_servers{state=\"ok\"} 0\n"
                  "aiopoll_servers{state=\"failing\"} 0\n"
                  "aiopoll_servers{state=\"overdue\"} 0\n" POLLS ERRORS DELAY NEXT UP OVERDUE REST);
}
END_TEST

START_TEST(what_the_process_takes)
{
    static const char *const names[] = {
        "process_cpu_seconds_total", "process_resident_memory_bytes",
        "process_virtual_memory_bytes", "process_open_fds", "process_max_fds"};
    double values[5];
    metrics_scene_start(0);
    read_page(true);
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nprocess_start_time_seconds 1764112480.5\n"));
    for (size_t i = 0; i < 5; i++) {
        char line[64];
        int length = snprintf(line, sizeof line, "\n%s ", names[i]);
        const char *at = strstr(text.bytes, line);
        ck_assert_msg(at != NULL, "there is no %s", names[i]);
        ck_assert_int_eq(sscanf(at + length, "%lf\n", &values[i]), 1);
    }
    ck_assert_double_lt(values[0], 1000);
    ck_assert_double_gt(values[1], 100000);
    ck_assert_double_ge(values[2], values[1]);
    ck_assert_double_ge(values[3], 3);
    ck_assert_double_ge(values[4], values[3]);
}
END_TEST

/* --- names and numbers ------------------------------------------------------------------------ */

START_TEST(a_name_is_escaped)
{
    metrics_scene_start(0);
    metrics_scene_add(0, "a\"b\\c\nd{}\xc3\xa9");
    read_page(true);
    ck_assert_ptr_nonnull(
        strstr(text.bytes, "\naiopoll_up{server=\"a\\\"b\\\\c\\nd{}\xc3\xa9\"} 1\n"));
}
END_TEST

START_TEST(moments_are_told_to_the_microsecond)
{
    metrics_scene_start(1);
    scene_fleet.by_id[0]->due = SCENE_NOW - 1;
    read_page(true);
    ck_assert_uint_eq(count_of("{server=\"s0\"} 1764112490.499999\n"), 1);
}
END_TEST

START_TEST(a_task_that_has_ended_has_no_next_poll)
{
    metrics_scene_start(2);
    scene_fleet.by_id[0]->state = SERVER_ENDED;
    read_page(true);
    ck_assert_uint_eq(count_of("\naiopoll_next_poll_timestamp_seconds{"), 1);
    ck_assert_uint_eq(count_of("\naiopoll_up{"), 2);
}
END_TEST

START_TEST(a_server_that_the_board_does_not_know)
{
    metrics_scene_start(2);
    metrics_scene_row(0)->used = false;
    read_page(true);
    ck_assert_uint_eq(count_of("\naiopoll_polls_total{server=\"s0\""), 0);
    ck_assert_uint_eq(count_of("\naiopoll_polls_total{server=\"s1\""), 2);
    ck_assert_uint_eq(count_of("\naiopoll_up{"), 2);
}
END_TEST

/* --- pieces ----------------------------------------------------------------------------------- */

/* The processor time, and perhaps the memory, is another each time. */
static void forget_usage(struct buffer *page)
{
    buffer_add(page, "", 1);
    char *usage = strstr(page->bytes, "# HELP process_cpu_seconds_total");
    ck_assert_ptr_nonnull(usage);
    *usage = '\0';
}

START_TEST(pieces_of_every_size_make_the_same_page)
{
    struct buffer pieces = {0};
    metrics_scene_start(40);
    for (uint32_t i = 0; i < 40; i += 3)
        metrics_scene_poll(i, i, 1, SECOND, HEALTH_OK);
    metrics_scene_remove(20);
    metrics_scene_read(&text, true, PAGE_PIECE);
    forget_usage(&text);
    for (size_t size = 1; size <= PAGE_PIECE; size += size < 300 ? 1 : 511) {
        metrics_scene_read(&pieces, true, size);
        forget_usage(&pieces);
        ck_assert_msg(strcmp(pieces.bytes, text.bytes) == 0, "with pieces of %zu bytes", size);
        buffer_clear(&pieces);
    }
    buffer_free(&pieces);
}
END_TEST

START_TEST(no_piece_is_long)
{
    struct buffer piece = {0};
    size_t pieces = 0;
    bool more;
    metrics_scene_start(5000);
    struct page *page = metrics_page(&scene_board, &scene_fleet, &scene_log, true);
    ck_assert_str_eq(page->type, "text/plain; version=0.0.4; charset=utf-8");
    ck_assert_int_eq(page->status, 200);
    ck_assert_ptr_null(page->etag);
    ck_assert_ptr_null(page->bytes);
    do {
        buffer_clear(&piece);
        more = page->next(page, &piece);
        ck_assert_uint_lt(piece.length, PAGE_PIECE + 4096);
        buffer_add(&text, piece.bytes, piece.length);
        pieces++;
    } while (more);
    page->free(page);
    buffer_free(&piece);
    buffer_add(&text, "", 1);
    ck_assert_uint_gt(pieces, 30);
    ck_assert_uint_eq(count_of("\naiopoll_up{"), 5000);
    ck_assert_uint_eq(count_of("\naiopoll_delay_seconds{"), 0);
    ck_assert_uint_eq(count_of("\nprocess_max_fds "), 1);
}
END_TEST

/* --- a reload between two pieces ------------------------------------------------------------- */

static struct page *page;
static bool more;

/* A step at a time, until this stands there. */
static void read_until(const char *end)
{
    struct buffer piece = {0};
    static const char filler[PAGE_PIECE];
    do {
        buffer_clear(&piece);
        buffer_add(&piece, filler, PAGE_PIECE - 1);
        more = page->next(page, &piece);
        if (text.length > 0)
            text.length--;
        buffer_add(&text, piece.bytes + PAGE_PIECE - 1, piece.length - (PAGE_PIECE - 1));
        buffer_add(&text, "", 1);
    } while (more && strstr(text.bytes, end) == NULL);
    buffer_free(&piece);
}

START_TEST(a_reload_makes_no_series_come_twice)
{
    metrics_scene_start(10);
    page = metrics_page(&scene_board, &scene_fleet, &scene_log, true);
    read_until("aiopoll_up{server=\"s5\"}");
    metrics_scene_remove(2);
    metrics_scene_remove(7);
    metrics_scene_add(7, "new");
    metrics_scene_add(3, "later"); /* has the number of one that was there */
    for (uint32_t i = 10; i < 200; i++)
        metrics_scene_add(i, i == 10 ? "s7" : "many"); /* which has come back */
    read_until("no such thing");
    page->free(page);
    ck_assert(!more);
    for (unsigned i = 0; i < 10; i++) {
        char series[64];
        snprintf(series, sizeof series, "\naiopoll_up{server=\"s%u\"}", i);
        ck_assert_uint_eq(count_of(series), i != 7);
    }
    ck_assert_uint_eq(count_of("\naiopoll_up{server=\"new\"}"), 0);
    ck_assert_uint_eq(count_of("\naiopoll_overdue{server=\"later\"}"), 0);
    ck_assert_uint_eq(count_of("\naiopoll_overdue{server=\"s2\"}"), 0);
    ck_assert_uint_eq(count_of("\naiopoll_overdue{server=\"s3\"}"), 0);
    ck_assert_uint_eq(count_of("# TYPE aiopoll_overdue gauge\n"), 1);
}
END_TEST

START_TEST(a_reload_may_leave_no_server)
{
    metrics_scene_start(10);
    page = metrics_page(&scene_board, &scene_fleet, &scene_log, true);
    read_until("aiopoll_up{server=\"s5\"}");
    for (uint32_t i = 0; i < 10; i++)
        metrics_scene_remove(i);
    read_until("no such thing");
    page->free(page);
    ck_assert_uint_eq(count_of("\naiopoll_up{"), 6);
    ck_assert_uint_eq(count_of("\naiopoll_overdue{"), 0);
    ck_assert_uint_eq(count_of("\nprocess_max_fds "), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("metrics");
    TCase *tcase = tcase_create("metrics");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, two_servers_one_of_which_was_polled);
    tcase_add_test(tcase, without_series_of_single_servers);
    tcase_add_test(tcase, no_server);
    tcase_add_test(tcase, what_the_process_takes);
    tcase_add_test(tcase, a_name_is_escaped);
    tcase_add_test(tcase, moments_are_told_to_the_microsecond);
    tcase_add_test(tcase, a_task_that_has_ended_has_no_next_poll);
    tcase_add_test(tcase, a_server_that_the_board_does_not_know);
    tcase_add_test(tcase, pieces_of_every_size_make_the_same_page);
    tcase_add_test(tcase, no_piece_is_long);
    tcase_add_test(tcase, a_reload_makes_no_series_come_twice);
    tcase_add_test(tcase, a_reload_may_leave_no_server);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
