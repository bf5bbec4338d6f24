#include "reload_scene.h"

#include <string.h>

static struct {
    const char *settings, *servers, *url;
} scene;

void reload_scene_start(const char *settings, const char *servers, const char *url)
{
    scene.settings = settings;
    scene.servers = servers;
    scene.url = url;
    scene_start("[defaults]\n%s[servers]\n%sa = %s\n", settings, servers, url);
}

static json_t *reload(enum reload_change change)
{
    static const char format[] = "[defaults]\n%s[servers]\n%s[server a]\nurl = %s\n%s";

    if (change == RELOAD_REMOVED)
        return scene_reload("[defaults]\n%s[servers]\n%s", scene.settings, scene.servers);
    return scene_reload(format, scene.settings, scene.servers,
                        change == RELOAD_MOVED ? "@/moved?delay=60" : scene.url,
                        change == RELOAD_CHANGED ? "header = X-New: yes\n" : "");
}

static void check_event(const json_t *event, int changed, int removed)
{
    ck_assert_str_eq(rig_string(event, "result"), "ok");
    ck_assert_int_eq((int)rig_number(event, "added"), 0);
    ck_assert_int_eq((int)rig_number(event, "changed"), changed);
    ck_assert_int_eq((int)rig_number(event, "removed"), removed);
}

void reload_scene_apply(enum reload_change change)
{
    const json_t *event = reload(change);

    check_event(event, change == RELOAD_CHANGED || change == RELOAD_MOVED,
                change == RELOAD_REMOVED);
}

void reload_scene_apply_list(enum reload_change change, const char *servers)
{
    scene.servers = servers;
    ck_assert_str_eq(rig_string(reload(change), "result"), "ok");
}

/* --- what comes of it --------------------------------------------------------------- */

static void check_two_polls(bool changed)
{
    scene_await_polls("a", 2);
    scene_check_all_good("a");
    ck_assert_uint_eq(scene_count_canceled("a"), 0);
    ck_assert_ptr_null(strstr(scene_request("a", 0)->header.data, "X-New: yes"));
    ck_assert_int_eq(strstr(scene_request("a", 1)->header.data, "X-New: yes") != NULL, changed);
    scene_check_never_early("a");
}

static void check_canceled(bool in_flight, const char *why)
{
    const char *detail;

    ck_assert_uint_eq(scene_count_canceled("a"), in_flight ? 1 : 0);
    if (!in_flight)
        return;
    detail = rig_string(scene_failure("a", 0, "canceled"), "detail");
    ck_assert_msg(strstr(detail, why) != NULL, "no '%s' in: %s", why, detail);
}

static void check_z(void)
{
    scene_await_polls("z", rig_count_events(rig, "poll", "z") + 5);
    scene_check_all_good("z");
    scene_check_never_early("z");
    scene_check_punctual();
}

void reload_scene_check(enum reload_change change, bool in_flight)
{
    size_t requests;

    switch (change) {
    case RELOAD_SAME:
    case RELOAD_CHANGED: check_two_polls(change == RELOAD_CHANGED); break;
    case RELOAD_MOVED:
        rig_wait_requests(rig, mock, "moved", 1, SCENE_LIMIT_MS);
        check_canceled(in_flight, "the server has another URL now");
        break;
    case RELOAD_REMOVED:
        check_canceled(in_flight, "the server is no longer in the configuration");
        break;
    case RELOAD_CHANGES: break;
    }
    requests = mock_server_requests(mock, "a");
    check_z();
    if (change == RELOAD_MOVED || change == RELOAD_REMOVED)
        ck_assert_uint_eq(mock_server_requests(mock, "a"), requests);
}
