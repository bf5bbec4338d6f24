/* Any list of sources, and any response: a wait within its bounds, or a printable sentence on
 * why not. Use -dict=delay.dict.
 *
 * The first bytes choose the settings. Then come, a line each, delay-from, the values of two
 * fields, Retry-After and Date; and the rest is the body. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "pace/delay.h"
#include "pace/delay_form.h"
#include "pace/delay_reading.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* 2026-11-25 09:00:00 */
static const int64_t now = INT64_C(1795597200);

struct input {
    const char *at;
    size_t left;
};

static uint8_t take_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return (uint8_t)*input->at++;
}

/* Up to the next newline, which is passed over. */
static struct input take_line(struct input *input)
{
    const char *end = memchr(input->at, '\n', input->left);
    struct input line = {input->at, end == NULL ? input->left : (size_t)(end - input->at)};
    input->at += line.left + (end != NULL);
    input->left -= line.left + (end != NULL);
    return line;
}

/* An empty line is a field that is absent, and a NUL ends its value, as in a response none is. */
static struct http_field take_field(struct input *input)
{
    struct http_field field = {.state = HTTP_FIELD_ABSENT};
    struct input line = take_line(input);
    if (line.left == 0)
        return field;
    field.state = line.left < sizeof field.value ? HTTP_FIELD_PRESENT : HTTP_FIELD_TOO_LONG;
    if (field.state == HTTP_FIELD_PRESENT)
        memcpy(field.value, line.at, line.left);
    return field;
}

/* A value of the configuration has no NUL. */
static const struct delay_sources *take_sources(struct input *input, struct pool *pool)
{
    struct input line = take_line(input);
    const char *text = pool_text(pool, line.at, line.left);
    const struct written written = {.value = text, .shown = text};
    const struct delay_sources *sources = NULL;
    char why[512] = "";
    if (delay_sources_read(&written, pool, &sources, why, sizeof why)) {
        REQUIRE(sources->count >= 1 && sources->count <= DELAY_SOURCES_MAX);
        REQUIRE(sources->field_count <= sources->count);
        return sources;
    }
    REQUIRE(why[0] != '\0');
    return NULL;
}

static struct server_settings take_settings(struct input *input)
{
    struct server_settings settings = {.retry = SECOND, .retry_max = MINUTE};
    settings.delay_unit = take_byte(input) % (UNIT_DAYS + 1);
    settings.delay_scale = DELAY_SCALE_ONE / 1000 * (1 + 3921 * take_byte(input));
    settings.min_delay = take_byte(input) * SECOND;
    settings.max_delay = settings.min_delay + take_byte(input) * HOUR;
    return settings;
}

/* From a buffer of just that size, so that reading too far is found out. */
static void take_body(struct input *input, struct http_response *response)
{
    response->body_length = input->left;
    if (input->left == 0)
        return;
    response->body = malloc(input->left);
    REQUIRE(response->body != NULL);
    memcpy(response->body, input->at, input->left);
}

static bool is_printable(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

/* The names in it are those of the configuration, whatever they are. */
static void check_sentence(const struct server_settings *settings, const char *why)
{
    bool printable = true;
    REQUIRE(why[0] != '\0' && strnlen(why, DELAY_WHY_SIZE) < DELAY_WHY_SIZE);
    for (size_t i = 0; i < settings->delay_from->count; i++)
        printable = printable && is_printable(settings->delay_from->list[i].item);
    REQUIRE(is_printable(why) || !printable);
}

static void check_good(const struct server_settings *settings, const struct delay_reading *reading)
{
    struct delay delay = delay_after_success(settings, reading->said);
    REQUIRE(reading->source != NULL && reading->why[0] == '\0');
    REQUIRE(delay.wait >= settings->min_delay && delay.wait <= settings->max_delay);
}

static void check_reading(const struct server_settings *settings,
                          const struct delay_reading *reading, bool shown)
{
    REQUIRE(reading->said >= -1);
    REQUIRE(memchr(reading->raw, '\0', sizeof reading->raw) != NULL);
    REQUIRE(shown || reading->raw[0] == '\0');
    if (reading->said >= 0)
        check_good(settings, reading);
    else
        check_sentence(settings, reading->why);
}

static void check_failure(const struct server_settings *settings, const struct http_field *asked,
                          const struct http_field *date, uint8_t chance)
{
    int64_t retry_after = -1;
    if (asked->state == HTTP_FIELD_PRESENT &&
        delay_form_retry_after(asked->value, date->state == HTTP_FIELD_PRESENT ? date->value : NULL,
                               now, &retry_after))
        REQUIRE(retry_after >= 0);
    struct delay delay =
        delay_after_failure(settings, 1u + chance, -1, retry_after, chance * UINT32_C(0x1010101));
    int64_t most =
        settings->max_delay > settings->retry_max ? settings->max_delay : settings->retry_max;
    REQUIRE(delay.wait > 0 && delay.wait <= most);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {(const char *)data, size};
    struct http_response response = {.status = 200};
    struct pool pool = {0};
    struct delay_reading reading;
    uint8_t choice = take_byte(&input);
    struct server_settings settings = take_settings(&input);
    settings.delay_from = take_sources(&input, &pool);
    response.fields[0] = take_field(&input);
    response.fields[1] = take_field(&input);
    response.retry_after = take_field(&input);
    response.date = take_field(&input);
    take_body(&input, &response);
    if (settings.delay_from != NULL) {
        delay_read(&reading, &settings, &response, choice & 1, now);
        check_reading(&settings, &reading, choice & 1);
    }
    check_failure(&settings, &response.retry_after, &response.date, choice);
    free(response.body);
    pool_free(&pool);
    return 0;
}
