#include "report/site.h"

#include <stdint.h>
#include <string.h>

#include "base/duration.h"
#include "config/server_name.h"
#include "report/assets.h"
#include "report/healthz.h"
#include "report/metrics.h"
#include "report/status_json.h"

/* "since=SECONDS", or 0. */
static int64_t read_since(const char *query)
{
    static const char key[] = "since=";
    int64_t since = 0;
    if (query == NULL || strncmp(query, key, sizeof key - 1) != 0)
        return 0;
    query += sizeof key - 1;
    size_t length = strlen(query);
    return duration_scan(query, length, SECOND, &since) == length ? since : 0;
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

struct page *site_find(void *user, const char *path, const char *query)
{
    const struct site *site = user;
    char name[SERVER_NAME_SIZE];
    if (strcmp(path, "/status.json") == 0)
        return status_json_page(site->board, site->fleet, read_since(query));
    if (strcmp(path, "/metrics") == 0)
        return metrics_page(site->board, site->fleet, site->log, site->per_server);
    if (strcmp(path, "/healthz") == 0)
        return healthz_page(site->fleet);
    if (read_name(path, name, sizeof name))
        return server_json_page(site->board, site->fleet, name);
    return asset_page(path);
}
