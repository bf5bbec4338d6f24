#include "config/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/xalloc.h"
#include "config/fields.h"

struct draft *drafts_add(struct drafts *drafts, struct place place, const char *name)
{
    drafts->list = xgrow(drafts->list, &drafts->capacity, drafts->count + 1, sizeof *drafts->list);
    struct draft *draft = &drafts->list[drafts->count++];
    *draft = (struct draft){.name = xstrdup(name), .place = place};
    return draft;
}

/* --- names ---------------------------------------------------------------------- */

static char *host_and_port(const struct url *url)
{
    const char *authority = url->text + url->host;
    size_t length = (size_t)(url->target - url->host);
    char *name = xcalloc(1, length + 1);
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        if (authority[i] != ']')
            name[n++] = authority[i] == ':' ? '-' : authority[i];
    return name;
}

static bool is_taken(const struct drafts *drafts, const char *name)
{
    for (size_t i = 0; i < drafts->count; i++)
        if (strcmp(drafts->list[i].name, name) == 0)
            return true;
    return false;
}

char *drafts_name_after(const struct drafts *drafts, const struct url *url)
{
    char *base = host_and_port(url), *name = xstrdup(base);
    for (unsigned number = 2; is_taken(drafts, name); number++) {
        free(name);
        name = xasprintf("%s-%u", base, number);
    }
    free(base);
    return name;
}

static int by_name(const void *left, const void *right)
{
    const struct draft *a = *(struct draft *const *)left, *b = *(struct draft *const *)right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a > b) - (a < b);
}

void drafts_check_names(const struct drafts *drafts, struct problems *problems)
{
    char quoted[QUOTE_SIZE];
    if (drafts->count == 0)
        return;
    struct draft **sorted = xcalloc(drafts->count, sizeof(struct draft *));
    for (size_t i = 0; i < drafts->count; i++)
        sorted[i] = &drafts->list[i];
    qsort(sorted, drafts->count, sizeof *sorted, by_name);
    for (size_t i = 1, first = 0; i < drafts->count; i++) {
        if (sorted[i]->misnamed || strcmp(sorted[i]->name, sorted[first]->name) != 0) {
            first = i;
            continue;
        }
        const char *name = sorted[i]->name;
        problem_add(problems, sorted[i]->place,
                    "the server %s is defined already, at %s:%u; each name can be given once",
                    problem_quote(quoted, name, strlen(name)), sorted[first]->place.name,
                    sorted[first]->place.line);
    }
    free(sorted);
}

/* --- settings ------------------------------------------------------------------- */

const struct server_settings *
draft_settings(const struct draft *draft, const struct server_settings *defaults, struct pool *pool)
{
    static const char field[] = "Authorization";
    const struct server_settings *own = &draft->own;
    if (draft->keys.set == 0 && !draft->has_user)
        return defaults;
    struct server_settings *settings = pool_alloc(pool, sizeof *settings);
    bool has_credentials = own->authorization != NULL || fields_have(own, field);

    *settings = *defaults;
    settings_overlay(server_setting_table, settings, own, draft->keys.set);
    fields_overlay(settings, own, has_credentials ? field : NULL, pool);
    if (has_credentials)
        settings->authorization = own->authorization;
    if (!method_has_body((enum method)settings->method) && own->body == NULL)
        settings->body = NULL;
    return settings;
}
