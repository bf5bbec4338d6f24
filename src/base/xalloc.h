/* Memory for what aiopoll cannot start without: reading the configuration and
 * setting up. Each of these ends the process with a sentence on standard error
 * where memory is short. A poll never uses them: there, a failed allocation is
 * a failure like any other, and the server is asked again. */
#ifndef AIOPOLL_XALLOC_H
#define AIOPOLL_XALLOC_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);

/* Grows an array so that it holds at least `need` elements; *capacity follows.
 * The new elements are not initialised. */
void *xgrow(void *array, size_t *capacity, size_t need, size_t size);

/* `length` bytes and a NUL. */
char *xstrndup(const char *text, size_t length);
char *xstrdup(const char *text);

/* A string made after `format`, to be freed by the caller. */
__attribute__((format(printf, 1, 2))) char *xasprintf(const char *format, ...);

#endif
