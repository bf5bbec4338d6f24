#include "config/setting.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
#include "config/command.h"
#include "config/credentials.h"
#include "config/fields.h"
#include "config/listen_address.h"
#include "config/value.h"

const char *const log_format_names[] = {"text", "json", NULL};
const char *const log_level_names[] = {"error", "warning", "info", "debug", NULL};
const char *const method_names[] = {"GET", "HEAD", "POST", "PUT", NULL};
const char *const address_family_names[] = {"any", "4", "6", NULL};

const char *const delay_unit_names[] = {"ms", "s", "m", "h", "d", NULL};

static const char *const yes_no[] = {"no", "yes", NULL};

enum kind { COUNT, SIZE, DURATION, SCALE, CHOICE, TEXT, FIELD, SOURCES };

struct setting {
    const char *name; /* NULL ends a table */
    enum kind kind;
    size_t offset; /* of an int64_t; of a pointer for a TEXT or SOURCES */
    int64_t initial, least, most;
    const char *const *words; /* of a CHOICE */
    text_reader *read;        /* of a TEXT */
};

#define DAEMON(field) offsetof(struct daemon_settings, field)
#define SERVER(field) offsetof(struct server_settings, field)

/* Long enough for anybody, short enough that a sum of two can't overflow. */
#define LONGEST (3650 * DAY)

static const struct setting daemon_table[] = {
    {"log-format", CHOICE, DAEMON(log_format), LOG_FORMAT_TEXT, 0, 0, log_format_names, NULL},
    {"log-level", CHOICE, DAEMON(log_level), LOG_INFO, 0, 0, log_level_names, NULL},
    {"log-file", TEXT, DAEMON(log_file), 0, 0, 0, NULL, text_read_path},
    {"start-rate", COUNT, DAEMON(start_rate), 1000, 1, 1000000, NULL, NULL},
    {"state-file", TEXT, DAEMON(state_file), 0, 0, 0, NULL, text_read_state_file},
    {"on-change", TEXT, DAEMON(on_change), 0, 0, 0, NULL, command_read},
    {"on-change-timeout", DURATION, DAEMON(on_change_timeout), 30 * SECOND, MILLISECOND,
     30 * SECOND, NULL, NULL},
    {"listen", TEXT, DAEMON(listen), 0, 0, 0, NULL, text_read_listen},
    {"metrics-per-server", CHOICE, DAEMON(metrics_per_server), 1, 0, 0, yes_no, NULL},
    {0},
};

/* A body of more than 16M would hold up the loop. A wait of 0 after a failure would hammer a server
 * that is down. */
static const struct setting server_table[] = {
    {"method", CHOICE, SERVER(method), METHOD_GET, 0, 0, method_names, NULL},
    {"body", TEXT, SERVER(body), 0, 0, 0, NULL, text_read_body},
    {"header", FIELD, 0, 0, 0, 0, NULL, NULL},
    {"bearer-token-file", TEXT, SERVER(authorization), 0, 0, 0, NULL, credentials_read_bearer},
    {"basic-auth-file", TEXT, SERVER(authorization), 0, 0, 0, NULL, credentials_read_basic},
    {"timeout", DURATION, SERVER(timeout), 10 * SECOND, MILLISECOND, DAY, NULL, NULL},
    {"connect-timeout", DURATION, SERVER(connect_timeout), 5 * SECOND, MILLISECOND, DAY, NULL,
     NULL},
    {"connect-early", CHOICE, SERVER(connect_early), 1, 0, 0, yes_no, NULL},
    {"keep-alive", DURATION, SERVER(keep_alive), MINUTE, 0, LONGEST, NULL, NULL},
    {"redirects", COUNT, SERVER(redirects), 5, 0, 20, NULL, NULL},
    {"max-body", SIZE, SERVER(max_body), 64 << 10, 1, 16 << 20, NULL, NULL},
    {"unix-socket", TEXT, SERVER(unix_socket), 0, 0, 0, NULL, text_read_socket},
    {"address-family", CHOICE, SERVER(address_family), ADDRESS_FAMILY_ANY, 0, 0,
     address_family_names, NULL},
    {"verify", CHOICE, SERVER(verify), 1, 0, 0, yes_no, NULL},
    {"ca-file", TEXT, SERVER(ca_file), 0, 0, 0, NULL, text_read_path},
    {"cert-file", TEXT, SERVER(cert_file), 0, 0, 0, NULL, text_read_path},
    {"key-file", TEXT, SERVER(key_file), 0, 0, 0, NULL, text_read_path},
    {"server-name", TEXT, SERVER(server_name), 0, 0, 0, NULL, text_read_host},
    {"delay-from", SOURCES, SERVER(delay_from), 0, 0, 0, NULL, NULL},
    {"delay-unit", CHOICE, SERVER(delay_unit), UNIT_SECONDS, 0, 0, delay_unit_names, NULL},
    {"delay-scale", SCALE, SERVER(delay_scale), DELAY_SCALE_ONE, DELAY_SCALE_ONE / 1000,
     DELAY_SCALE_ONE * 1000, NULL, NULL},
    {"min-delay", DURATION, SERVER(min_delay), 0, 0, LONGEST, NULL, NULL},
    {"max-delay", DURATION, SERVER(max_delay), DAY, 0, LONGEST, NULL, NULL},
    {"retry", DURATION, SERVER(retry), SECOND, 10 * MILLISECOND, LONGEST, NULL, NULL},
    {"retry-max", DURATION, SERVER(retry_max), MINUTE, 10 * MILLISECOND, LONGEST, NULL, NULL},
    {"overdue-after", DURATION, SERVER(overdue_after), 30 * SECOND, 0, LONGEST, NULL, NULL},
    {0},
};

