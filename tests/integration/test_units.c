/*
 * The units as systemd-analyze judges them, which needs no running systemd.
 */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "peer_scene.h"

static const char *const units[] = {"aiopoll.service", "aiopoll@.service"};

/* A copy that starts the program which was built, as nothing is installed here. */
static const char *copy(const char *unit)
{
    char *const line = "s|^ExecStart=[^ ]*|ExecStart=" AIOPOLL_BINARY "|";
    struct bytes path = {0};
    const char *written;

    bytes_print(&path, "%s/%s", BUILD_DIRECTORY, unit);
    written = rig_write(rig, unit, "%s", rig_run_command(rig, "sed", line, path.data, NULL)->out);
    bytes_finish(&path);
    return written;
}

START_TEST(nothing_in_them_is_wrong)
{
    const struct rig_result *result =
        rig_run_command(rig, "systemd-analyze", "verify", "--man=no", copy(units[_i]), NULL);

    ck_assert_msg(result->exit.status == 0 && strstr(result->err, "aiopoll") == NULL, "%s",
                  result->err);
}
END_TEST

START_TEST(they_are_exposed_to_next_to_nothing)
{
    const struct rig_result *result =
        rig_run_command(rig, "systemd-analyze", "security", "--offline=yes", "--threshold=12",
                        copy(units[_i]), NULL);

    if (result->exit.status != 0)
        fprintf(stderr, "%s%s", result->out, result->err); /* too long for a message */
    ck_assert_int_eq(result->exit.status, 0);
    ck_assert_ptr_nonnull(strstr(result->out, "exposure level"));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("units");
    TCase *tests = scene_case(suite, "systemd-analyze");

    tcase_add_loop_test(tests, nothing_in_them_is_wrong, 0, 2);
    tcase_add_loop_test(tests, they_are_exposed_to_next_to_nothing, 0, 2);
    return suite;
}

PEER_MAIN(suite(), "systemd-analyze", "systemd")
