#include "config/delay_sources.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "base/http_chars.h"

static const struct delay_source the_body = {.kind = DELAY_FROM_BODY, .item = "body", .name = ""};

const struct delay_sources delay_sources_body = {.list = &the_body, .count = 1};

/* A list that is being read. */
struct reading {
    struct pool *pool;
    struct delay_source list[DELAY_SOURCES_MAX];
    const char *fields[DELAY_SOURCES_MAX];
    size_t count, field_count;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The text behind `prefix`, or NULL where it does not begin so. */
static const char *behind(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static const char *read_field(struct reading *reading, struct delay_source *source)
{
    if (!http_is_name(source->name, strlen(source->name)))
        return "behind header: has to be the name of a field, as in header:X-Poll-Interval";
    source->field = reading->field_count;
    reading->fields[reading->field_count++] = source->name;
    return NULL;
}

/* One reference token, unescaped; NULL where an escape is wrong (RFC 6901 section 3). */
static const char *read_step(struct pool *pool, const char *text, size_t length)
{
    char *step = pool_text(pool, text, length), *out = step;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '~' && (++i == length || (text[i] != '0' && text[i] != '1')))
            return NULL;
        *out++ = c != '~' ? c : text[i] == '0' ? '~' : '/';
    }
    *out = '\0';
    return step;
}

static const char *read_pointer(struct reading *reading, struct delay_source *source)
{
    const char *at = source->name;
    size_t count = 0;
    if (*at != '\0' && *at != '/')
        return "a JSON pointer begins with a slash, as in json:/interval";
    for (const char *c = at; *c != '\0'; c++)
        count += *c == '/';
    const char **steps = pool_alloc(reading->pool, (count + 1) * sizeof *steps);
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(++at, "/");
        steps[i] = read_step(reading->pool, at, length);
        if (steps[i] == NULL)
            return "in a JSON pointer ~ stands only in ~0, which is ~, and in ~1, which is /";
        at += length;
    }
    source->steps = steps;
    source->step_count = count;
    return NULL;
}

static bool is_known(const struct reading *reading, const struct delay_source *source)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct delay_source *other = &reading->list[i];
        bool same = source->kind == DELAY_FROM_FIELD ? strcasecmp(source->name, other->name) == 0
                                                     : strcmp(source->name, other->name) == 0;
        if (source->kind == other->kind && same)
            return true;
    }
    return false;
}

/* Returns NULL, or what would be right. */
static const char *read_item(struct reading *reading, const char *item)
{
    struct delay_source source = {.item = item, .name = ""};
    const char *wrong = NULL, *name;
    if (*item == '\0')
        return "an item is missing; write body, header:NAME or json:/POINTER, with commas between";
    if (strcmp(item, "body") == 0)
        source.kind = DELAY_FROM_BODY;
    else if ((name = behind(item, "header:")) != NULL)
        source = (struct delay_source){.kind = DELAY_FROM_FIELD, .item = item, .name = name};
    else if ((name = behind(item, "json:")) != NULL)
        source = (struct delay_source){.kind = DELAY_FROM_JSON, .item = item, .name = name};
    else
        return "write body, header:NAME or json:/POINTER, with commas between several";
    if (is_known(reading, &source))
        return "stands there twice; once is enough";
    if (reading->count == DELAY_SOURCES_MAX)
        return "is one too many; 8 are the most";
    if (source.kind == DELAY_FROM_FIELD)
        wrong = read_field(reading, &source);
    else if (source.kind == DELAY_FROM_JSON)
        wrong = read_pointer(reading, &source);
    if (wrong == NULL)
        reading->list[reading->count++] = source;
    return wrong;
}

/* What a variable has put there may be secret, and is not quoted; nor is what is all there is. */
static void refuse(const struct written *written, const char *item, size_t number,
                   const char *wrong, char *why, size_t why_size)
{
    char quoted[QUOTE_SIZE];
    if (*item == '\0' || strcmp(item, written->value) == 0)
        snprintf(why, why_size, "%s", wrong);
    else if (strcmp(written->value, written->shown) == 0)
        snprintf(why, why_size, "%s: %s", escape_quote(quoted, sizeof quoted, item, strlen(item)),
                 wrong);
    else
        snprintf(why, why_size, "item %zu: %s", number, wrong);
}

static const struct delay_sources *finish(const struct reading *reading)
{
    struct pool *pool = reading->pool;
    struct delay_sources *sources = pool_alloc(pool, sizeof *sources);
    struct delay_source *list = pool_alloc(pool, reading->count * sizeof *list);
    const char **fields = pool_alloc(pool, (reading->field_count + 1) * sizeof *fields);
    memcpy(list, reading->list, reading->count * sizeof *list);
    memcpy(fields, reading->fields, reading->field_count * sizeof *fields);
    *sources = (struct delay_sources){list, reading->count, fields, reading->field_count};
    return sources;
}

bool delay_sources_read(const struct written *written, struct pool *pool,
                        const struct delay_sources **out, char *why, size_t why_size)
{
    struct reading reading = {.pool = pool};
    const char *at = written->value;
    for (size_t number = 1;; number++) {
        while (is_blank(*at))
            at++;
        size_t whole = strcspn(at, ","), length = whole;
        while (length > 0 && is_blank(at[length - 1]))
            length--;
        const char *item = pool_text(pool, at, length);
        const char *wrong = read_item(&reading, item);
        if (wrong != NULL) {
            refuse(written, item, number, wrong, why, why_size);
            return false;
        }
        at += whole;
        if (*at++ == '\0')
            break;
    }
    *out = finish(&reading);
    return true;
}

bool delay_sources_equal(const struct delay_sources *a, const struct delay_sources *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = strcmp(a->list[i].item, b->list[i].item) == 0;
    return equal;
}
