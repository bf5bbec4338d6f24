#include "base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct pool_block {
    struct pool_block *next;
    size_t size;
    max_align_t memory[];
};

void *pool_alloc(struct pool *pool, size_t size)
{
    struct pool_block *block = xcalloc(1, sizeof *block + size);
    block->next = pool->blocks;
    block->size = size;
    pool->blocks = block;
    return block->memory;
}

char *pool_text(struct pool *pool, const char *text, size_t length)
{
    return memcpy(pool_alloc(pool, length + 1), text, length);
}

bool pool_free_some(struct pool *pool, size_t count)
{
    for (; count > 0 && pool->blocks != NULL; count--) {
        struct pool_block *block = pool->blocks;
        pool->blocks = block->next;
        explicit_bzero(block->memory, block->size);
        free(block);
    }
    return pool->blocks == NULL;
}

void pool_free(struct pool *pool)
{
    pool_free_some(pool, SIZE_MAX);
}
