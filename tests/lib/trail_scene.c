#include "trail_scene.h"

struct mock_server *other;

static void setup(void)
{
    trail_begin();
    trail_watch(mock);
    other = rig_mock(rig);
    trail_watch(other);
}

TCase *trail_scene_case(Suite *suite, const char *name)
{
    TCase *tests = scene_case(suite, name);

    tcase_add_checked_fixture(tests, setup, NULL);
    return tests;
}

const char *trail_over_to(const struct mock_server *server, const char *path)
{
    return trail_to(302, trail_print("http://%s%s", mock_server_authority(server), path));
}
