#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/xalloc.h"
#include "config/agreement.h"
#include "config/config_find.h"
#include "config/credentials.h"
#include "config/draft.h"
#include "config/ini.h"
#include "config/server_name.h"
#include "config/source.h"
#include "config/value.h"

enum section { SECTION_AIOPOLL, SECTION_DEFAULTS, SECTION_SERVERS, SECTION_SERVER };

static const char *const section_names[] = {"aiopoll", "defaults", "servers", "server", NULL};

struct builder {
    struct config *config;
    struct problems *problems;
    struct sources sources;
    enum section section;
    struct keys daemon_keys, defaults_keys;
    struct place defaults_place;
    bool defaults_agree; /* with each other */
    struct drafts drafts;
};

static const char *quote(char out[QUOTE_SIZE], const char *text)
{
    return problem_quote(out, text, strlen(text));
}

static bool check_name(struct builder *builder, struct place place, const char *name)
{
    char quoted[QUOTE_SIZE];
    size_t length = strlen(name);
    if (!server_name_has_right_bytes(name)) {
        problem_add(builder->problems, place,
                    "%s: a server's name has only letters, digits, '.', '_' and '-'",
                    quote(quoted, name));
        return false;
    }
    if (length > 0 && length <= SERVER_NAME_MAX)
        return true;
    problem_add(builder->problems, place, "%s: a server's name has 1 to %d characters, not %zu",
                quote(quoted, name), SERVER_NAME_MAX, length);
    return false;
}

/* The user in it becomes *authorization, which is left alone where there is none. */
static bool read_url(struct builder *builder, const struct written *written, struct url *url,
                     const char **authorization)
{
    char why[256], quoted[QUOTE_SIZE], *userinfo = NULL;
    bool ok = url_parse(written->value, url, &userinfo, why, sizeof why);
    if (ok && userinfo != NULL) {
        ok = credentials_of_userinfo(userinfo, &builder->config->pool, authorization, why,
                                     sizeof why);
        free(userinfo);
        if (!ok)
            url_free(url);
    }
    if (!ok)
        problem_add(builder->problems, written->place, "%s cannot be polled: %s",
                    quote(quoted, written->shown), why);
    return ok;
}

static void set_url(struct builder *builder, struct draft *draft, const struct written *written)
{
    const char *authorization = NULL;
    if (draft->has_url)
        problem_add(builder->problems, written->place,
                    "url is set already; each key can be set once");
    else if (written->value != NULL)
        read_url(builder, written, &draft->url, &authorization);
    draft->has_url = true;
    draft->secret_url = written->value != NULL && strcmp(written->value, written->shown) != 0;
    if (authorization == NULL)
        return;
    draft->has_user = true;
    draft->own.authorization = authorization;
}

/* "[server NAME]". The settings of one with a wrong name are checked all the same. */
static void begin_server(struct builder *builder, struct place place, const char *name)
{
    bool right = *name != '\0';
    if (right)
        right = check_name(builder, place, name);
    else
        problem_add(builder->problems, place,
                    "[server]: its name is missing; write [server NAME], or [servers] for a list");
    drafts_add(&builder->drafts, place, name)->misnamed = !right;
}

/* `rest`: what follows the section's first word. */
static void begin_section(struct builder *builder, struct place place, enum section section,
                          const char *rest)
{
    builder->section = section;
    if (section == SECTION_DEFAULTS)
        builder->defaults_place = place;
    if (section == SECTION_SERVER)
        begin_server(builder, place, rest);
}

/* Returns the section that was probably meant, or -1. */
static int64_t unknown_section(struct builder *builder, struct place place, const char *name,
                               const char *word)
{
    char quoted[QUOTE_SIZE], hint[32] = "";
    int64_t index = -1;
    const char *meant = value_nearest(word, section_names);
    if (meant != NULL) {
        value_choice(meant, section_names, &index);
        snprintf(hint, sizeof hint, "; did you mean [%s]?", meant);
    }
    problem_add(builder->problems, place,
                "%s is no section; there are [aiopoll], [defaults], [servers] and [server NAME]%s",
                quote(quoted, name), hint);
    return index;
}

static bool on_section(void *user, struct place place, const char *name)
{
    struct builder *builder = user;
    int64_t index;
    size_t length = strcspn(name, " \t");
    const char *rest = name + length + strspn(name + length, " \t");
    char *word = xstrndup(name, length);

    bool known =
        value_choice(word, section_names, &index) && (index == SECTION_SERVER || *rest == '\0');
    if (!known)
        index = unknown_section(builder, place, name, word);
    if (index >= 0)
        begin_section(builder, place, (enum section)index, rest);
    free(word);
    return index >= 0;
}

