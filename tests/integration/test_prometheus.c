/*
 * A Prometheus reads the metrics of a running daemon, with the examples' rules, and is asked what
 * it has got.
 */
#include <string.h>
#include <time.h>

#include "peer_scene.h"
#include "raw_client.h"

#define EXAMPLES SOURCE_DIRECTORY "/conf/prometheus/"

/* Between two questions. */
enum { PAUSE_MS = 50, QUERY_MAX = 2000 };

static struct peer *prometheus;

/* --- the two programs ---------------------------------------------------------------------- */

static void start_aiopoll(const char *level, const char *servers)
{
    const char *path =
        scene_config("[defaults]\nretry = 1h\nretry-max = 1h\noverdue-after = 1h\n%s", servers);

    rig_start(rig, "--log-format=json", level, "--listen=127.0.0.1:0", "-c", path, NULL);
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    rig_wait_events(rig, "listen", NULL, 1, SCENE_LIMIT_MS);
}

static void start_prometheus(void)
{
    struct bytes conf = {0};

    bytes_print(&conf,
                "global: {scrape_interval: 200ms, scrape_timeout: 200ms, "
                "evaluation_interval: 200ms}\n"
                "rule_files: [\"" EXAMPLES "alerts.yml\"]\n"
                "scrape_configs:\n"
                "- job_name: aiopoll\n"
                "  scrape_timeout: 200ms\n"
                "  static_configs: [{targets: [\"%s\"]}]\n",
                rig_string(rig_event(rig, "listen", NULL, 0), "address"));
    prometheus = peer_new(rig);
    peer_write(prometheus, "prometheus.yml", conf.data);
    bytes_finish(&conf);
    peer_start(prometheus, "prometheus", "--config.file=@DIR@/prometheus.yml",
               "--storage.tsdb.path=@DIR@/data", "--web.listen-address=127.0.0.1:@PORT@",
               "--log.level=warn", NULL);
}

/* --- its query API -------------------------------------------------------------------------- */

static void add_encoded(struct bytes *out, const char *text)
{
    for (; *text != '\0'; text++)
        bytes_print(out, "%%%02x", (unsigned char)*text);
}

/* With HTTP/1.0 the end of the connection is that of the body, which is not in chunks. NULL: it
 * listens, but is not yet ready. */
static json_t *ask(const char *query)
{
    struct bytes request = {0};
    char authority[32];
    struct raw_client *client;
    const char *body;
    json_t *answer = NULL;

    snprintf(authority, sizeof(authority), "127.0.0.1:%d", peer_port(prometheus, 1));
    client = raw_client_new(rig_loop(rig), authority);
    bytes_print(&request, "GET /api/v1/query?query=");
    add_encoded(&request, query);
    bytes_print(&request, " HTTP/1.0\r\n\r\n");
    raw_client_send(client, request.data);
    rig_wait(rig, raw_client_has_ended, client, SCENE_LIMIT_MS);
    body = strstr(bytes_text(&client->received), "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    if (strstr(client->received.data, " 503 ") == NULL) {
        answer = json_loads(body, 0, NULL);
        ck_assert_msg(answer != NULL, "%s: %s", query, body);
    }
    raw_client_free(client);
    bytes_finish(&request);
    return answer;
}

/* Whether there is just one such series; its value. */
static bool read_value(const char *query, double *value)
{
    json_t *answer = ask(query);
    const json_t *result = json_object_get(json_object_get(answer, "data"), "result");
    const json_t *pair = json_object_get(json_array_get(result, 0), "value");
    const char *text = json_string_value(json_array_get(pair, 1));
    bool one = json_array_size(result) == 1 && text != NULL;

    ck_assert_msg(answer == NULL || strcmp(rig_string(answer, "status"), "success") == 0, "%s",
                  query);
    *value = one ? strtod(text, NULL) : 0;
    json_decref(answer);
    return one;
}

