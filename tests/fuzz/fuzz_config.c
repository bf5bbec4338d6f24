/* The text of a configuration file: whatever it holds, each problem is one printable
 * line, and each value is read or refused. Use -dict=config.dict. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_chars.h"
#include "config/agreement.h"
#include "config/credentials.h"
#include "config/draft.h"
#include "config/ini.h"
#include "config/url.h"
#include "config/value.h"
#include "http/http_request.h"

/* Each section is a server; one whose name begins with 'd' has the defaults. */
struct state {
    struct pool pool;
    struct problems problems;
    struct server_settings defaults;
    struct keys defaults_keys;
    struct draft draft;
    bool in_defaults;
};

static bool on_section(void *user, struct place place, const char *name)
{
    struct state *state = user;
    state->in_defaults = name[0] == 'd';
    if (!state->in_defaults)
        state->draft = (struct draft){.place = place};
    return name[0] != 'x';
}

static void read_numbers(const char *key, const char *value)
{
    static const char *const words[] = {"timeout", "retry", "url", NULL};
    int64_t number;
    value_duration(value, &number);
    value_size(value, &number);
    value_count(value, &number);
    value_nearest(key, words);
}

static void read_url(struct state *state, const char *value)
{
    char why[256], *userinfo;
    struct url url;
    if (!url_parse(value, &url, &userinfo, why, sizeof why))
        return;
    if (url.host_length > URL_HOST_MAX || url.text[url.target] != '/' ||
        memchr(url.text, '@', url.target) != NULL)
        abort();
    if (userinfo != NULL)
        state->draft.has_user = credentials_of_userinfo(
            userinfo, &state->pool, &state->draft.own.authorization, why, sizeof why);
    free(userinfo);
    url_free(&url);
}

static void on_setting(void *user, struct place place, const char *key, const char *text)
{
    struct state *state = user;
    char why[256];
    char *value = value_expand(text, why, sizeof why);
    const struct written written = {.value = value, .shown = text, .place = place};

    read_numbers(key, text);
    read_url(state, text);
    if (state->in_defaults)
        setting_apply(server_setting_table, &state->defaults, &state->defaults_keys, key, &written,
                      &state->pool, &state->problems);
    else
        setting_apply(server_setting_table, &state->draft.own, &state->draft.keys, key, &written,
                      &state->pool, &state->problems);
    free(value);
}

static void check_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        for (const char *at = problems->list[i].text; *at != '\0'; at++)
            if (*at < ' ' || *at > '~')
                abort();
}

static bool is_line(const char *text)
{
    while (*text != '\0' && http_is_text((unsigned char)*text))
        text++;
    return *text == '\0';
}

/* What agrees fits into a request, and cannot break its lines. */
static void check_request(const struct server_settings *settings)
{
    static char out[HTTP_REQUEST_MAX];
    struct url url = {
        .text = "http://h/", .authority = 7, .host = 7, .host_length = 1, .target = 8};
    http_request_write(out, &(struct http_request){.method = (enum method)settings->method,
                                                   .url = &url,
                                                   .settings = settings,
                                                   .with_body = true});
    for (size_t i = 0; i < settings->field_count; i++)
        if (!http_is_name(settings->fields[i].name, strlen(settings->fields[i].name)) ||
            !is_line(settings->fields[i].value))
            abort();
    if (settings->authorization != NULL && !is_line(settings->authorization))
        abort();
}

static void check_settings(struct state *state)
{
    const struct keys *keys = &state->draft.keys;
    const struct server_settings *settings =
        draft_settings(&state->draft, &state->defaults, &state->pool);
    const struct level own = {"own", {0}, &state->draft.own, keys->wrong};
    const struct level level = {"all", {0}, settings, keys->wrong | state->defaults_keys.wrong};
    credentials_agree(&own, keys->set, state->draft.has_user, &state->problems);
    if (settings_agree(&level, &state->problems))
        check_request(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state state = {0};
    const struct ini_handler handler = {on_section, on_setting, &state};

    settings_init(server_setting_table, &state.defaults);
    ini_parse_text((const char *)data, size, (struct place){.name = "f", .file = 1}, &handler,
                   &state.problems);
    check_settings(&state);
    check_problems(&state.problems);
    problems_free(&state.problems);
    pool_free(&state.pool);
    return 0;
}
