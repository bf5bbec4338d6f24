#include "config/agreement.h"

#include <string.h>

#include "base/duration.h"
#include "config/fields.h"

/* Whether both are as they were written. */
static bool are_right(const struct level *level, const char *one, const char *other)
{
    return !setting_is_in(server_setting_table, level->wrong, one) &&
           !setting_is_in(server_setting_table, level->wrong, other);
}

static void check_spans(const struct level *level, struct problems *problems)
{
    const struct server_settings *settings = level->settings;
    char low[DURATION_SIZE], high[DURATION_SIZE];
    if (settings->min_delay > settings->max_delay && are_right(level, "min-delay", "max-delay"))
        problem_add(problems, level->place, "%s: min-delay (%s) is more than max-delay (%s)",
                    level->what, duration_text(low, settings->min_delay),
                    duration_text(high, settings->max_delay));
    if (settings->retry > settings->retry_max && are_right(level, "retry", "retry-max"))
        problem_add(problems, level->place, "%s: retry (%s) is more than retry-max (%s)",
                    level->what, duration_text(low, settings->retry),
                    duration_text(high, settings->retry_max));
}

static void check_method(const struct level *level, struct problems *problems)
{
    const struct server_settings *settings = level->settings;
    enum method method = (enum method)settings->method;
    if (settings->body != NULL && !method_has_body(method) && are_right(level, "method", "body"))
        problem_add(problems, level->place,
                    "%s: a request with the method %s has no body; write method = POST or PUT, or "
                    "leave body out",
                    level->what, method_names[method]);
    if (method == METHOD_HEAD && are_right(level, "method", "delay-from") &&
        settings->delay_from->field_count < settings->delay_from->count)
        problem_add(problems, level->place,
                    "%s: the response to the method HEAD has no body that names a delay; write "
                    "delay-from = header:NAME",
                    level->what);
}

static void check_files(const struct level *level, struct problems *problems)
{
    const struct server_settings *settings = level->settings;
    if (settings->key_file != NULL && settings->cert_file == NULL &&
        are_right(level, "key-file", "cert-file"))
        problem_add(problems, level->place,
                    "%s: key-file is the key of a certificate; write cert-file as well",
                    level->what);
}

static size_t length_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

static void check_size(const struct level *level, struct problems *problems)
{
    const struct server_settings *settings = level->settings;
    size_t size = length_of(settings->body) + length_of(settings->authorization);
    for (size_t i = 0; i < settings->field_count; i++)
        size += strlen(settings->fields[i].name) + strlen(settings->fields[i].value);
    if (size > REQUEST_CONTENT_MAX)
        problem_add(problems, level->place,
                    "%s: body, header and credentials have %zu bytes together, and %d is the most",
                    level->what, size, REQUEST_CONTENT_MAX);
}

bool settings_agree(const struct level *level, struct problems *problems)
{
    size_t before = problems->count;
    check_spans(level, problems);
    check_method(level, problems);
    check_files(level, problems);
    check_size(level, problems);
    return problems->count == before;
}

bool credentials_agree(const struct level *own, uint32_t set, bool has_user,
                       struct problems *problems)
{
    const char *kinds[4];
    size_t count = 0;
    if (has_user)
        kinds[count++] = "a user in its URL";
    if (setting_is_in(server_setting_table, set, "bearer-token-file"))
        kinds[count++] = "bearer-token-file";
    if (setting_is_in(server_setting_table, set, "basic-auth-file"))
        kinds[count++] = "basic-auth-file";
    if (fields_have(own->settings, "Authorization"))
        kinds[count++] = "header = Authorization";
    if (count > 1)
        problem_add(problems, own->place, "%s: %s and %s are credentials both; leave one out",
                    own->what, kinds[0], kinds[1]);
    return count <= 1;
}
