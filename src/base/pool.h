/* Memory that is freed together: what a configuration is made of. Pure. */
#ifndef AIOPOLL_POOL_H
#define AIOPOLL_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool_block;

/* All zero: an empty one. */
struct pool {
    struct pool_block *blocks;
};

/* Memory of `size` zero bytes, valid until pool_free(). Ends the process where memory is
 * short, like xcalloc(). */
void *pool_alloc(struct pool *pool, size_t size);

/* A copy of `length` bytes of `text`, and a NUL. */
char *pool_text(struct pool *pool, const char *text, size_t length);

/* Overwrites all of it, as secrets may be among it, and frees it. */
void pool_free(struct pool *pool);

/* The same with so many pieces of it. True: nothing is left. */
bool pool_free_some(struct pool *pool, size_t count);

#endif
