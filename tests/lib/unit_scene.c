#include "unit_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boottime.h"
#include "must.h"

enum { LOOK_EVERY_MS = 50 };

static char began[32];  /* @SECONDS of the epoch */
static json_t *journal; /* that the last entry is of */

/* --- the beginning and the end ------------------------------------------------------------ */

/* The manager reads its files only where there were any of ours: that takes half a second. */
static void clear(void)
{
    machine_run("systemctl stop 'aiopoll*'; systemctl reset-failed 'aiopoll*';"
                "rm -rf /etc/aiopoll /var/l*/aiopoll* /var/l*/private/aiopoll*;"
                "cd /etc/systemd/system && ! rm -r aiopoll*.d || systemctl daemon-reload");
}

static void begin(void)
{
    clear();
    snprintf(began, sizeof(began), "%s", machine_run("date +@%%s.%%6N"));
}

static void end(void)
{
    json_decref(journal);
    journal = NULL;
}

TCase *unit_scene_case(Suite *suite, const char *name)
{
    TCase *tests = scene_case_within(suite, name, machine_enter_network, NULL);

    tcase_add_checked_fixture(tests, begin, end);
    return tests;
}

/* --- its files ----------------------------------------------------------------------------- */

static void configure(const char *unit, const char *format, va_list args)
{
    const char *instance = strchr(unit, '@');
    struct bytes path = {0};
    struct bytes text = {0};

    bytes_print(&path, "/etc/aiopoll/%s.ini", instance == NULL ? "servers" : instance + 1);
    bytes_print_args(&text, format, args);
    scene_config("%s", text.data);
    machine_write(path.data, "%s", rig_read(rig, "servers.ini"));
    bytes_finish(&path);
    bytes_finish(&text);
}

void unit_scene_configure(const char *unit, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    configure(unit, format, args);
    va_end(args);
}

void unit_scene_drop_in(const char *unit, const char *settings)
{
    struct bytes path = {0};

    bytes_print(&path, "/etc/systemd/system/%s.service.d/test.conf", unit);
    machine_write(path.data, "[Service]\n%s", settings);
    machine_run("systemctl daemon-reload");
    bytes_finish(&path);
}

void unit_scene_start(const char *unit, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    configure(unit, format, args);
    va_end(args);
    machine_run("systemctl start %s", unit);
}

/* --- what the manager knows ---------------------------------------------------------------- */

const char *unit_scene_property(const char *unit, const char *name)
{
    return machine_run("systemctl show --property=%s --value %s", name, unit);
}

int unit_scene_pid(const char *unit)
{
    return atoi(unit_scene_property(unit, "MainPID"));
}

void unit_scene_await_status(const char *unit, const char *text)
{
    machine_await(text, "systemctl show --property=StatusText --value %s", unit);
}

/* --- the journal --------------------------------------------------------------------------- */

#define JOURNAL                                                                                    \
    "journalctl --no-pager --all --output=json --since=%s --unit=%s --identifier=aiopoll"

const char *unit_scene_field(const json_t *entry, const char *name)
{
    return rig_string(entry, name);
}

static json_t *parse(const char *lines)
{
    json_t *entries = must_have(json_array());

    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        json_t *entry = json_loadb(lines, length, 0, NULL);

        ck_assert_msg(entry != NULL, "no JSON: %.*s", (int)length, lines);
        json_array_append_new(entries, entry);
        lines += length + (lines[length] == '\n');
    }
    return entries;
}

json_t *unit_scene_journal(const char *unit)
{
    return parse(machine_run(JOURNAL, began, unit));
}

static json_t *find(const char *unit, const char *beginning)
{
    size_t index;
    json_t *entry;

    json_decref(journal);
    journal = unit_scene_journal(unit);
    json_array_foreach(journal, index, entry)
    {
        if (strncmp(unit_scene_field(entry, "MESSAGE"), beginning, strlen(beginning)) == 0)
            return entry;
    }
    return NULL;
}

json_t *unit_scene_await_line(const char *unit, const char *beginning)
{
    int64_t limit_ns = machine_limit_ns();
    json_t *entry;

    while ((entry = find(unit, beginning)) == NULL) {
        if (boottime_ns() > limit_ns)
            ck_abort_msg("%s has written no line that begins with: %s", unit, beginning);
        rig_pass(rig, LOOK_EVERY_MS);
    }
    return entry;
}
