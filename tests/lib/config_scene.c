#include "config_scene.h"

#include <check.h>
#include <stdarg.h>
#include <string.h>

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
