#include "pace/generation.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/xalloc.h"

/* A turn of the loop: either takes about as long as a poll. */
enum { PARTS = 256, CONTEXTS = 1 };

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

/* True: nothing is left of it. The keys of the contexts are texts of the configuration. */
static bool free_some(struct generation *generation, size_t contexts, size_t parts)
{
    if (!tls_contexts_free_some(&generation->tls, contexts) ||
        !config_free_some(generation->config, parts))
        return false;
    free(generation);
    return true;
}

static void on_turn(struct wakeup *wakeup)
{
    struct generation_bin *bin = container_of(wakeup, struct generation_bin, turn);
    struct generation *next = bin->first->next;
    if (free_some(bin->first, CONTEXTS, PARTS))
        bin->first = next;
    if (bin->first != NULL) /* a moment that has not come yet, so that others have their turn */
        wakeup_set(bin->wakeups, wakeup, clock_now(), on_turn);
}

static void throw_away(struct generation_bin *bin, struct generation *generation)
{
    generation->next = bin->first;
    bin->first = generation;
    wakeup_set(bin->wakeups, &bin->turn, clock_now(), on_turn);
}

void generation_release(struct generation *generation)
{
    if (generation == NULL || --generation->users > 0)
        return;
    if (generation->bin != NULL && generation->bin->wakeups != NULL)
        throw_away(generation->bin, generation);
    else
        free_some(generation, SIZE_MAX, SIZE_MAX);
}

void generation_bin_init(struct generation_bin *bin, struct wakeups *wakeups)
{
    *bin = (struct generation_bin){.wakeups = wakeups};
}

void generation_bin_expect(struct generation_bin *bin, struct generation *generation)
{
    generation->bin = bin;
}

void generation_bin_close(struct generation_bin *bin)
{
    while (bin->first != NULL) {
        struct generation *generation = bin->first;
        bin->first = generation->next;
        free_some(generation, SIZE_MAX, SIZE_MAX);
    }
    if (bin->wakeups != NULL)
        wakeup_cancel(bin->wakeups, &bin->turn);
    bin->wakeups = NULL;
}