static int64_t seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Until a query has a value at all, as it has when what it says is true. */
static double await_value(const char *query)
{
    int64_t began = seconds_now();
    double value;

    while (!read_value(query, &value)) {
        if ((double)(seconds_now() - began) * 1000 > 2 * SCENE_LIMIT_MS * rig_slowness())
            ck_abort_msg("\"%s\" does not come true: %s", query, peer_output(prometheus));
        rig_pass(rig, PAUSE_MS);
    }
    return value;
}

static void await_true(const char *query)
{
    await_value(query);
}

/* --- what it has ---------------------------------------------------------------------------- */

static const char three[] = "[servers]\n"
                            "calm = @/calm?delay=300\n"
                            "quick = @/quick?delay=0.05\n"
                            "gone = http://127.0.0.1:1/\n";

START_TEST(each_metric_arrives)
{
    static const char *const truths[] = {
        "up{job=\"aiopoll\"} == 1",
        "aiopoll_build_info{version=\"" AIOPOLL_VERSION "\"} == 1",
        "aiopoll_servers{state=\"ok\"} == 2",
        "aiopoll_servers{state=\"failing\"} == 1",
        "aiopoll_servers{state=\"overdue\"} == 0",
        "aiopoll_polls_total{server=\"calm\",result=\"ok\"} == 1",
        "aiopoll_polls_total{server=\"calm\",result=\"error\"} == 0",
        "aiopoll_polls_total{server=\"gone\",result=\"error\"} == 1",
        "aiopoll_polls_total{server=\"quick\",result=\"ok\"} > 5",
        "increase(aiopoll_polls_total{server=\"quick\",result=\"ok\"}[10s]) > 5",
        "sum(aiopoll_poll_errors_total) == 1",
        "aiopoll_poll_errors_total{reason=\"connect\"} == 1",
        "aiopoll_delay_seconds{server=\"calm\"} == 300",
        "aiopoll_delay_seconds{server=\"quick\"} == 0.05",
        "aiopoll_up{server=\"calm\"} == 1",
        "aiopoll_up{server=\"gone\"} == 0",
        "sum(aiopoll_overdue) == 0 and count(aiopoll_overdue) == 3",
        "sum(aiopoll_polls_total) == scalar(aiopoll_poll_duration_seconds_count)",
        "aiopoll_poll_duration_seconds_bucket{le=\"+Inf\"} > 5",
        "aiopoll_poll_duration_seconds_sum > 0",
        "histogram_quantile(0.5, aiopoll_poll_duration_seconds_bucket) > 0",
        /* All but the one whose request could not be sent. */
        "aiopoll_lateness_seconds_count == scalar(sum(aiopoll_polls_total)) - 1",
        "histogram_quantile(0.5, aiopoll_lateness_seconds_bucket) > 0",
        "aiopoll_early_total == 0",
        "aiopoll_log_lines_dropped_total == 0",
        "time() - process_start_time_seconds > 0 < 3600",
        "process_cpu_seconds_total > 0",
        "process_resident_memory_bytes > 1e5",
        "process_virtual_memory_bytes > 1e5",
        "process_open_fds > 5",
        "process_max_fds > scalar(process_open_fds)",
    };

    start_aiopoll("--log-level=info", three);
    scene_await_polls("gone", 1);
    scene_await_polls("quick", 10);
    start_prometheus();
    for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++)
        await_true(truths[i]);
    ck_assert_str_eq(peer_output(prometheus), ""); /* nor does it warn of anything */
    rig_stop(rig);
    await_true("up{job=\"aiopoll\"} == 0");
}
END_TEST

/* The moment itself, on the same machine's clock: 300 s after a poll that is seconds ago. */
START_TEST(the_next_poll_is_when_it_was_promised)
{
    double next;
    struct timespec before;
    struct timespec after;

    clock_gettime(CLOCK_REALTIME, &before);
    start_aiopoll("--log-level=info", three);
    scene_await_polls("calm", 1);
    clock_gettime(CLOCK_REALTIME, &after);
    start_prometheus();
    next = await_value("aiopoll_next_poll_timestamp_seconds{server=\"calm\"}");
    ck_assert_double_ge(next, (double)before.tv_sec + 300);
    ck_assert_double_le(next, (double)after.tv_sec + 301);
}
END_TEST

