#include "pace/delay_reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/duration.h"
#include "base/escape.h"
#include "pace/delay_form.h"
#include "pace/delay_json.h"

_Static_assert((int)DELAY_SOURCES_MAX <= (int)HTTP_WANTED_MAX, "each field has its place");

enum finding { FOUND, ABSENT, WRONG };

/* One response that is being read. */
struct search {
    const struct server_settings *settings;
    const struct http_response *response;
    struct delay_reading *reading;
    bool shown;
    int64_t now;
    enum delay_unit unit; /* of a number without one, in the source at hand */
    json_t *json;         /* the body, once it was asked for */
};

/* As much of a name as a sentence has room for. */
enum { NAME_SHOWN = 64, NAME_SIZE = NAME_SHOWN + sizeof "..." };

static const char *short_name(const struct delay_source *source, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, "%.*s%s", NAME_SHOWN, source->name,
             strlen(source->name) > NAME_SHOWN ? "..." : "");
    return out;
}

static int64_t unit_of(const struct search *search)
{
    static const int64_t units[] = {MILLISECOND, SECOND, MINUTE, HOUR, DAY};
    return units[search->unit];
}

static const char *unit_name(const struct search *search)
{
    static const char *const names[] = {"milliseconds", "seconds", "minutes", "hours", "days"};
    return names[search->unit];
}

/* --- sentences -------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static enum finding refuse(struct search *search,
                                                                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(search->reading->why, DELAY_WHY_SIZE, format, args);
    va_end(args);
    return WRONG;
}

static enum finding lack(struct search *search, const char *what, const char *name)
{
    refuse(search, what, name);
    return ABSENT;
}

static const char *quote(const struct search *search, char out[QUOTE_SIZE], const char *text,
                         size_t length)
{
    return search->shown ? escape_quote(out, QUOTE_SIZE, text, length)
                         : "it is not shown, as it may repeat a secret of the request";
}

/* `what` is "the body" or another place, where `text` stands. */
static enum finding refuse_text(struct search *search, const char *what, const char *text,
                                size_t length)
{
    char quoted[QUOTE_SIZE];
    return refuse(search, "%s is not a number of %s: %s", what, unit_name(search),
                  quote(search, quoted, text, length));
}

static enum finding refuse_form(struct search *search, const char *what, const char *text,
                                size_t length)
{
    char quoted[QUOTE_SIZE];
    return refuse(search, "%s is not a number of %s, nor such as 1m30s or 00:01:30: %s", what,
                  unit_name(search), quote(search, quoted, text, length));
}

static void keep_raw(struct search *search, const char *text, size_t length)
{
    size_t room = DELAY_RAW_SIZE - 1, kept = length < room ? length : room;
    if (!search->shown)
        return;
    memcpy(search->reading->raw, text, kept);
    search->reading->raw[kept] = '\0';
}

/* --- the body ----------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A body may be text or JSON only where it is as it was written. */
static bool is_coded(const struct http_response *response)
{
    return response->content_coding[0] != '\0' && response->body_length > 0;
}

static enum finding refuse_coded(struct search *search)
{
    char quoted[QUOTE_SIZE];
    const char *coding = search->response->content_coding;
    return refuse(search, "the body is coded (%s), which was not asked for",
                  escape_quote(quoted, sizeof quoted, coding, strlen(coding)));
}

static enum finding read_body(struct search *search)
{
    const struct http_response *response = search->response;
    const char *text = response->body;
    size_t start = 0, end = response->body_length;
    if (is_coded(response))
        return refuse_coded(search);
    while (start < end && is_blank(text[start]))
        start++;
    while (end > start && is_blank(text[end - 1]))
        end--;
    if (start == end)
        return lack(search, "the body is empty, and not a number of %s", unit_name(search));
    keep_raw(search, text + start, end - start);
    if (delay_form_number(text + start, end - start, unit_of(search), &search->reading->said))
        return FOUND;
    return refuse_text(search, "the body", text, response->body_length);
}

/* --- fields ---------------------------------------------------------------------------------- */

/* RFC 9110 section 10.2.3. */
static bool is_retry_after(const struct delay_source *source)
{
    return source->kind == DELAY_FROM_FIELD && strcasecmp(source->name, "Retry-After") == 0;
}

static bool read_date(struct search *search, const struct delay_source *source, const char *text)
{
    const struct http_field *date = &search->response->date;
    return is_retry_after(source) &&
           delay_form_date(text, date->state == HTTP_FIELD_PRESENT ? date->value : NULL,
                           search->now, &search->reading->said);
}

static enum finding read_value(struct search *search, const struct delay_source *source,
                               const char *what, const char *text)
{
    size_t length = strlen(text);
    if (length == 0)
        return refuse(search, "%s is empty, and not a number of %s", what, unit_name(search));
    keep_raw(search, text, length);
    if (delay_form_any(text, length, unit_of(search), &search->reading->said) ||
        read_date(search, source, text))
        return FOUND;
    return refuse_form(search, what, text, length);
}

