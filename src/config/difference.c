#include "config/difference.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

const char *fate_name(enum fate fate)
{
    switch (fate) {
    case FATE_SAME: return "same";
    case FATE_CHANGED: return "changed";
    case FATE_MOVED: return "moved";
    case FATE_ADDED: return "added";
    case FATE_REMOVED: return "removed";
    }
    return "unknown";
}

/* Most servers share their settings, so that most questions are that before them. */
struct comparison {
    const struct server_settings *old, *new;
    bool differ;
    difference_files *files;
    void *user;
};

static bool settings_differ(struct comparison *comparison, const struct server_settings *old,
                            const struct server_settings *new)
{
    if (old == comparison->old && new == comparison->new)
        return comparison->differ;
    comparison->old = old;
    comparison->new = new;
    comparison->differ = !settings_equal(server_setting_table, old, new) ||
                         comparison->files(comparison->user, old, new);
    return comparison->differ;
}

static enum fate fate_of(struct comparison *comparison, const struct server_config *old,
                         const struct server_config *new)
{
    if (strcmp(old->url.text, new->url.text) != 0)
        return FATE_MOVED;
    if (old->secret_url != new->secret_url ||
        settings_differ(comparison, old->settings, new->settings))
        return FATE_CHANGED;
    return FATE_SAME;
}

static void count(struct difference *difference, size_t old_count)
{
    for (size_t i = 0; i < difference->count; i++) {
        enum fate fate = difference->entries[i].fate;
        difference->added += fate == FATE_ADDED;
        difference->changed += fate == FATE_CHANGED;
        difference->moved += fate == FATE_MOVED;
    }
    difference->removed = old_count - (difference->count - difference->added);
}

void difference_find(struct difference *difference, const struct config *old,
                     const struct config *new, difference_files *files, void *user)
{
    struct comparison comparison = {.files = files, .user = user};
    const struct server_config **olds = old->by_name, **news = new->by_name;
    size_t at = 0;
    *difference =
        (struct difference){.entries = xcalloc(new->server_count + 1, sizeof *difference->entries),
                            .count = new->server_count};
    for (size_t i = 0; i < new->server_count; i++) {
        struct difference_entry *entry = &difference->entries[news[i] - new->servers];
        while (at < old->server_count && strcmp(olds[at]->name, news[i]->name) < 0)
            at++;
        entry->fate = FATE_ADDED;
        if (at == old->server_count || strcmp(olds[at]->name, news[i]->name) != 0)
            continue;
        entry->fate = fate_of(&comparison, olds[at], news[i]);
        entry->old = (size_t)(olds[at] - old->servers);
    }
    count(difference, old->server_count);
}

void difference_free(struct difference *difference)
{
    free(difference->entries);
    *difference = (struct difference){0};
}
