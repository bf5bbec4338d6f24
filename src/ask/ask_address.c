#include "ask/ask_address.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/ini.h"
#include "config/listen_address.h"
#include "config/source.h"
#include "config/value.h"

struct search {
    struct sources sources;
    const char *found;
    bool seen; /* the key, right or wrong */
    struct pool *pool;
    struct problems *problems; /* of the key, and of files that cannot be read */
};

static bool is_wanted_section(void *user, struct place place, const char *name)
{
    (void)user;
    (void)place;
    return strcmp(name, "aiopoll") == 0;
}

static void read_address(struct search *search, const struct written *written)
{
    char why[256], quoted[QUOTE_SIZE];
    if (!text_read_listen(written, search->pool, &search->found, why, sizeof why))
        problem_add(search->problems, written->place, "listen = %s: %s",
                    problem_quote(quoted, written->shown, strlen(written->shown)), why);
}

static void on_setting(void *user, struct place place, const char *key, const char *text)
{
    struct search *search = user;
    char why[256];
    bool is_listen = strcmp(key, "listen") == 0 && !search->seen;
    if (!is_listen && strcmp(key, "include") != 0)
        return;
    char *value = value_expand(text, why, sizeof why);
    search->seen |= is_listen;
    if (value == NULL)
        problem_add(search->problems, place, "%s", why);
    else if (is_listen)
        read_address(search, &(struct written){.value = value, .shown = text, .place = place});
    else
        sources_include(&search->sources, value, place, search->problems);
    free(value);
}

/* Until the key was there. */
static void search_files(struct search *search)
{
    const struct ini_handler handler = {is_wanted_section, on_setting, search};
    struct problems ignored = {0};
    struct place place;
    char *text;
    size_t length;
    while (!search->seen &&
           (place = sources_next(&search->sources, &text, &length, search->problems)).name !=
               NULL) {
        if (text == NULL)
            continue;
        ini_parse_text(text, length, place, &handler, &ignored);
        explicit_bzero(text, length); /* there may be secrets among it */
        free(text);
    }
    problems_free(&ignored);
}

const char *ask_address(const struct options *options, struct pool *pool, struct problems *problems)
{
    struct search search = {.pool = pool, .problems = problems};
    if (options->settings.listen != NULL)
        return options->settings.listen;
    sources_add(&search.sources, options->config, (struct place){0});
    search_files(&search);
    if (search.found == NULL && problems->count == 0)
        problem_add(problems, (struct place){.name = options->config, .file = 1},
                    "there is no key listen in [aiopoll], so that the daemon cannot be asked; "
                    "write one, such as listen = 127.0.0.1:9914, or give --listen=ADDRESS");
    sources_free(&search.sources);
    return search.found;
}
