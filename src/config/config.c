#include "config/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
#include "base/xalloc.h"
#include "config/ini.h"
#include "config/source.h"
#include "config/value.h"

/* A server on its way to a server_config: what it says itself, and where. */
struct draft {
    char *name;
    struct url url; /* text is NULL until there is one */
    struct server_settings own;
    uint32_t set;  /* a bit a key of `own` */
    bool has_url;  /* a url key was there, right or wrong */
    bool misnamed; /* its name was refused; kept so that its settings are checked */
    struct place place;
};

enum section { SECTION_AIOPOLL, SECTION_DEFAULTS, SECTION_SERVERS, SECTION_SERVER };

static const char *const section_names[] = {"aiopoll", "defaults", "servers", "server", NULL};

struct builder {
    struct config *config;
    struct problems *problems;
    struct sources sources;
    enum section section;
    uint32_t daemon_set, defaults_set;
    struct place defaults_place;
    bool defaults_agree; /* with each other */
    struct draft *drafts;
    size_t draft_count, draft_capacity;
};

static const char *quote(char out[QUOTE_SIZE], const char *text)
{
    return problem_quote(out, text, strlen(text));
}

static bool check_name(struct builder *builder, struct place place, const char *name)
{
    char quoted[QUOTE_SIZE];
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        if (!isalnum(c) && c != '.' && c != '_' && c != '-') {
            problem_add(builder->problems, place,
                        "%s: a server's name has only letters, digits, '.', '_' and '-'",
                        quote(quoted, name));
            return false;
        }
    }
    if (length > 0 && length <= SERVER_NAME_MAX)
        return true;
    problem_add(builder->problems, place, "%s: a server's name has 1 to %d characters, not %zu",
                quote(quoted, name), SERVER_NAME_MAX, length);
    return false;
}

static struct draft *add_draft(struct builder *builder, struct place place, const char *name)
{
    builder->drafts = xgrow(builder->drafts, &builder->draft_capacity, builder->draft_count + 1,
                            sizeof *builder->drafts);
    struct draft *draft = &builder->drafts[builder->draft_count++];
    *draft = (struct draft){.name = xstrdup(name), .place = place};
    return draft;
}

static void set_url(struct builder *builder, struct draft *draft, struct place place,
                    const char *value, const char *shown)
{
    char why[256], quoted[QUOTE_SIZE];
    if (draft->has_url)
        problem_add(builder->problems, place, "url is set already; each key can be set once");
    else if (value != NULL && !url_parse(value, &draft->url, NULL, why, sizeof why))
        problem_add(builder->problems, place, "%s cannot be polled: %s", quote(quoted, shown), why);
    draft->has_url = true;
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
    add_draft(builder, place, name)->misnamed = !right;
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
    const char *names[32 + 1];
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

static void set_daemon_key(struct builder *builder, struct place place, const char *key,
                           const char *value, const char *shown)
{
    if (strcmp(key, "include") == 0 && value != NULL)
        sources_include(&builder->sources, value, place, builder->problems);
    else if (strcmp(key, "include") != 0 &&
             setting_apply(daemon_setting_table, &builder->config->daemon, &builder->daemon_set,
                           key, value, shown, place, builder->problems) == SETTING_UNKNOWN)
        unknown_key(builder, place, key, daemon_setting_table, "include");
}

static void set_server_key(struct builder *builder, struct place place, const char *key,
                           const char *value, const char *shown)
{
    struct draft *draft = &builder->drafts[builder->draft_count - 1];
    if (strcmp(key, "url") == 0)
        set_url(builder, draft, place, value, shown);
    else if (setting_apply(server_setting_table, &draft->own, &draft->set, key, value, shown, place,
                           builder->problems) == SETTING_UNKNOWN)
        unknown_key(builder, place, key, server_setting_table, "url");
}

static void set_default(struct builder *builder, struct place place, const char *key,
                        const char *value, const char *shown)
{
    if (strcmp(key, "url") == 0)
        problem_add(builder->problems, place,
                    "url cannot stand in [defaults]; write it in [servers] or [server NAME]");
    else if (setting_apply(server_setting_table, &builder->config->defaults, &builder->defaults_set,
                           key, value, shown, place, builder->problems) == SETTING_UNKNOWN)
        unknown_key(builder, place, key, server_setting_table, NULL);
}

/* The key that stands in [servers] in place of a name, or NULL. A misspelt one is
 * taken for such only where the value is no URL to anybody's eyes. */
static const char *misplaced_key(const char *name, const char *shown)
{
    static const struct setting *const *const tables[] = {&daemon_setting_table,
                                                          &server_setting_table};
    static const char *const others[] = {"url", "include", NULL};
    const char *names[32];
    const char *meant = value_nearest(name, others);
    for (size_t i = 0; meant == NULL && i < 2; i++)
        meant = value_nearest(name, setting_names(*tables[i], names));
    if (meant == NULL || strcmp(meant, name) == 0)
        return meant;
    return strlen(meant) < 5 || strpbrk(shown, ".:/") != NULL ? NULL : meant;
}

/* "NAME = URL". */
static void add_server(struct builder *builder, struct place place, const char *name,
                       const char *value, const char *shown)
{
    char quoted[QUOTE_SIZE];
    const char *key = misplaced_key(name, shown);
    if (key != NULL)
        problem_add(builder->problems, place,
                    "%s cannot be a server's name: %s is a key of another section",
                    quote(quoted, name), key);
    else if (check_name(builder, place, name))
        set_url(builder, add_draft(builder, place, name), place, value, shown);
}

/* A setter gets no value where its expansion failed: it then only notes the key. */
static void on_setting(void *user, struct place place, const char *key, const char *text)
{
    struct builder *builder = user;
    char why[256];
    char *value = value_expand(text, why, sizeof why);

    if (value == NULL)
        problem_add(builder->problems, place, "%s", why);
    switch (builder->section) {
    case SECTION_AIOPOLL: set_daemon_key(builder, place, key, value, text); break;
    case SECTION_DEFAULTS: set_default(builder, place, key, value, text); break;
    case SECTION_SERVERS: add_server(builder, place, key, value, text); break;
    case SECTION_SERVER: set_server_key(builder, place, key, value, text); break;
    }
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
        free(text);
    }
}

