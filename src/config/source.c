#include "config/source.h"

#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "base/xalloc.h"

void sources_add(struct sources *sources, const char *name, struct place included_at)
{
    struct source *source = xcalloc(1, sizeof *source);
    source->name = xstrdup(name);
    source->included_at = included_at;
    sources->list =
        xgrow(sources->list, &sources->capacity, sources->count + 1, sizeof(struct source *));
    sources->list[sources->count++] = source;
}

/* A relative pattern is meant from the folder of the file that includes, whose own
 * name is no pattern. */
static char *absolute_pattern(const char *pattern, const char *from)
{
    const char *slash = strrchr(from, '/');
    if (pattern[0] == '/' || slash == NULL)
        return xstrdup(pattern);
    char *result = xcalloc(1, 2 * (size_t)(slash - from + 1) + strlen(pattern) + 1);
    char *at = result;
    for (; from <= slash; from++) {
        if (strchr("*?[\\", *from) != NULL)
            *at++ = '\\';
        *at++ = *from;
    }
    strcpy(at, pattern);
    return result;
}

void sources_include(struct sources *sources, const char *pattern, struct place place,
                     struct problems *problems)
{
    glob_t found;
    char quoted[QUOTE_SIZE];
    char *from_here = absolute_pattern(pattern, place.name);
    int result = glob(from_here, 0, NULL, &found);

    for (size_t i = 0; result == 0 && i < found.gl_pathc; i++)
        sources_add(sources, found.gl_pathv[i], place);
    if (result != 0)
        problem_add(
            problems, place, "include = %s: %s",
            escape_quote(quoted, sizeof quoted, pattern, strlen(pattern)),
            result == GLOB_NOMATCH
                ? "no file matches; write the name of a file, or a pattern such as conf.d/*.ini"
                : "the folder cannot be read");
    globfree(&found);
    free(from_here);
}

/* Complains of a file at the line that included it. */
__attribute__((format(printf, 3, 4))) static void
complain(struct problems *problems, const struct source *source, const char *format, ...)
{
    char what[256], quoted[QUOTE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    escape_quote(quoted, sizeof quoted, source->name, strlen(source->name));
    if (source->included_at.name != NULL)
        problem_add(problems, source->included_at, "the included file %s %s", quoted, what);
    else
        problem_add(problems, source->included_at, "the configuration file %s %s", quoted, what);
}

static bool is_known(const struct sources *sources, const struct source *source)
{
    for (size_t i = 0; i < sources->read; i++)
        if (sources->list[i] != source && sources->list[i]->device == source->device &&
            sources->list[i]->inode == source->inode)
            return true;
    return false;
}

/* All bytes of the open file, with a NUL behind them; NULL and errno on failure. There may
 * be secrets among them, so that no buffer in between has a copy, nor one that grew unless
 * the file does. */
static char *read_all(FILE *file, off_t size, size_t *length)
{
    char *text = NULL;
    size_t capacity = 0, n;

    setvbuf(file, NULL, _IONBF, 0);
    *length = 0;
    if (size > 0 && size <= SOURCE_MAX)
        text = xgrow(text, &capacity, (size_t)size + (64 << 10) + 1, 1);
    do {
        text = xgrow(text, &capacity, *length + (64 << 10) + 1, 1);
        n = fread(text + *length, 1, capacity - *length - 1, file);
        *length += n;
    } while (n != 0 && *length <= SOURCE_MAX);
    text[*length] = '\0';
    if (!ferror(file) && *length <= SOURCE_MAX)
        return text;
    int error = *length > SOURCE_MAX ? EFBIG : errno;
    explicit_bzero(text, *length);
    free(text);
    errno = error;
    return NULL;
}

static char *read_source(const struct sources *sources, struct source *source, size_t *length,
                         struct problems *problems)
{
    struct stat info;
    char *text = NULL;
    FILE *file = fopen(source->name, "re");

    if (file == NULL || fstat(fileno(file), &info) != 0) {
        complain(problems, source, "cannot be read: %s", strerror(errno));
    } else {
        source->device = info.st_dev;
        source->inode = info.st_ino;
        if (is_known(sources, source))
            complain(problems, source,
                     "has been read before; a file can be included once, and not by itself");
        else if ((text = read_all(file, info.st_size, length)) == NULL)
            complain(problems, source, "cannot be read: %s", strerror(errno));
    }
    if (file != NULL)
        fclose(file);
    return text;
}

struct place sources_next(struct sources *sources, char **text, size_t *length,
                          struct problems *problems)
{
    *text = NULL;
    if (sources->read == sources->count)
        return (struct place){0};
    struct source *source = sources->list[sources->read];
    struct place place = {.name = source->name, .file = (unsigned)++sources->read};
    *text = read_source(sources, source, length, problems);
    return place;
}

void sources_free(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->list[i]->name);
        free(sources->list[i]);
    }
    free(sources->list);
}
