/*
 * What is made for Prometheus, as its own tool judges it: the page /metrics, and the examples.
 */
#include <string.h>

#include "bytes.h"
#include "metrics_scene.h"
#include "peer_scene.h"

#define EXAMPLES SOURCE_DIRECTORY "/conf/prometheus/"

static struct buffer page;

/* With a server in each state. */
static void read_page(uint32_t servers, bool per_server)
{
    metrics_scene_start(servers);
    if (servers > 2) {
        metrics_scene_poll(0, 12, 0, 2500000000, HEALTH_OK);
        metrics_scene_poll(1, 11, 1, 1000000000, HEALTH_FAILING);
        metrics_scene_poll(2, 0, 12, 1000000000, HEALTH_OVERDUE);
    }
    metrics_scene_read(&page, per_server, PAGE_PIECE);
    buffer_add(&page, "", 1);
    metrics_scene_finish();
}

static void teardown(void)
{
    buffer_free(&page);
}

static void check_clean(const struct rig_result *result)
{
    ck_assert_msg(result->exit.status == 0, "%s%s", result->out, result->err);
}

/* --- the page ---------------------------------------------------------------------------- */

/* Where something could be better, it says so on standard error and exits with 3. */
START_TEST(the_page_is_clean)
{
    static const struct {
        uint32_t servers;
        bool per_server;
    } kinds[] = {{0, true}, {1, true}, {300, true}, {300, false}};
    const char *path;
    const struct rig_result *result;

    read_page(kinds[_i].servers, kinds[_i].per_server);
    path = rig_write(rig, "metrics", "%s", page.bytes);
    result = rig_run_command(rig, "sh", "-c", "promtool check metrics <\"$0\"", path, NULL);
    check_clean(result);
    ck_assert_str_eq(result->err, "");
}
END_TEST

/* --- the examples -------------------------------------------------------------------------- */

START_TEST(the_rules_are_right)
{
    check_clean(rig_run_command(rig, "promtool", "check", "rules", EXAMPLES "alerts.yml", NULL));
}
END_TEST

START_TEST(the_scrape_job_is_right)
{
    check_clean(rig_run_command(rig, "promtool", "check", "config", EXAMPLES "scrape.yml", NULL));
}
END_TEST

START_TEST(the_rules_fire_when_they_should)
{
    check_clean(
        rig_run_command(rig, "promtool", "test", "rules", EXAMPLES "alerts_test.yml", NULL));
}
END_TEST

static void read_example(struct bytes *text, const char *path)
{
    const struct rig_result *result = rig_run_command(rig, "cat", path, NULL);

    check_clean(result);
    bytes_print(text, "%s", result->out);
}

START_TEST(each_rule_is_tested)
{
    static const char key[] = "- alert: ";
    struct bytes rules = {0};
    struct bytes tests = {0};
    size_t found = 0;

    read_example(&rules, EXAMPLES "alerts.yml");
    read_example(&tests, EXAMPLES "alerts_test.yml");
    for (const char *at = rules.data; (at = strstr(at, key)) != NULL; found++) {
        struct bytes line = {0};

        at += strlen(key);
        bytes_print(&line, "alertname: %.*s\n        exp_alerts:", (int)strcspn(at, "\n"), at);
        ck_assert_msg(strstr(tests.data, line.data) != NULL, "nothing has \"%s\"", line.data);
        bytes_finish(&line);
    }
    bytes_finish(&rules);
    bytes_finish(&tests);
    ck_assert_uint_ge(found, 9);
}
END_TEST

/* Every name in it that looks like one of ours is a metric, or one with what a histogram adds. */
static void check_names(const char *text)
{
    for (const char *at = text; (at = strstr(at, "aiopoll_")) != NULL; at++) {
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
        struct bytes name = {0};

        bytes_print(&name, "\n%.*s", (int)length, at);
        ck_assert_msg(strstr(page.bytes, name.data) != NULL, "there is no metric%s", name.data);
        bytes_finish(&name);
    }
}