static void unknown_key(struct builder *builder, struct place place, const char *key,
                        const struct setting *table, const char *one_more)
{
    const char *names[SETTING_NAMES_MAX + 1];
    char quoted[QUOTE_SIZE];
    size_t n = 0;

    setting_names(table, names);
    while (names[n] != NULL)
        n++;
    names[n++] = one_more;
    names[n] = NULL;
    const char *meant = value_nearest(key, names);
    const char *section = section_names[builder->section];
    if (meant != NULL)
        problem_add(builder->problems, place, "%s is not a key of [%s]; did you mean %s?",
                    quote(quoted, key), section, meant);
    else
        problem_add(builder->problems, place, "%s is not a key of [%s]; see aiopoll.ini(5)",
                    quote(quoted, key), section);
}

/* Returns false where the table has no such key. */
static bool apply(struct builder *builder, const struct setting *table, void *settings,
                  struct keys *keys, const char *key, const struct written *written)
{
    return setting_apply(table, settings, keys, key, written, &builder->config->pool,
                         builder->problems) == SETTING_DONE;
}

static void set_daemon_key(struct builder *builder, const char *key, const struct written *written)
{
    if (strcmp(key, "include") == 0 && written->value != NULL)
        sources_include(&builder->sources, written->value, written->place, builder->problems);
    else if (strcmp(key, "include") != 0 &&
             !apply(builder, daemon_setting_table, &builder->config->daemon, &builder->daemon_keys,
                    key, written))
        unknown_key(builder, written->place, key, daemon_setting_table, "include");
}

static void set_server_key(struct builder *builder, const char *key, const struct written *written)
{
    struct draft *draft = &builder->drafts.list[builder->drafts.count - 1];
    if (strcmp(key, "url") == 0)
        set_url(builder, draft, written);
    else if (!apply(builder, server_setting_table, &draft->own, &draft->keys, key, written))
        unknown_key(builder, written->place, key, server_setting_table, "url");
}

static void set_default(struct builder *builder, const char *key, const struct written *written)
{
    if (strcmp(key, "url") == 0)
        problem_add(builder->problems, written->place,
                    "url cannot stand in [defaults]; write it in [servers] or [server NAME]");
    else if (!apply(builder, server_setting_table, &builder->config->defaults,
                    &builder->defaults_keys, key, written))
        unknown_key(builder, written->place, key, server_setting_table, NULL);
}

/* The key that stands in [servers] in place of a name, or NULL. A misspelt one is
 * taken for such only where the value is no URL to anybody's eyes. */
static const char *misplaced_key(const char *name, const char *shown)
{
    static const struct setting *const *const tables[] = {&daemon_setting_table,
                                                          &server_setting_table};
    static const char *const others[] = {"url", "include", NULL};
    const char *names[SETTING_NAMES_MAX];
    const char *meant = value_nearest(name, others);
    for (size_t i = 0; meant == NULL && i < 2; i++)
        meant = value_nearest(name, setting_names(*tables[i], names));
    if (meant == NULL || strcmp(meant, name) == 0)
        return meant;
    return strlen(meant) < 5 || strpbrk(shown, ".:/") != NULL ? NULL : meant;
}

/* "NAME = URL". */
static void add_server(struct builder *builder, const char *name, const struct written *written)
{
    char quoted[QUOTE_SIZE];
    const char *key = misplaced_key(name, written->shown);
    if (key != NULL)
        problem_add(builder->problems, written->place,
                    "%s cannot be a server's name: %s is a key of another section",
                    quote(quoted, name), key);
    else if (check_name(builder, written->place, name))
        set_url(builder, drafts_add(&builder->drafts, written->place, name), written);
}

/* A setter gets no value where its expansion failed: it then only notes the key. */
static void on_setting(void *user, struct place place, const char *key, const char *text)
{
    struct builder *builder = user;
    char why[256];
    char *value = value_expand(text, why, sizeof why);
    const struct written written = {.value = value, .shown = text, .place = place};

    if (value == NULL)
        problem_add(builder->problems, place, "%s", why);
    switch (builder->section) {
    case SECTION_AIOPOLL: set_daemon_key(builder, key, &written); break;
    case SECTION_DEFAULTS: set_default(builder, key, &written); break;
    case SECTION_SERVERS: add_server(builder, key, &written); break;
    case SECTION_SERVER: set_server_key(builder, key, &written); break;
    }
    if (value != NULL)
        explicit_bzero(value, strlen(value));
    free(value);
}

