/* The environment of a hook. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "report/hook_event.h"

static struct server_config server;

static void setup(void)
{
    char why[200];
    server = (struct server_config){.name = "alpha"};
    ck_assert(
        url_parse("http://user.example:8080/a?token=secret", &server.url, NULL, why, sizeof why));
}

static void teardown(void)
{
    url_free(&server.url);
}

/* Each variable with a newline behind it. */
static const char *environment_of(const struct health_change *change, char *const *inherited)
{
    static char text[8000];
    struct hook_event event;
    *text = '\0';
    ck_assert(hook_event_init(&event, &server, change, 1500 * MILLISECOND));
    char **environment = hook_event_environment(&event, HEALTH_OVERDUE, inherited);
    ck_assert_ptr_nonnull(environment);
    for (size_t i = 0; environment[i] != NULL; i++) {
        ck_assert_uint_lt(strlen(text) + strlen(environment[i]) + 2, sizeof text);
        strcat(text, environment[i]);
        strcat(text, "\n");
    }
    free(environment);
    hook_event_finish(&event);
    ck_assert_ptr_null(event.variables);
    return text;
}

static char *const nothing[] = {NULL};

START_TEST(a_failure_is_told_with_its_reason)
{
    const struct health_change change = {.from = HEALTH_OK,
                                         .to = HEALTH_FAILING,
                                         .silent = -1,
                                         .failure = {FAILURE_STATUS, 0, "the status is 500"}};
    ck_assert_str_eq(environment_of(&change, nothing),
                     "AIOPOLL_SERVER=alpha\n"
                     "AIOPOLL_URL=http://user.example:8080/a?token=secret\n"
                     "AIOPOLL_STATE=failing\n"
                     "AIOPOLL_REASON=status\n"
                     "AIOPOLL_DETAIL=the status is 500\n"
                     "AIOPOLL_SILENT=\n"
                     "AIOPOLL_TIME=1970-01-01T00:00:01.500Z\n"
                     "AIOPOLL_WAS=overdue\n");
}
END_TEST

START_TEST(of_a_secret_url_only_the_origin_is_told)
{
    const struct health_change change = {.to = HEALTH_OK, .silent = -1};
    server.secret_url = true;
    ck_assert_ptr_nonnull(
        strstr(environment_of(&change, nothing), "AIOPOLL_URL=http://user.example:8080/...\n"));
}
END_TEST

START_TEST(a_good_one_has_no_reason)
{
    const struct health_change change = {.to = HEALTH_OK, .silent = -1};
    const char *text = environment_of(&change, nothing);
    ck_assert_ptr_nonnull(strstr(text, "AIOPOLL_STATE=ok\nAIOPOLL_REASON=\nAIOPOLL_DETAIL=\n"));
}
END_TEST

START_TEST(an_overdue_one_says_for_how_long)
{
    const struct health_change change = {.to = HEALTH_OVERDUE, .silent = 61 * SECOND + 1500};
    ck_assert_ptr_nonnull(strstr(environment_of(&change, nothing), "AIOPOLL_SILENT=61\n"));
}
END_TEST

/* Whoever writes the detail, here it is one line of printable ASCII. */
START_TEST(a_hostile_detail_is_escaped_and_bounded)
{
    static char long_detail[3 * HOOK_DETAIL_MAX];
    struct health_change change = {.to = HEALTH_FAILING, .silent = -1};
    change.failure = (struct failure){FAILURE_PROTOCOL, 0, "a\nb\x1b\xff$(id)"};
    ck_assert_ptr_nonnull(
        strstr(environment_of(&change, nothing), "AIOPOLL_DETAIL=a\\nb\\x1b\\xff$(id)\n"));
    memset(long_detail, '\x01', sizeof long_detail - 1);
    change.failure.detail = long_detail;
    const char *detail = strstr(environment_of(&change, nothing), "AIOPOLL_DETAIL=") + 15;
    ck_assert_uint_le(strcspn(detail, "\n"), HOOK_DETAIL_MAX);
    ck_assert_uint_gt(strcspn(detail, "\n"), HOOK_DETAIL_MAX - 8);
}
END_TEST

START_TEST(only_what_is_harmless_is_inherited)
{
    static char *const inherited[] = {"PATH=/bin",
                                      "GAMMA_TOKEN=secret",
                                      "HOME=/h",
                                      "LC_ALL=C",
                                      "NOTIFY_SOCKET=/run/n",
                                      "CREDENTIALS_DIRECTORY=/run/c",
                                      "LD_PRELOAD=x.so",
                                      "PATHX=secret",
                                      "PAT=secret",
                                      "AIOPOLL_SERVER=other",
                                      "TZ=UTC",
                                      "no equals sign",
                                      NULL};
    const struct health_change change = {.to = HEALTH_OK, .silent = -1};
    const char *text = environment_of(&change, inherited);
    ck_assert_int_eq(
        strncmp(text, "PATH=/bin\nHOME=/h\nLC_ALL=C\nTZ=UTC\nAIOPOLL_SERVER=alpha\n", 54), 0);
    ck_assert_ptr_null(strstr(text, "GAMMA"));
    ck_assert_ptr_null(strstr(text, "PAT="));
    ck_assert_ptr_null(strstr(text, "PATHX="));
    ck_assert_ptr_null(strstr(text, "LD_PRELOAD"));
    ck_assert_ptr_null(strstr(text, "other"));
    ck_assert_ptr_null(strstr(text, "/run/"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("hook_event");
    TCase *tcase = tcase_create("hook_event");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_failure_is_told_with_its_reason);
    tcase_add_test(tcase, of_a_secret_url_only_the_origin_is_told);
    tcase_add_test(tcase, a_good_one_has_no_reason);
    tcase_add_test(tcase, an_overdue_one_says_for_how_long);
    tcase_add_test(tcase, a_hostile_detail_is_escaped_and_bounded);
    tcase_add_test(tcase, only_what_is_harmless_is_inherited);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
