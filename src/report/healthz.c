#include "report/healthz.h"

#include <stdlib.h>

#include "base/container_of.h"

/* How many servers are looked at for a piece. */
enum { LOOK_MAX = 256 };

struct healthz {
    struct page page;
    const struct fleet *fleet;
    uint32_t next; /* the number of the server that is */
};

static bool next_of_overdue(struct page *page, struct buffer *piece)
{
    struct healthz *healthz = container_of(page, struct healthz, page);
    const struct fleet *fleet = healthz->fleet;
    for (int n = 0; n < LOOK_MAX && piece->length < PAGE_PIECE; n++, healthz->next++) {
        if (healthz->next >= fleet->ids)
            return false;
        const struct server *server = fleet->by_id[healthz->next];
        if (server != NULL && server->health.now == HEALTH_OVERDUE)
            buffer_print(piece, "overdue: %s\n", server->config->name);
    }
    return true;
}

static void free_healthz(struct page *page)
{
    free(container_of(page, struct healthz, page));
}

struct page *healthz_page(const struct fleet *fleet)
{
    struct healthz *healthz = calloc(1, sizeof *healthz);
    if (healthz == NULL)
        return NULL;
    healthz->fleet = fleet;
    healthz->page = (struct page){.status = 503,
                                  .type = "text/plain; charset=utf-8",
                                  .next = next_of_overdue,
                                  .free = free_healthz};
    if (fleet->states[HEALTH_OVERDUE] == 0) {
        healthz->page.status = 200;
        healthz->page.bytes = "ok\n";
        healthz->page.length = 3;
    }
    return &healthz->page;
}