static void read_files(struct builder *builder)
{
    const struct ini_handler handler = {on_section, on_setting, builder};
    struct place place;
    char *text;
    size_t length;

    while ((place = sources_next(&builder->sources, &text, &length, builder->problems)).name !=
           NULL) {
        if (text == NULL)
            continue;
        ini_parse_text(text, length, place, &handler, builder->problems);
        explicit_bzero(text, length);
        free(text);
    }
}

static void add_bare_url(struct builder *builder, const char *text)
{
    const struct written written = {.value = text, .shown = text};
    const char *authorization = NULL;
    struct url url;

    if (!read_url(builder, &written, &url, &authorization))
        return;
    char *name = drafts_name_after(&builder->drafts, &url);
    struct draft *draft = drafts_add(&builder->drafts, written.place, name);
    draft->url = url;
    draft->has_url = true;
    draft->has_user = authorization != NULL;
    draft->own.authorization = authorization;
    free(name);
}

static void check_defaults(struct builder *builder)
{
    const struct keys *keys = &builder->defaults_keys;
    const struct level level = {"[defaults]", builder->defaults_place, &builder->config->defaults,
                                keys->wrong};
    bool one = credentials_agree(&level, keys->set, false, builder->problems);
    builder->defaults_agree = settings_agree(&level, builder->problems) && one;
}

static void check_draft(struct builder *builder, const struct draft *draft,
                        const struct server_settings *settings)
{
    char what[SERVER_NAME_MAX + sizeof "[server ]"];
    const struct keys *keys = &draft->keys;
    if (draft->misnamed)
        return;
    snprintf(what, sizeof what, "[server %s]", draft->name);
    if (!draft->has_url)
        problem_add(builder->problems, draft->place, "%s has no url; write url = http://HOST/PATH",
                    what);
    credentials_agree(&(struct level){what, draft->place, &draft->own, keys->wrong}, keys->set,
                      draft->has_user, builder->problems);
    if (builder->defaults_agree && settings != &builder->config->defaults)
        settings_agree(&(struct level){what, draft->place, settings,
                                       keys->wrong | (builder->defaults_keys.wrong & ~keys->set)},
                       builder->problems);
}

/* Moves the drafts into the config. */
static void finish_servers(struct builder *builder)
{
    struct config *config = builder->config;
    const struct drafts *drafts = &builder->drafts;
    config->servers = xcalloc(drafts->count + 1, sizeof *config->servers);
    config->server_count = drafts->count;
    for (size_t i = 0; i < drafts->count; i++) {
        struct draft *draft = &drafts->list[i];
        const struct server_settings *settings =
            draft_settings(draft, &config->defaults, &config->pool);
        check_draft(builder, draft, settings);
        config->servers[i] = (struct server_config){.name = draft->name,
                                                    .url = draft->url,
                                                    .secret_url = draft->secret_url,
                                                    .settings = settings};
    }
}

static void check_whole(struct builder *builder)
{
    struct place place = {0};
    if (builder->drafts.count == 0 && builder->problems->count == 0) {
        if (builder->sources.count > 0)
            place = (struct place){.name = builder->sources.list[0]->name, .file = 1};
        problem_add(builder->problems, place,
                    "there is no server to poll; write NAME = URL below [servers]");
    }
    drafts_check_names(&builder->drafts, builder->problems);
    check_defaults(builder);
}

struct config *config_read(const char *path, char *const *urls, size_t url_count,
                           struct problems *problems)
{
    struct config *config = xcalloc(1, sizeof *config);
    struct builder builder = {.config = config, .problems = problems};
    const struct place command_line = {0};

    settings_init(daemon_setting_table, &config->daemon);
    settings_init(server_setting_table, &config->defaults);
    if (path != NULL)
        sources_add(&builder.sources, path, command_line);
    read_files(&builder);
    for (size_t i = 0; i < url_count; i++)
        add_bare_url(&builder, urls[i]);
    check_whole(&builder);
    finish_servers(&builder);
    config_sort(config);
    problems_sort(problems);
    sources_free(&builder.sources);
    free(builder.drafts.list);
    if (problems->count == 0)
        return config;
    config_free(config);
    return NULL;
}

bool config_free_some(struct config *config, size_t count)
{
    for (; count > 0 && config->server_count > 0; count--) {
        struct server_config *server = &config->servers[--config->server_count];
        free(server->name);
        url_free(&server->url);
    }
    if (count == 0 || !pool_free_some(&config->pool, count))
        return false;
    free(config->by_name);
    free(config->servers);
    free(config);
    return true;
}

void config_free(struct config *config)
{
    if (config != NULL)
        config_free_some(config, SIZE_MAX);
}
