#include "log_scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boottime.h"
#include "lines.h"

static struct lines lines;
static bool torn; /* one of the files ends within a line */

static void forget(void)
{
    lines_finish(&lines);
    lines.json = true;
    torn = false;
}

static void read_file(const char *name)
{
    static char part[65536];
    FILE *in = fopen(rig_path(rig, name), "re");
    size_t length;

    while (in != NULL && (length = fread(part, 1, sizeof(part), in)) > 0)
        lines_feed(&lines, part, length);
    if (in != NULL)
        fclose(in);
    torn |= lines.unfinished.length > 0;
}

void log_scene_read(const char *name, ...)
{
    va_list args;

    forget();
    va_start(args, name);
    for (; name != NULL; name = va_arg(args, const char *))
        read_file(name);
    va_end(args);
}

void log_scene_read_all(const char *const *names, size_t count)
{
    forget();
    for (size_t i = 0; i < count; i++)
        read_file(names[i]);
}

static bool is(const json_t *event, const char *key, const char *wanted)
{
    const char *value = json_string_value(json_object_get(event, key));

    return wanted == NULL || (value != NULL && strcmp(value, wanted) == 0);
}

size_t log_scene_count(const char *event, const char *server)
{
    size_t count = 0;

    for (size_t i = 0; i < lines.count; i++)
        count +=
            is(lines.items[i].json, "event", event) && is(lines.items[i].json, "server", server);
    return count;
}

json_t *log_scene_event(const char *event, size_t index)
{
    for (size_t i = 0; i < lines.count; i++) {
        if (is(lines.items[i].json, "event", event) && index-- == 0)
            return lines.items[i].json;
    }
    ck_abort_msg("there is no such event '%s'", event);
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Of polls, whose spans are never the same twice. */
static void check_distinct(void)
{
    char **texts = calloc(lines.count + 1, sizeof(*texts));
    size_t count = 0;

    for (size_t i = 0; i < lines.count; i++) {
        if (is(lines.items[i].json, "event", "poll"))
            texts[count++] = lines.items[i].text;
    }
    qsort(texts, count, sizeof(*texts), compare);
    for (size_t i = 1; i < count; i++)
        ck_assert_msg(strcmp(texts[i - 1], texts[i]) != 0, "twice: %s", texts[i]);
    free(texts);
}

void log_scene_check_whole(void)
{
    ck_assert_msg(!lines.broken, "line %zu is torn: %.2000s", lines.broken_index,
                  lines.broken ? lines.items[lines.broken_index].text : "");
    ck_assert_msg(!torn, "a file ends within a line");
    for (size_t i = 1; i < lines.count; i++)
        ck_assert_str_le(rig_string(lines.items[i - 1].json, "time"),
                         rig_string(lines.items[i].json, "time"));
    check_distinct();
}

void log_scene_check_complete(size_t canceled)
{
    size_t told = log_scene_count("poll", NULL);
    size_t polls;

    log_scene_check_whole();
    ck_assert_uint_eq(log_scene_count("start", NULL), 1);
    ck_assert_uint_eq(log_scene_count("stop", NULL), 1);
    for (size_t i = 0; i < log_scene_count("dropped", NULL); i++)
        told += (size_t)rig_number(log_scene_event("dropped", i), "lines");
    polls = (size_t)rig_number(log_scene_event("stop", 0), "polls");
    ck_assert_uint_le(told, polls);
    ck_assert_uint_ge(told + canceled, polls);
}

struct wanted {
    const char *name;
    const char *event;
    size_t count;
};

/* Not after each response of the mock, as reading all of it takes longer than those. */
static bool is_there(void *arg)
{
    static int64_t last_ns;
    const struct wanted *wanted = arg;

    if (boottime_ns() - last_ns < 200000000)
        return false;
    last_ns = boottime_ns();
    log_scene_read(wanted->name, NULL);
    return log_scene_count(wanted->event, NULL) >= wanted->count;
}

void log_scene_await(const char *name, const char *event, size_t count)
{
    struct wanted wanted = {name, event, count};

    rig_wait(rig, is_there, &wanted, SCENE_LIMIT_MS);
}

void log_scene_check_told(const char *level, const char *text)
{
    size_t count = log_scene_count("log-file", NULL);
    json_t *event;

    ck_assert_uint_gt(count, 0);
    event = log_scene_event("log-file", count - 1);
    ck_assert_str_eq(rig_string(event, "level"), level);
    ck_assert_msg(strstr(rig_string(event, "detail"), text) != NULL, "no '%s' in: %s", text,
                  rig_string(event, "detail"));
}
