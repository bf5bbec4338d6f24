/* SIGHUP at every stage of a poll, which takes that very server away, changes it, gives it
 * another URL, or leaves it as it is. That nothing is left behind is checked by the program
 * itself when it stops, and by the sanitizers. */
#include <string.h>

#include "check_main.h"
#include "full_listener.h"
#include "scene.h"
#include "silent_resolver.h"

enum change { SAME, CHANGED, MOVED, REMOVED, CHANGES };

/* Of a server `a`, with settings under [defaults]; "$" is the port of a full listener. */
static const struct stage {
    const char *settings, *url;
    bool in_flight;
    const char *request; /* wait for this one; NULL: for a poll */
} stages[] = {
    {"", "@/a?delay=60", false, NULL},                                     /* idle connection */
    {"keep-alive = 0\n", "@/a?delay=60", false, NULL},                     /* none */
    {"retry = 60s\n", "@/a?status=500", false, NULL},                      /* back-off */
    {"timeout = 60s\n", "@/a?silent", true, "a"},                          /* no response */
    {"timeout = 60s\n", "@/a?trickle=200", true, "a"},                     /* in the response */
    {"", "@/a?framing=chunked&pad=9&trickle=200", true, "a"},              /* in a chunk */
    {"timeout = 60s\n", "@/a?status=302&location=/b%3Fsilent", true, "b"}, /* redirected */
    {"connect-timeout = 60s\ntimeout = 60s\n", "$", true, NULL},           /* connecting */
    {"connect-timeout = 60s\ntimeout = 60s\n", "name", true, NULL},        /* looked up */
};

enum { STAGES = sizeof(stages) / sizeof(stages[0]) };

static struct full_listener listener;
static struct silent_resolver *resolver;

static void set_up_peers(void)
{
    full_listener_init(&listener);
}

static void take_down_peers(void)
{
    full_listener_finish(&listener);
    if (resolver != NULL)
        silent_resolver_free(resolver);
    resolver = NULL;
}

/* False: this machine does not let us. */
static bool make_url(const struct stage *stage, char *url, size_t size)
{
    snprintf(url, size, "%s", stage->url);
    if (*stage->url == '$')
        snprintf(url, size, "127.0.0.1:%d/", listener.port);
    if (strcmp(stage->url, "name") != 0)
        return true;
    snprintf(url, size, "http://some.test/");
    resolver = silent_resolver_new(rig_loop(rig));
    return resolver != NULL &&
           scene_replace_file("/etc/resolv.conf", rig_write(rig, "resolv.conf", "nameserver %s\n",
                                                            silent_resolver_address(resolver)));
}

static void reach(const struct stage *stage)
{
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    if (stage->request != NULL)
        rig_wait_requests(rig, mock, stage->request, 1, SCENE_LIMIT_MS);
    else if (!stage->in_flight)
        scene_await_polls("a", 1);
    else if (resolver != NULL)
        rig_wait(rig, silent_resolver_was_asked, resolver, SCENE_LIMIT_MS);
    else
        scene_await_connections("connecting", 1);
}

static json_t *reload(const struct stage *stage, const char *url, enum change change)
{
    const char *other = change == CHANGED ? "delay-unit = ms\n" : "";
    if (change == REMOVED)
        return scene_reload("[servers]\nz = @/z?delay=0.02\n");
    return scene_reload("[servers]\nz = @/z?delay=0.02\n[server a]\nurl = %s\n%s%s",
                        change == MOVED ? "@/moved?delay=60" : url, stage->settings, other);
}

/* Where it was cut short, that is told, and why. */
static void check_end(const struct stage *stage, const char *why)
{
    ck_assert_uint_eq(scene_count_canceled("a"), stage->in_flight ? 1 : 0);
    if (stage->in_flight)
        ck_assert_ptr_nonnull(strstr(rig_string(scene_poll("a", 0), "detail"), why));
}

static void check_outcome(const struct stage *stage, enum change change)
{
    size_t polls = rig_count_events(rig, "poll", "z");
    switch (change) {
    case SAME:
    case CHANGED: ck_assert_uint_eq(scene_count_canceled("a"), 0); break;
    case MOVED:
        rig_wait_requests(rig, mock, "moved", 1, SCENE_LIMIT_MS);
        check_end(stage, "the server has another URL now");
        break;
    case REMOVED: check_end(stage, "the server is no longer in the configuration"); break;
    case CHANGES: break;
    }
    size_t requests = mock_server_requests(mock, "a");
    scene_await_polls("z", polls + 5);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), requests);
}

START_TEST(a_reload_at_this_stage)
{
    char url[128];
    const struct stage *stage = &stages[_i / CHANGES];
    enum change change = (enum change)(_i % CHANGES);
    if (!make_url(stage, url, sizeof url))
        return;
    scene_start("[server a]\nurl = %s\n%s", url, stage->settings);
    reach(stage);
    const json_t *event = reload(stage, url, change);
    ck_assert_str_eq(rig_string(event, "result"), "ok");
    ck_assert_int_eq((int)rig_number(event, "added"), 1);
    ck_assert_int_eq((int)rig_number(event, "changed"), change == CHANGED || change == MOVED);
    ck_assert_int_eq((int)rig_number(event, "removed"), change == REMOVED);
    check_outcome(stage, change);
    rig_stop(rig);
}
END_TEST

/* One reload after another while a poll is under way: the last one counts. */
START_TEST(several_during_one_poll)
{
    scene_start("[server a]\nurl = @/a?slow=1500&delay=0.1\n");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    for (int i = 0; i < 5; i++)
        scene_reload("[server a]\nurl = @/a?slow=1500&delay=0.1\nheader = X-Number: %d\n", i);
    ck_assert_uint_eq(rig_count_events(rig, "poll", "a"), 0);
    scene_await_polls("a", 2);
    ck_assert_ptr_null(strstr(scene_request("a", 0)->header.data, "X-Number"));
    ck_assert_ptr_nonnull(strstr(scene_request("a", 1)->header.data, "X-Number: 4\r\n"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("reload_stages");
    TCase *tests = scene_case(suite, "stages");
    tcase_add_checked_fixture(tests, set_up_peers, take_down_peers);
    tcase_add_loop_test(tests, a_reload_at_this_stage, 0, STAGES * CHANGES);
    tcase_add_test(tests, several_during_one_poll);
    return suite;
}

CHECK_MAIN(make_suite())