/* A bare URL is named after its host, and its port where one is written. */
static char *name_after(const struct url *url)
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

static bool is_taken(const struct builder *builder, const char *name)
{
    for (size_t i = 0; i < builder->draft_count; i++)
        if (strcmp(builder->drafts[i].name, name) == 0)
            return true;
    return false;
}

static void add_bare_url(struct builder *builder, const char *text)
{
    const struct place command_line = {0};
    char why[256], quoted[QUOTE_SIZE];
    struct url url;

    if (!url_parse(text, &url, NULL, why, sizeof why)) {
        problem_add(builder->problems, command_line, "%s cannot be polled: %s", quote(quoted, text),
                    why);
        return;
    }
    char *base = name_after(&url), *name = xstrdup(base);
    for (unsigned number = 2; is_taken(builder, name); number++) {
        free(name);
        name = xasprintf("%s-%u", base, number);
    }
    struct draft *draft = add_draft(builder, command_line, name);
    draft->url = url;
    draft->has_url = true;
    free(base);
    free(name);
}

static int by_name(const void *left, const void *right)
{
    const struct draft *a = *(struct draft *const *)left, *b = *(struct draft *const *)right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a > b) - (a < b);
}

static void check_duplicates(struct builder *builder)
{
    char quoted[QUOTE_SIZE];
    if (builder->draft_count == 0)
        return;
    struct draft **sorted = xcalloc(builder->draft_count, sizeof(struct draft *));
    for (size_t i = 0; i < builder->draft_count; i++)
        sorted[i] = &builder->drafts[i];
    qsort(sorted, builder->draft_count, sizeof *sorted, by_name);
    for (size_t i = 1, first = 0; i < builder->draft_count; i++) {
        if (sorted[i]->misnamed || strcmp(sorted[i]->name, sorted[first]->name) != 0) {
            first = i;
            continue;
        }
        problem_add(builder->problems, sorted[i]->place,
                    "the server %s is defined already, at %s:%u; each name can be given once",
                    quote(quoted, sorted[i]->name), sorted[first]->place.name,
                    sorted[first]->place.line);
    }
    free(sorted);
}

/* Where two settings have to agree. `what` begins the sentence. */
static bool check_settings(struct builder *builder, struct place place, const char *what,
                           const struct server_settings *settings)
{
    char low[DURATION_SIZE], high[DURATION_SIZE];
    size_t before = builder->problems->count;
    if (settings->min_delay > settings->max_delay)
        problem_add(builder->problems, place, "%s: min-delay (%s) is more than max-delay (%s)",
                    what, duration_text(low, settings->min_delay),
                    duration_text(high, settings->max_delay));
    if (settings->retry > settings->retry_max)
        problem_add(builder->problems, place, "%s: retry (%s) is more than retry-max (%s)", what,
                    duration_text(low, settings->retry), duration_text(high, settings->retry_max));
    return builder->problems->count == before;
}

/* Its own settings over the defaults; without any, the defaults themselves. */
static const struct server_settings *resolve(struct builder *builder, const struct draft *draft)
{
    char what[SERVER_NAME_MAX + sizeof "[server ]"];
    if (draft->set == 0)
        return &builder->config->defaults;
    struct server_settings *settings = xcalloc(1, sizeof *settings);
    *settings = builder->config->defaults;
    settings_overlay(server_setting_table, settings, &draft->own, draft->set);
    snprintf(what, sizeof what, "[server %s]", draft->name);
    if (builder->defaults_agree && !draft->misnamed)
        check_settings(builder, draft->place, what, settings);
    return settings;
}

/* Moves the drafts into the config. */
static void finish_servers(struct builder *builder)
{
    struct config *config = builder->config;
    config->servers = xcalloc(builder->draft_count + 1, sizeof *config->servers);
    config->server_count = builder->draft_count;
    for (size_t i = 0; i < builder->draft_count; i++) {
        struct draft *draft = &builder->drafts[i];
        if (!draft->has_url && !draft->misnamed)
            problem_add(builder->problems, draft->place,
                        "[server %s] has no url; write url = http://HOST/PATH", draft->name);
        config->servers[i] = (struct server_config){
            .name = draft->name, .url = draft->url, .settings = resolve(builder, draft)};
    }
}

static void check_whole(struct builder *builder)
{
    struct place place = {0};
    if (builder->draft_count == 0 && builder->problems->count == 0) {
        if (builder->sources.count > 0)
            place = (struct place){.name = builder->sources.list[0]->name, .file = 1};
        problem_add(builder->problems, place,
                    "there is no server to poll; write NAME = URL below [servers]");
    }
    check_duplicates(builder);
    builder->defaults_agree =
        check_settings(builder, builder->defaults_place, "[defaults]", &builder->config->defaults);
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
    problems_sort(problems);
    sources_free(&builder.sources);
    free(builder.drafts);
    if (problems->count == 0)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->server_count; i++) {
        struct server_config *server = &config->servers[i];
        free(server->name);
        url_free(&server->url);
        if (server->settings != &config->defaults)
            free((void *)server->settings);
    }
    free(config->servers);
    free(config);
}
