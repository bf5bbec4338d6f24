/*
 * Memory for test code, where running out of it is the end: these abort
 * instead of returning NULL. What they return is released with free().
 */
#ifndef TESTS_LIB_MUST_H
#define TESTS_LIB_MUST_H

#include <stdlib.h>
#include <string.h>

static inline void *must_have(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static inline void *must_calloc(size_t count, size_t size)
{
    return must_have(calloc(count, size));
}

static inline void *must_realloc(void *old, size_t count, size_t size)
{
    return must_have(reallocarray(old, count, size));
}

static inline char *must_strdup(const char *text)
{
    return must_have(strdup(text));
}

#endif
