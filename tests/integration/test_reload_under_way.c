/* A reload while a poll is stuck on its way, which goes on afterwards: what was begun is ended as
 * it was begun, or canceled, and the server is asked again when it should be. See
 * test_reload_stages.c for stages that do not go on. */
#include <string.h>

#include "check_main.h"
#include "cutting_relay.h"
#include "namespace.h"
#include "reload_scene.h"
#include "usage.h"

static struct cutting_relay *way; /* to the mock; holds what comes until it goes on */

static void setup(void)
{
    const struct cutting_relay_setup setup = {.target_port = mock_server_port(mock),
                                              .after = SIZE_MAX};

    way = cutting_relay_new(rig_loop(rig), &setup);
    ducts_hold(&way->ducts);
}

static void teardown(void)
{
    cutting_relay_free(way);
}

static bool was_connected_to(void *arg)
{
    (void)arg;
    return way->ducts.count > 0;
}

static bool ends(enum reload_change change)
{
    return change == RELOAD_MOVED || change == RELOAD_REMOVED;
}

static void check_stuck(enum reload_change change)
{
    if (!ends(change))
        ck_assert_uint_eq(rig_count_events(rig, "poll", "a"), 0);
}

static void check_after_going_on(enum reload_change change)
{
    check_stuck(change);
    ducts_go_on(&way->ducts);
    reload_scene_check(change, true);
}

/* --- the request is being sent --------------------------------------------------------- */

/* Together more than the kernel takes. */
enum { FIELDS = 4, FIELD = 3950, PATH = 3500 };

static const char *make_large_settings(struct bytes *settings)
{
    bytes_print(settings, "timeout = 60s\nmethod = PUT\nbody = the last bytes\n");
    for (int i = 0; i < FIELDS; i++)
        bytes_print(settings, "header = X-Field-%d: %0*d\n", i, FIELD, 7);
    return settings->data;
}

START_TEST(while_the_request_is_sent)
{
    struct bytes settings = {0};
    static char url[PATH + 100];

    snprintf(url, sizeof(url), "127.0.0.1:%d/a/%0*d?delay=0.3", cutting_relay_port(way), PATH, 7);
    reload_scene_start(make_large_settings(&settings), RELOAD_SCENE_Z, url);
    scene_await_polls("z", 1);
    rig_wait(rig, was_connected_to, NULL, SCENE_LIMIT_MS);
    scene_await_connections("open", 2);
    reload_scene_apply((enum reload_change)_i);
    check_after_going_on((enum reload_change)_i);
    if (ends((enum reload_change)_i)) /* or else all of it had been sent */
        ck_assert_uint_eq(mock_server_requests(mock, "a"), 0);
    else
        ck_assert_str_eq(scene_request("a", 0)->body.data, "the last bytes");
    bytes_finish(&settings);
}
END_TEST

/* --- it is sent to another server, by a redirect ------------------------------------------ */

START_TEST(while_a_redirect_is_followed_to_another_server)
{
    char url[200];

    snprintf(url, sizeof(url),
             "@/a?status=302&promise=0.3&location=http://127.0.0.1:%d/b%%3Fdelay=0.3",
             cutting_relay_port(way));
    reload_scene_start("timeout = 60s\n", RELOAD_SCENE_Z, url);
    rig_wait(rig, was_connected_to, NULL, SCENE_LIMIT_MS);
    reload_scene_apply((enum reload_change)_i);
    check_after_going_on((enum reload_change)_i);
    if (!ends((enum reload_change)_i))
        ck_assert_uint_ge(mock_server_requests(mock, "b"), 2);
}
END_TEST

/* --- it waits for a descriptor ------------------------------------------------------------ */

enum { OTHERS = 60 };

static bool others_have_all_descriptors(void *arg)
{
    size_t cursor = 0;
    size_t waiting = 0;
    json_t *event;

    (void)arg;
    while ((event = rig_next_event(rig, &cursor, "connection", NULL)) != NULL)
        waiting += strcmp(rig_string(event, "is"), "waiting") == 0;
    return mock_server_requests(mock, NULL) + waiting == OTHERS + 1;
}

/* The others never give one back by themselves. */
START_TEST(while_it_waits_for_a_descriptor)
{
    struct bytes others = {0};

    for (int i = 0; i < OTHERS; i++)
        bytes_print(&others, "s%d = @/s%d?silent\n", i, i);
    rig_set_shell(rig, "ulimit -n 40; exec \"$@\"");
    reload_scene_start("timeout = 1h\n", others.data, "@/a?delay=0.3");
    rig_wait(rig, others_have_all_descriptors, NULL, SCENE_LIMIT_MS);
    reload_scene_apply((enum reload_change)_i);
    ck_assert_uint_eq(mock_server_requests(mock, "a") + mock_server_requests(mock, "moved"), 0);
    check_stuck((enum reload_change)_i);
    reload_scene_apply_list((enum reload_change)_i, RELOAD_SCENE_Z);
    reload_scene_check((enum reload_change)_i, true);
    ck_assert_uint_eq(scene_count_canceled(NULL), OTHERS + ends((enum reload_change)_i));
    bytes_finish(&others);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("reload_under_way");
    TCase *tests = scene_case(suite, "under way");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, while_a_redirect_is_followed_to_another_server, 0, RELOAD_CHANGES);
    if (!usage_is_valgrind()) /* which hides the limit */
        tcase_add_loop_test(tests, while_it_waits_for_a_descriptor, 0, RELOAD_CHANGES);
    if (!namespace_has_network("reload_under_way"))
        return suite;
    tests = scene_case_apart(suite, "sending");
    tcase_add_checked_fixture(tests, namespace_shrink_buffers, NULL);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, while_the_request_is_sent, 0, RELOAD_CHANGES);
    return suite;
}

CHECK_MAIN(make_suite())
