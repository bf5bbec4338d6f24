#include "pace/generation.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct generation *generation_new(struct config *config)
{
    struct generation *generation = xcalloc(1, sizeof *generation);
    generation->config = config;
    generation->users = 1;
    return generation;
}

struct generation *generation_hold(struct generation *generation)
{
    generation->users++;
    return generation;
}

void generation_release(struct generation *generation)
{
    if (generation == NULL || --generation->users > 0)
        return;
    tls_contexts_free(&generation->tls);
    config_free(generation->config);
    free(generation);
}
