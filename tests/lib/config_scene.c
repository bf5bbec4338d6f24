#include "config_scene.h"

#include <check.h>
#include <stdarg.h>
#include <string.h>

#include "bytes.h"

struct scratch *scratch;
struct problems problems;
struct config *config;

void config_scene_start(void)
{
    scratch = scratch_new();
}

void config_scene_finish(void)
{
    config_free(config);
    config = NULL;
    problems_free(&problems);
    scratch_free(scratch);
}

const char *file(const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *path = scratch_write(scratch, name, format, args);
    va_end(args);
    return path;
}

const char *told(size_t index)
{
    size_t length = strlen(scratch_directory(scratch));
    ck_assert_uint_gt(problems.count, index);
    const char *text = problems.list[index].text;
    return strncmp(text, scratch_directory(scratch), length) == 0 ? text + length + 1 : text;
}

void read_config(const char *format, ...)
{
    va_list args;
    config_free(config);
    problems_free(&problems);
    va_start(args, format);
    const char *path = scratch_write(scratch, "f.ini", format, args);
    va_end(args);
    config = config_read(path, NULL, 0, &problems);
    ck_assert_int_eq(config == NULL, problems.count > 0);
}

const struct server_settings *settings_of(const char *name)
{
    ck_assert_msg(problems.count == 0, "%s", problems.count == 0 ? "" : told(0));
    for (size_t i = 0; i < config->server_count; i++)
        if (name == NULL || strcmp(config->servers[i].name, name) == 0)
            return config->servers[i].settings;
    ck_abort_msg("there is no server %s", name);
    return NULL;
}

void assert_all_told(const char *expected)
{
    struct bytes all = {0};
    bytes_print(&all, "%s", "");
    for (size_t i = 0; i < problems.count; i++)
        bytes_print(&all, "%s\n", told(i));
    ck_assert_str_eq(all.data, expected);
    bytes_finish(&all);
}
