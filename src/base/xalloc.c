#include "base/xalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *memory)
{
    if (memory == NULL) {
        fputs("aiopoll: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void *xcalloc(size_t count, size_t size)
{
    return or_die(calloc(count, size));
}

void *xgrow(void *array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return array;
    size_t wanted = *capacity < 8 ? 8 : *capacity;
    while (wanted < need)
        wanted = wanted <= SIZE_MAX / 2 ? wanted * 2 : need;
    array = or_die(wanted <= SIZE_MAX / size ? realloc(array, wanted * size) : NULL);
    *capacity = wanted;
    return array;
}

char *xstrndup(const char *text, size_t length)
{
    char *copy = or_die(malloc(length + 1));
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *xstrdup(const char *text)
{
    return or_die(strdup(text));
}

char *xasprintf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return or_die(length < 0 ? NULL : text);
}