START_TEST(they_name_metrics_that_there_are)
{
    struct bytes text = {0};

    read_page(3, true);
    read_example(&text, EXAMPLES "alerts.yml");
    read_example(&text, EXAMPLES "grafana.json");
    check_names(text.data);
    bytes_finish(&text);
}
END_TEST

/* --- the dashboard ------------------------------------------------------------------------- */

static json_t *read_dashboard(void)
{
    json_error_t error;
    json_t *dashboard = json_load_file(EXAMPLES "grafana.json", JSON_REJECT_DUPLICATES, &error);

    ck_assert_msg(dashboard != NULL, "line %d: %s", error.line, error.text);
    return dashboard;
}

/* Calls back for each object in it, however deep. */
static void visit(json_t *value, void (*found)(const json_t *object, void *arg), void *arg)
{
    const char *key;
    json_t *member;
    size_t i;

    if (json_is_object(value))
        found(value, arg);
    json_object_foreach(value, key, member) visit(member, found, arg);
    json_array_foreach(value, i, member) visit(member, found, arg);
}

static void check_source(const json_t *object, void *arg)
{
    const json_t *source = json_object_get(object, "datasource");
    size_t *count = arg;

    if (source == NULL)
        return;
    ck_assert_str_eq(rig_string(source, "type"), "prometheus");
    ck_assert_str_eq(rig_string(source, "uid"), "${datasource}");
    (*count)++;
}

START_TEST(the_dashboard_is_bound_to_no_grafana)
{
    json_t *dashboard = read_dashboard();
    size_t sources = 0;

    ck_assert(json_is_null(json_object_get(dashboard, "id")));
    ck_assert(json_is_null(json_object_get(dashboard, "uid")));
    visit(dashboard, check_source, &sources);
    ck_assert_uint_gt(sources, 10);
    json_decref(dashboard);
}
END_TEST

/* Grafana puts in what stands for a span: one that is right is as good as another. */
static void add_span(struct bytes *rules, const char *expr)
{
    while (*expr != '\0') {
        const char *variable = strstr(expr, "[$__");

        bytes_append(rules, expr, variable == NULL ? strlen(expr) : (size_t)(variable - expr));
        if (variable == NULL)
            return;
        bytes_print(rules, "[5m");
        expr = variable + strcspn(variable, "]");
    }
}

static void add_rule(const json_t *object, void *arg)
{
    const char *expr = json_string_value(json_object_get(object, "expr"));
    struct bytes *rules = arg;

    if (expr == NULL)
        return;
    bytes_print(rules, "  - record: q%zu\n    expr: '", rules->length);
    add_span(rules, expr);
    bytes_print(rules, "'\n");
}

START_TEST(the_queries_of_the_dashboard_are_right)
{
    json_t *dashboard = read_dashboard();
    struct bytes rules = {0};
    const char *path;

    bytes_print(&rules, "groups:\n- name: dashboard\n  rules:\n");
    visit(dashboard, add_rule, &rules);
    ck_assert_ptr_nonnull(strstr(rules.data, "aiopoll_lateness_seconds_bucket"));
    path = rig_write(rig, "rules.yml", "%s", rules.data);
    check_clean(rig_run_command(rig, "promtool", "check", "rules", path, NULL));
    bytes_finish(&rules);
    json_decref(dashboard);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("promtool");
    TCase *tests = scene_case(suite, "promtool");

    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_loop_test(tests, the_page_is_clean, 0, 4);
    tcase_add_test(tests, the_rules_are_right);
    tcase_add_test(tests, the_scrape_job_is_right);
    tcase_add_test(tests, the_rules_fire_when_they_should);
    tcase_add_test(tests, each_rule_is_tested);
    tcase_add_test(tests, they_name_metrics_that_there_are);
    tcase_add_test(tests, the_dashboard_is_bound_to_no_grafana);
    tcase_add_test(tests, the_queries_of_the_dashboard_are_right);
    return suite;
}

PEER_MAIN(suite(), "promtool", "prometheus")
