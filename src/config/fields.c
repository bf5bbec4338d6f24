#include "config/fields.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "base/http_chars.h"

/* They frame the message, or tell what this client can do (RFC 9110 sections 7 and 8.6,
 * RFC 9112 sections 6 and 9). */
static const char *const reserved[] = {
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "TE",
    "Trailer",        "Upgrade",           "Expect",     NULL};

/* A second one would be a request that servers refuse, or understand in two ways. */
static const char *const single[] = {"Host", "Authorization", NULL};

struct span {
    const char *text;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trimmed(const char *text)
{
    while (is_blank(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    return (struct span){text, length};
}

static bool is_among(const char *name, const char *const *names)
{
    while (*names != NULL && strcasecmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

static bool check_line(const char *line, size_t name_length, struct span value, char *why,
                       size_t why_size)
{
    const char *wrong = NULL;
    if (*line == '\0')
        wrong = "it is empty";
    else if (line[name_length] != ':')
        wrong = "it has no colon";
    else if (!http_is_name(line, name_length))
        wrong = "before the colon is no name of a field (RFC 9110)";
    for (size_t i = 0; wrong == NULL && i < value.length; i++)
        if (!http_is_text((unsigned char)value.text[i]))
            wrong = "a control character cannot stand in its value";
    if (wrong != NULL)
        snprintf(why, why_size, "%s; write NAME: VALUE", wrong);
    return wrong == NULL;
}

static bool check_name(const struct server_settings *settings, const char *name, char *why,
                       size_t why_size)
{
    char quoted[QUOTE_SIZE];
    escape_quote(quoted, sizeof quoted, name, strlen(name));
    if (is_among(name, reserved)) {
        snprintf(why, why_size,
                 "%s is about the connection or the form of a message, which aiopoll sees to; "
                 "leave it out",
                 quoted);
        return false;
    }
    if (is_among(name, single) && fields_have(settings, name)) {
        snprintf(why, why_size, "%s is set already; it can be set once", quoted);
        return false;
    }
    return true;
}

/* Room for one more, twice as much each time. */
static struct field *grow(struct server_settings *settings, struct pool *pool)
{
    size_t count = settings->field_count;
    struct field *fields = (struct field *)settings->fields;
    if ((count & (count - 1)) == 0) {
        fields = pool_alloc(pool, 2 * (count + 1) * sizeof *fields);
        if (count > 0)
            memcpy(fields, settings->fields, count * sizeof *fields);
        settings->fields = fields;
    }
    return &fields[settings->field_count++];
}

bool fields_add(struct server_settings *settings, const struct written *written, struct pool *pool,
                char *why, size_t why_size)
{
    const char *line = written->value;
    size_t name_length = strcspn(line, ":");
    struct span value = trimmed(line + name_length + (line[name_length] == ':'));
    if (!check_line(line, name_length, value, why, why_size))
        return false;
    const char *name = pool_text(pool, line, name_length);
    if (!check_name(settings, name, why, why_size))
        return false;
    *grow(settings, pool) = (struct field){name, pool_text(pool, value.text, value.length)};
    return true;
}

bool fields_have(const struct server_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->field_count; i++)
        if (strcasecmp(settings->fields[i].name, name) == 0)
            return true;
    return false;
}

void fields_overlay(struct server_settings *into, const struct server_settings *own,
                    const char *dropped, struct pool *pool)
{
    size_t count = 0;
    if (own->field_count == 0 && (dropped == NULL || !fields_have(into, dropped)))
        return;
    struct field *fields =
        pool_alloc(pool, (into->field_count + own->field_count) * sizeof *fields);
    for (size_t i = 0; i < into->field_count; i++) {
        const char *name = into->fields[i].name;
        if (!fields_have(own, name) && (dropped == NULL || strcasecmp(name, dropped) != 0))
            fields[count++] = into->fields[i];
    }
    for (size_t i = 0; i < own->field_count; i++)
        fields[count++] = own->fields[i];
    into->fields = fields;
    into->field_count = count;
}

bool fields_equal(const struct server_settings *a, const struct server_settings *b)
{
    bool equal = a->field_count == b->field_count;
    for (size_t i = 0; equal && i < a->field_count; i++)
        equal = strcmp(a->fields[i].name, b->fields[i].name) == 0 &&
                strcmp(a->fields[i].value, b->fields[i].value) == 0;
    return equal;
}