static enum finding read_field(struct search *search, const struct delay_source *source)
{
    const struct http_field *field = &search->response->fields[source->field];
    char name[NAME_SIZE], what[NAME_SIZE + sizeof "the field "];
    snprintf(what, sizeof what, "the field %s", short_name(source, name));
    switch (field->state) {
    case HTTP_FIELD_PRESENT: return read_value(search, source, what, field->value);
    case HTTP_FIELD_ABSENT: return lack(search, "the response has no field %s", name);
    case HTTP_FIELD_TOO_LONG:
        return refuse(search, "%s is too long for a number of %s", what, unit_name(search));
    case HTTP_FIELD_REPEATED:
        return refuse(search, "%s stands more than once in the response", what);
    }
    return ABSENT;
}

/* --- JSON ------------------------------------------------------------------------------- */

static bool parse(struct search *search)
{
    const struct http_response *response = search->response;
    char wrong[DELAY_JSON_WHY_SIZE];
    if (search->json == NULL)
        search->json = delay_json_parse(response->body, response->body_length, wrong);
    if (search->json == NULL)
        refuse(search, "the body %s", wrong);
    return search->json != NULL;
}

static enum finding read_string(struct search *search, const char *what, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    keep_raw(search, text, length);
    if (delay_form_any(text, length, unit_of(search), &search->reading->said))
        return FOUND;
    return refuse_form(search, what, text, length);
}

static enum finding read_number(struct search *search, const char *what, const json_t *value)
{
    double number = json_number_value(value);
    char text[32];
    snprintf(text, sizeof text, "%.15g", number);
    keep_raw(search, text, strlen(text));
    if (delay_form_real(number, unit_of(search), &search->reading->said))
        return FOUND;
    return refuse(search, "%s is below zero%s%s", what, search->shown ? ": " : "",
                  search->shown ? text : "");
}

static enum finding read_json(struct search *search, const struct delay_source *source)
{
    char name[NAME_SIZE], what[NAME_SIZE + sizeof "the value at json:"];
    snprintf(what, sizeof what, "the value at json:%s", short_name(source, name));
    if (search->response->body_length == 0)
        return lack(search, "the body is empty, and has nothing at json:%s", name);
    if (is_coded(search->response))
        return refuse_coded(search);
    if (search->response->body_length > DELAY_JSON_MAX)
        return refuse(search, "the body has %zu bytes, and JSON is read up to %d",
                      search->response->body_length, DELAY_JSON_MAX);
    if (!parse(search))
        return WRONG;
    const json_t *value = delay_json_find(search->json, source);
    if (value == NULL)
        return lack(search, "the JSON of the body has nothing at json:%s", name);
    if (json_is_string(value))
        return read_string(search, what, value);
    if (json_is_number(value))
        return read_number(search, what, value);
    return refuse(search, "%s is %s, and not a number of %s", what, delay_json_kind(value),
                  unit_name(search));
}

/* --- the list --------------------------------------------------------------------------- */

static enum finding read_source(struct search *search, const struct delay_source *source)
{
    int64_t unit = is_retry_after(source) ? UNIT_SECONDS : search->settings->delay_unit;
    search->unit = (enum delay_unit)unit;
    switch (source->kind) {
    case DELAY_FROM_BODY: return read_body(search);
    case DELAY_FROM_FIELD: return read_field(search, source);
    case DELAY_FROM_JSON: return read_json(search, source);
    }
    return ABSENT;
}

/* For a single source its own sentence stands there already. */
static void tell_what_lacks(const struct delay_sources *sources, char why[DELAY_WHY_SIZE])
{
    if (sources->count == 1)
        return;
    size_t at = (size_t)snprintf(why, DELAY_WHY_SIZE, "the response has none of ");
    for (size_t i = 0; i < sources->count && at < DELAY_WHY_SIZE; i++)
        at += (size_t)snprintf(why + at, DELAY_WHY_SIZE - at, "%s%s", i == 0 ? "" : ", ",
                               sources->list[i].item);
}

void delay_read(struct delay_reading *reading, const struct server_settings *settings,
                const struct http_response *response, bool shown, int64_t now)
{
    const struct delay_sources *sources = settings->delay_from;
    struct search search = {
        .settings = settings, .response = response, .reading = reading, .shown = shown, .now = now};
    enum finding finding = ABSENT;
    reading->source = NULL;
    reading->said = -1;
    reading->raw[0] = reading->why[0] = '\0';
    for (size_t i = 0; i < sources->count && finding == ABSENT; i++) {
        finding = read_source(&search, &sources->list[i]);
        if (finding != ABSENT)
            reading->source = &sources->list[i];
    }
    if (finding == FOUND)
        reading->why[0] = '\0'; /* of one that was absent */
    if (finding == ABSENT)
        tell_what_lacks(sources, reading->why);
    json_decref(search.json);
}
