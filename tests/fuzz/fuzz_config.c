/* The text of a configuration file: whatever it holds, each problem is one printable
 * line, and each value is read or refused. */
#include <stdint.h>
#include <stdlib.h>

#include "config/ini.h"
#include "config/url.h"
#include "config/value.h"

static bool on_section(void *user, struct place place, const char *name)
{
    (void)user;
    (void)place;
    return name[0] != 'x';
}

static void on_setting(void *user, struct place place, const char *key, const char *value)
{
    static const char *const words[] = {"timeout", "retry", "url", NULL};
    char why[256];
    int64_t number;
    struct url url;
    (void)user;
    (void)place;

    value_duration(value, &number);
    value_size(value, &number);
    value_count(value, &number);
    value_nearest(key, words);
    if (url_parse(value, &url, NULL, why, sizeof why)) {
        if (url.host_length > URL_HOST_MAX || url.text[url.target] != '/')
            abort();
        url_free(&url);
    }
    free(value_expand(value, why, sizeof why));
}

static void check_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        for (const char *at = problems->list[i].text; *at != '\0'; at++)
            if (*at < ' ' || *at > '~')
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ini_handler handler = {on_section, on_setting, NULL};
    struct problems problems = {0};

    ini_parse_text((const char *)data, size, (struct place){.name = "f", .file = 1}, &handler,
                   &problems);
    check_problems(&problems);
    problems_free(&problems);
    return 0;
}
