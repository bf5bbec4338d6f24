#include "report/site.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_chars.h"
#include "config/server_name.h"
#include "report/assets.h"
#include "report/healthz.h"
#include "report/metrics.h"
#include "report/status_json.h"

/* "since=CHANGE", or 0. */
static uint64_t read_since(const char *query)
{
    static const char key[] = "since=";
    unsigned long long since;
    char *end;
    if (query == NULL || strncmp(query, key, sizeof key - 1) != 0)
        return 0;
    query += sizeof key - 1;
    errno = 0;
    since = strtoull(query, &end, 10);
    return http_is_digit((unsigned char)*query) && *end == '\0' && errno == 0 ? since : 0;
}

/* The name in "/servers/NAME.json"; false: it is another path. */
static bool read_name(const char *path, char *name, size_t size)
{
    static const char before[] = "/servers/", behind[] = ".json";
    size_t length = strlen(path), around = sizeof before + sizeof behind - 2;
    if (length <= around || length - around >= size ||
        strncmp(path, before, sizeof before - 1) != 0 ||
        strcmp(path + length - sizeof behind + 1, behind) != 0)
        return false;
    memcpy(name, path + sizeof before - 1, length - around);
    name[length - around] = '\0';
    return true;
}

/* Where memory is short, that is told by a page that needs none. */
static struct page *or_short(struct page *page)
{
    static const char sentence[] = "Memory is short: ask again later.\n";
    static struct page memory_is_short = {.status = 503,
                                          .type = "text/plain; charset=utf-8",
                                          .bytes = sentence,
                                          .length = sizeof sentence - 1};
    return page != NULL ? page : &memory_is_short;
}

struct page *site_find(void *user, const char *path, const char *query)
{
    const struct site *site = user;
    char name[SERVER_NAME_SIZE];
    if (strcmp(path, "/status.json") == 0)
        return or_short(status_json_page(site->board, site->fleet, read_since(query)));
    if (strcmp(path, "/metrics") == 0)
        return or_short(metrics_page(site->board, site->fleet, site->log, site->per_server));
    if (strcmp(path, "/healthz") == 0)
        return or_short(healthz_page(site->fleet));
    if (read_name(path, name, sizeof name))
        return or_short(server_json_page(site->board, site->fleet, name));
    return asset_page(path);
}