_Static_assert(sizeof server_table / sizeof *server_table <= SETTING_NAMES_MAX,
               "a key has a bit of a uint32_t, and the list of their names an end");

const struct setting *const daemon_setting_table = daemon_table;
const struct setting *const server_setting_table = server_table;

static int64_t *number_of(const struct setting *setting, const void *settings)
{
    return (int64_t *)((char *)settings + setting->offset);
}

static const char **text_of(const struct setting *setting, const void *settings)
{
    return (const char **)((char *)settings + setting->offset);
}

static const struct delay_sources **sources_of(const struct setting *setting, const void *settings)
{
    return (const struct delay_sources **)((char *)settings + setting->offset);
}

void settings_init(const struct setting *table, void *settings)
{
    for (; table->name != NULL; table++) {
        if (table->kind == TEXT)
            *text_of(table, settings) = NULL;
        else if (table->kind == SOURCES)
            *sources_of(table, settings) = &delay_sources_body;
        else if (table->kind != FIELD)
            *number_of(table, settings) = table->initial;
    }
}

static size_t size_of(const struct setting *setting)
{
    switch (setting->kind) {
    case COUNT:
    case SIZE:
    case DURATION:
    case SCALE:
    case CHOICE: return sizeof(int64_t);
    case TEXT: return sizeof(const char *);
    case SOURCES: return sizeof(const struct delay_sources *);
    case FIELD: return 0;
    }
    return 0;
}

void settings_overlay(const struct setting *table, void *into, const void *from, uint32_t set)
{
    for (uint32_t bit = 1; table->name != NULL; table++, bit <<= 1)
        if (set & bit)
            memcpy((char *)into + table->offset, (const char *)from + table->offset,
                   size_of(table));
}

