/*
 * Whatever a response says of the delay: it is read or told, within bounds, and in
 * printable words. The first byte chooses source and unit, the rest is the body or
 * the field.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pace/delay.h"
#include "pace/delay_reading.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const lists[] = {"body",    "header:A",          "json:/a",
                                    "json:",   "header:A, body",    "json:/a/0, body",
                                    "json:/0", "header:Retry-After"};

enum { LISTS = sizeof lists / sizeof lists[0] };

static const struct delay_sources *sources_by(uint8_t choice)
{
    static struct pool pool;
    static const struct delay_sources *all[LISTS];
    char why[256];
    for (size_t i = 0; all[LISTS - 1] == NULL; i++) {
        const struct written written = {.value = lists[i], .shown = lists[i]};
        REQUIRE(delay_sources_read(&written, &pool, &all[i], why, sizeof why));
    }
    return all[choice % LISTS];
}

/* As a header hands it over: no longer than there is room, and without NUL. */
static void set_field(struct http_field *field, const uint8_t *data, size_t size)
{
    size_t length = size < sizeof field->value ? size : sizeof field->value - 1;
    field->state = HTTP_FIELD_PRESENT;
    memcpy(field->value, data, length);
    field->value[length] = '\0';
}

static void check(const struct delay_reading *reading, const struct server_settings *settings)
{
    REQUIRE(reading->said >= -1);
    REQUIRE((reading->said < 0) == (reading->why[0] != '\0'));
    REQUIRE(memchr(reading->raw, '\0', sizeof reading->raw) != NULL);
    REQUIRE(strlen(reading->why) < sizeof reading->why);
    for (const char *at = reading->why; *at != '\0'; at++)
        REQUIRE(*at >= ' ' && *at <= '~');
    if (reading->said < 0)
        return;
    struct delay delay = delay_after_success(settings, reading->said);
    REQUIRE(delay.wait >= settings->min_delay && delay.wait <= settings->max_delay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_response response = {.status = 200};
    struct delay_reading reading;
    if (size == 0)
        return 0;
    struct server_settings settings = {.delay_from = sources_by(data[0]),
                                       .delay_unit = data[0] / LISTS % 5,
                                       .delay_scale = DELAY_SCALE_ONE * (1 + data[0] / 64) / 2,
                                       .min_delay = 1000,
                                       .max_delay = INT64_C(1000000000000)};
    response.body = malloc(size); /* so that a byte read behind it is found out */
    REQUIRE(response.body != NULL);
    memcpy(response.body, data + 1, size - 1);
    response.body_length = size - 1;
    if (settings.delay_from->field_count > 0)
        set_field(&response.fields[0], data + 1, size - 1);
    set_field(&response.date, data + size / 2, size - size / 2);
    delay_read(&reading, &settings, &response, (data[0] & 128) == 0, size);
    check(&reading, &settings);
    free(response.body);
    return 0;
}
