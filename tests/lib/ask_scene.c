#include "ask_scene.h"

#include <stdio.h>
#include <string.h>

struct canned_server *canned;

#define SERVER(name, state, more)                                                                  \
    "{\"name\":\"" name "\",\"state\":\"" state "\",\"since\":1764000000,\"url\":\"http://" name   \
    ".example.net/\",\"polls\":20,\"failures\":3," more "\"next\":1764268003}"

const char ask_scene_five[] = "{\"version\":\"0.1.0\",\"pid\":42,\"up\":268000,\"now\":"
                              "1764268000,\"generation\":1,"
                              "\"ok\":3,\"failing\":1,\"overdue\":1,\"polls\":100,\"failures\":15,"
                              "\"early\":0,\"servers\":[\n" //
    SERVER("alpha", "ok",
           "\"last\":1764267998,\"status\":200,\"delay\":5,\"took\":0.1,\"late\":0,") //
    ",\n" SERVER("beta", "failing",
                 "\"last\":1764267998,\"error\":\"connect\",\"detail\":\"refused\",\"attempt\":3,"
                 "\"delay\":4,\"took\":0.001,")                          //
    ",\n" SERVER("gamma", "ok", "") ",\n" SERVER("delta", "overdue", "") //
    ",\n" SERVER("epsilon", "ok", "") "]}\n";

const char ask_scene_well[] =
    "{\"up\":268000,\"now\":1764268000,\"ok\":1,\"failing\":0,\"overdue\":0,\"polls\":20,"
    "\"failures\":3,\"servers\":[" SERVER("alpha", "ok", "") "]}";

static void setup(void)
{
    canned = canned_server_new(rig_loop(rig), NULL);
}

static void teardown(void)
{
    canned_server_free(canned);
}

TCase *ask_scene_case(Suite *suite, const char *name)
{
    TCase *tests = scene_case(suite, name);
    tcase_add_checked_fixture(tests, setup, teardown);
    return tests;
}

void ask_scene_on_unix(const char *path)
{
    canned_server_free(canned);
    canned = canned_server_new(rig_loop(rig), path);
}

const char *ask_scene_listen(void)
{
    static char option[256];
    snprintf(option, sizeof option, "--listen=%s", canned_server_address(canned));
    return option;
}

void ask_scene_check_refused(const struct rig_result *result, const char *beginning)
{
    ck_assert_int_eq(result->exit.signal, 0);
    ck_assert_msg(result->exit.status == 2, "status %d: %s", result->exit.status, result->err);
    ck_assert_str_eq(result->out, "");
    ck_assert_msg(strncmp(result->err, beginning, strlen(beginning)) == 0,
                  "it does not begin with '%s': %s", beginning, result->err);
    for (const char *at = result->err; *at != '\0'; at++)
        ck_assert((*at >= ' ' && *at <= '~') || *at == '\n');
}