static bool equal_texts(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_equal(const struct setting *setting, const void *a, const void *b)
{
    switch (setting->kind) {
    case COUNT:
    case SIZE:
    case DURATION:
    case SCALE:
    case CHOICE: return *number_of(setting, a) == *number_of(setting, b);
    case TEXT: return equal_texts(*text_of(setting, a), *text_of(setting, b));
    case SOURCES: return delay_sources_equal(*sources_of(setting, a), *sources_of(setting, b));
    case FIELD: return fields_equal(a, b);
    }
    return false;
}

bool settings_equal(const struct setting *table, const void *a, const void *b)
{
    while (table->name != NULL && is_equal(table, a, b))
        table++;
    return table->name == NULL;
}

const char *const *setting_names(const struct setting *table, const char *out[SETTING_NAMES_MAX])
{
    size_t n = 0;
    for (; table->name != NULL; table++)
        out[n++] = table->name;
    out[n] = NULL;
    return out;
}

static bool read_number(const struct setting *setting, const char *text, int64_t *value)
{
    switch (setting->kind) {
    case COUNT: return value_count(text, value);
    case SIZE: return value_size(text, value);
    case DURATION: return value_duration(text, value);
    case SCALE: return value_fraction(text, DELAY_SCALE_ONE, value);
    case CHOICE: return value_choice(text, setting->words, value);
    case TEXT:
    case FIELD:
    case SOURCES: break;
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
    case SCALE: snprintf(out, size, VALUE_FRACTION_FORM); break;
    case CHOICE: write_words(setting->words, out, size); break;
    case TEXT:
    case FIELD:
    case SOURCES: break;
    }
}

static void write_bound(const struct setting *setting, int64_t bound, char out[DURATION_SIZE])
{
    if (setting->kind == DURATION)
        duration_text(out, bound);
    else if (setting->kind == SCALE)
        duration_seconds(out, bound); /* DELAY_SCALE_ONE is as a second in nanoseconds */
    else
        snprintf(out, DURATION_SIZE, "%lld", (long long)bound);
}

/* A number that is right; else what would be, in `why`. */
static bool read_checked(const struct setting *setting, const char *text, int64_t *value, char *why,
                         size_t why_size)
{
    char least[DURATION_SIZE], most[DURATION_SIZE], form[128];
    if (!read_number(setting, text, value)) {
        write_form(setting, form, sizeof form);
        snprintf(why, why_size, "write %s", form);
        return false;
    }
    if (setting->kind == CHOICE || (*value >= setting->least && *value <= setting->most))
        return true;
    write_bound(setting, setting->least, least);
    write_bound(setting, setting->most, most);
    snprintf(why, why_size, "out of range, which is from %s to %s", least, most);
    return false;
}

static bool take_value(const struct setting *setting, void *settings, const struct written *written,
                       struct pool *pool, char *why, size_t why_size)
{
    int64_t number;
    const char *text;
    const struct delay_sources *sources;
    switch (setting->kind) {
    case COUNT:
    case SIZE:
    case DURATION:
    case SCALE:
    case CHOICE:
        if (!read_checked(setting, written->value, &number, why, why_size))
            return false;
        *number_of(setting, settings) = number;
        return true;
    case TEXT:
        if (!setting->read(written, pool, &text, why, why_size))
            return false;
        *text_of(setting, settings) = text;
        return true;
    case SOURCES:
        if (!delay_sources_read(written, pool, &sources, why, why_size))
            return false;
        *sources_of(setting, settings) = sources;
        return true;
    case FIELD: return fields_add(settings, written, pool, why, why_size);
    }
    return false;
}

/* A field's value might be secret as it stands there. */
static void complain(const struct setting *setting, const struct written *written, const char *why,
                     struct problems *problems)
{
    char quoted[QUOTE_SIZE];
    if (setting->kind == FIELD)
        problem_add(problems, written->place, "%s: %s", setting->name, why);
    else
        problem_add(problems, written->place, "%s = %s: %s", setting->name,
                    problem_quote(quoted, written->shown, strlen(written->shown)), why);
}

static const struct setting *find(const struct setting *table, const char *key)
{
    while (table->name != NULL && strcmp(table->name, key) != 0)
        table++;
    return table->name == NULL ? NULL : table;
}

static uint32_t bit_of(const struct setting *table, const struct setting *setting)
{
    return UINT32_C(1) << (setting - table);
}

bool setting_is_in(const struct setting *table, uint32_t bits, const char *key)
{
    return (bits & bit_of(table, find(table, key))) != 0;
}

enum setting_result setting_apply(const struct setting *table, void *settings, struct keys *keys,
                                  const char *key, const struct written *written, struct pool *pool,
                                  struct problems *problems)
{
    char why[512];
    const struct setting *setting = find(table, key);
    if (setting == NULL)
        return SETTING_UNKNOWN;
    uint32_t bit = bit_of(table, setting);
    bool again = setting->kind != FIELD && (keys->set & bit) != 0;
    bool right = !again && written->value != NULL &&
                 take_value(setting, settings, written, pool, why, sizeof why);
    if (again)
        problem_add(problems, written->place, "%s is set already; each key can be set once", key);
    else if (!right && written->value != NULL)
        complain(setting, written, why, problems);
    keys->set |= bit;
    if (!right)
        keys->wrong |= bit;
    return SETTING_DONE;
}
