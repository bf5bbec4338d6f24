#include "named_scene.h"

#include <string.h>

static const int64_t MS = 1000000;

struct name_server *resolver;

static void setup(void)
{
    resolver = name_server_new(rig_loop(rig));
    ck_assert(scene_replace_file("/etc/resolv.conf",
                                 rig_write(rig, "resolv.conf", "nameserver 127.0.0.1\n")));
}

static void teardown(void)
{
    name_server_free(resolver);
}

TCase *named_scene_case(Suite *suite, const char *name)
{
    TCase *tests = scene_case_apart(suite, name);

    tcase_add_checked_fixture(tests, setup, teardown);
    return tests;
}

void named_scene_set_both(enum name_answer answer, unsigned delay_ms)
{
    name_server_set(resolver, NAME_A, answer, delay_ms, "127.0.0.1");
    name_server_set(resolver, NAME_AAAA, answer, delay_ms, "::1");
}

void named_scene_set_ipv4_only(void)
{
    name_server_set(resolver, NAME_A, NAME_ADDRESSES, 0, "127.0.0.1");
    name_server_set(resolver, NAME_AAAA, NAME_NO_DATA, 0, "");
}

void named_scene_start(const char *settings)
{
    scene_start("[defaults]\nkeep-alive = 0\nretry = 20ms\nretry-max = 50ms\n%s"
                "[servers]\na = http://name.test:%d/a?delay=0.03\nb = @/b?delay=0.03\n",
                settings, mock_server_port(mock));
}

size_t named_scene_polls(void)
{
    return rig_count_events(rig, "poll", "a");
}

size_t named_scene_await(const char *result, size_t index)
{
    for (;; index++) {
        scene_await_polls("a", index + 1);
        if (strcmp(rig_string(scene_poll("a", index), "result"), result) == 0)
            return index;
    }
}

void named_scene_await_silence(void)
{
    while (json_object_get(scene_poll("a", named_scene_polls() - 1), "detail") != NULL)
        scene_await_polls("a", named_scene_polls() + 1);
}

void named_scene_check_took(size_t index, int64_t least_ms, int64_t most_ms)
{
    int64_t took = scene_ns(scene_poll("a", index), "took");

    ck_assert_msg(took >= least_ms * MS && (double)took <= (double)(most_ms * MS) * rig_slowness(),
                  "poll %zu took %.1f ms", index, (double)took / (double)MS);
}

void named_scene_check_detail(const json_t *poll, const char *text)
{
    ck_assert_msg(strstr(rig_string(poll, "detail"), text) != NULL, "%s",
                  rig_string(poll, "detail"));
}