/* A reload takes that over, too. */
START_TEST(series_of_single_servers_can_be_left_out)
{
    start_aiopoll("--log-level=info", three);
    scene_await_polls("calm", 1);
    start_prometheus();
    await_true("count(aiopoll_up) == 3");
    scene_reload("[aiopoll]\nmetrics-per-server = no\n%s", three);
    await_true("absent({server=~\".+\"})");
    await_true("aiopoll_polls_total{result=\"ok\"} > 1");
    await_true("sum(aiopoll_servers) == 3");
    ck_assert_str_eq(peer_output(prometheus), "");
}
END_TEST

START_TEST(a_reload_changes_the_series)
{
    start_aiopoll("--log-level=info", three);
    scene_await_polls("calm", 1);
    start_prometheus();
    await_true("count(aiopoll_up) == 3");
    scene_reload("[servers]\ncalm = @/calm?delay=300\nfresh = @/fresh?delay=300\n");
    await_true("aiopoll_polls_total{server=\"fresh\",result=\"ok\"} == 1");
    await_true("count(aiopoll_up) == 2");
    await_true("aiopoll_polls_total{server=\"calm\",result=\"ok\"} == 1");
    await_true("absent(aiopoll_delay_seconds{server=\"gone\"})");
    ck_assert_str_eq(peer_output(prometheus), "");
}
END_TEST

/* --- the rules of the examples ---------------------------------------------------------------- */

START_TEST(an_overdue_server_fires_the_alert)
{
    start_aiopoll("--log-level=info", "[server gone]\n"
                                      "url = http://127.0.0.1:1/\n"
                                      "overdue-after = 100ms\n");
    rig_wait_events(rig, "change", "gone", 1, SCENE_LIMIT_MS);
    start_prometheus();
    await_true("aiopoll_overdue{server=\"gone\"} == 1");
    await_true("ALERTS{alertname=\"AiopollServerOverdue\",alertstate=\"firing\","
               "server=\"gone\",severity=\"critical\"} == 1");
    await_true("absent(ALERTS{alertname=\"AiopollServersOverdue\"})");
}
END_TEST

/* A line a poll of about 4 KB, until the reader that has stalled has missed some. */
START_TEST(lines_that_are_dropped_are_counted)
{
    struct bytes list = {0};
    char query[QUERY_MAX];

    bytes_print(&list, "[servers]\n");
    for (size_t i = 0; i < 20; i++) {
        bytes_print(&list, "s%zu = @/s%zu/", i, i);
        bytes_append_byte(&list, 'x', 4000);
        bytes_print(&list, "?delay=0.05\n");
    }
    start_aiopoll("--log-level=info", list.data);
    bytes_finish(&list);
    start_prometheus();
    rig_pause_reading(rig);
    await_true("aiopoll_log_lines_dropped_total > 0");
    rig_resume_reading(rig);
    rig_wait_events(rig, "dropped", NULL, 1, SCENE_LIMIT_MS);
    snprintf(query, sizeof(query), "aiopoll_log_lines_dropped_total >= %.0f",
             rig_number(rig_event(rig, "dropped", NULL, 0), "lines"));
    await_true(query);
    await_true("ALERTS{alertname=\"AiopollLogLinesDropped\"} == 1");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("prometheus");
    TCase *tests = scene_case(suite, "prometheus");

    tcase_add_test(tests, each_metric_arrives);
    tcase_add_test(tests, the_next_poll_is_when_it_was_promised);
    tcase_add_test(tests, a_reload_changes_the_series);
    tcase_add_test(tests, series_of_single_servers_can_be_left_out);
    tcase_add_test(tests, an_overdue_server_fires_the_alert);
    tcase_add_test(tests, lines_that_are_dropped_are_counted);
    tcase_set_timeout(tests, 100 * rig_slowness());
    return suite;
}

PEER_MAIN(suite(), "prometheus", "prometheus")
