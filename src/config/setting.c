#include "config/setting.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
#include "config/value.h"

const char *const log_format_names[] = {"text", "json", NULL};
const char *const log_level_names[] = {"error", "warning", "info", "debug", NULL};
const char *const method_names[] = {"GET", "HEAD", "POST", "PUT", NULL};

static const char *const yes_no[] = {"no", "yes", NULL};

enum kind { COUNT, SIZE, DURATION, CHOICE };

struct setting {
    const char *name; /* NULL ends a table */
    enum kind kind;
    size_t offset; /* of an int64_t */
    int64_t initial, least, most;
    const char *const *words; /* of a CHOICE */
};

#define DAEMON(field) offsetof(struct daemon_settings, field)
#define SERVER(field) offsetof(struct server_settings, field)

/* Long enough for anybody, short enough that a sum of two can't overflow. */
#define LONGEST (3650 * DAY)

static const struct setting daemon_table[] = {
    {"log-format", CHOICE, DAEMON(log_format), LOG_FORMAT_TEXT, 0, 0, log_format_names},
    {"log-level", CHOICE, DAEMON(log_level), LOG_INFO, 0, 0, log_level_names},
    {"start-rate", COUNT, DAEMON(start_rate), 1000, 1, 1000000, NULL},
    {0},
};

/* A body of more than 16M would hold up the loop. A wait of 0 after a failure would hammer a server
 * that is down. */
static const struct setting server_table[] = {
    {"timeout", DURATION, SERVER(timeout), 10 * SECOND, MILLISECOND, DAY, NULL},
    {"connect-timeout", DURATION, SERVER(connect_timeout), 5 * SECOND, MILLISECOND, DAY, NULL},
    {"keep-alive", DURATION, SERVER(keep_alive), MINUTE, 0, LONGEST, NULL},
    {"max-body", SIZE, SERVER(max_body), 64 << 10, 1, 16 << 20, NULL},
    {"min-delay", DURATION, SERVER(min_delay), 0, 0, LONGEST, NULL},
    {"max-delay", DURATION, SERVER(max_delay), DAY, 0, LONGEST, NULL},
    {"redirects", COUNT, SERVER(redirects), 5, 0, 20, NULL},
    {"verify", CHOICE, SERVER(verify), 1, 0, 1, yes_no},
    {"retry", DURATION, SERVER(retry), SECOND, 10 * MILLISECOND, LONGEST, NULL},
    {"retry-max", DURATION, SERVER(retry_max), MINUTE, 10 * MILLISECOND, LONGEST, NULL},
    {0},
};

const struct setting *const daemon_setting_table = daemon_table;
const struct setting *const server_setting_table = server_table;

static int64_t *field_of(const struct setting *setting, void *settings)
{
    return (int64_t *)((char *)settings + setting->offset);
}

void settings_init(const struct setting *table, void *settings)
{
    for (; table->name != NULL; table++)
        *field_of(table, settings) = table->initial;
}

void settings_overlay(const struct setting *table, void *into, const void *from, uint32_t set)
{
    for (uint32_t bit = 1; table->name != NULL; table++, bit <<= 1)
        if (set & bit)
            memcpy(field_of(table, into), (const char *)from + table->offset, sizeof(int64_t));
}

const char *const *setting_names(const struct setting *table, const char *out[32])
{
    size_t n = 0;
    for (; table->name != NULL; table++)
        out[n++] = table->name;
    out[n] = NULL;
    return out;
}

static bool read_value(const struct setting *setting, const char *text, int64_t *value)
{
    switch (setting->kind) {
    case COUNT: return value_count(text, value);
    case SIZE: return value_size(text, value);
    case DURATION: return value_duration(text, value);
    case CHOICE: return value_choice(text, setting->words, value);
    }
    return false;
}

/* "one of text, json" */
static void write_words(const char *const *words, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "one of ");
    for (; *words != NULL; words++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", *words, words[1] == NULL ? "" : ", ");
}

static void write_form(const struct setting *setting, char *out, size_t size)
{
    switch (setting->kind) {
    case COUNT: snprintf(out, size, VALUE_COUNT_FORM); break;
    case SIZE: snprintf(out, size, VALUE_SIZE_FORM); break;
    case DURATION: snprintf(out, size, VALUE_DURATION_FORM); break;
    case CHOICE: write_words(setting->words, out, size); break;
    }
}

static void write_bound(const struct setting *setting, int64_t bound, char out[DURATION_SIZE])
{
    if (setting->kind == DURATION)
        duration_text(out, bound);
    else
        snprintf(out, DURATION_SIZE, "%lld", (long long)bound);
}

static bool read_checked(const struct setting *setting, void *settings, const char *value,
                         const char *shown, char *why, size_t why_size)
{
    char quoted[QUOTE_SIZE], least[DURATION_SIZE], most[DURATION_SIZE], form[128];
    int64_t parsed;

    problem_quote(quoted, shown, strlen(shown));
    if (!read_value(setting, value, &parsed)) {
        write_form(setting, form, sizeof form);
        snprintf(why, why_size, "%s = %s: write %s", setting->name, quoted, form);
        return false;
    }
    if (setting->kind != CHOICE && (parsed < setting->least || parsed > setting->most)) {
        write_bound(setting, setting->least, least);
        write_bound(setting, setting->most, most);
        snprintf(why, why_size, "%s = %s: out of range, which is from %s to %s", setting->name,
                 quoted, least, most);
        return false;
    }
    *field_of(setting, settings) = parsed;
    return true;
}

static const struct setting *find(const struct setting *table, const char *key)
{
    while (table->name != NULL && strcmp(table->name, key) != 0)
        table++;
    return table->name == NULL ? NULL : table;
}

enum setting_result setting_apply(const struct setting *table, void *settings, uint32_t *set,
                                  const char *key, const char *value, const char *shown,
                                  struct place place, struct problems *problems)
{
    char why[512];
    const struct setting *setting = find(table, key);
    if (setting == NULL)
        return SETTING_UNKNOWN;
    uint32_t bit = UINT32_C(1) << (setting - table);
    if (*set & bit)
        problem_add(problems, place, "%s is set already; each key can be set once", key);
    else if (value != NULL && !read_checked(setting, settings, value, shown, why, sizeof why))
        problem_add(problems, place, "%s", why);
    *set |= bit;
    return SETTING_DONE;
}
