#include "mock_behaviour.h"

#include <ctype.h>
#include <stdio.h>

#include "must.h"

static const unsigned LARGEST_NUMBER = 86400000; /* a day in milliseconds */

static struct bytes *list_add(struct bytes_list *list)
{
    list->items = must_realloc(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count] = (struct bytes){0};
    return &list->items[list->count++];
}

static void list_finish(struct bytes_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        bytes_finish(&list->items[i]);
    free(list->items);
}

const struct bytes *bytes_list_at(const struct bytes_list *list, size_t index)
{
    if (list->count == 0)
        return NULL;
    return &list->items[index < list->count ? index : list->count - 1];
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (!isxdigit((unsigned char)digit))
        return -1;
    return tolower((unsigned char)digit) - 'a' + 10;
}

static bool decode(struct bytes *decoded, const char *encoded, size_t length)
{
    bytes_append(decoded, "", 0);
    for (size_t i = 0; i < length; i++) {
        char byte = encoded[i];

        if (byte == '%') {
            int high = i + 2 < length ? hex_digit(encoded[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_digit(encoded[i + 2]);

            if (low < 0)
                return false;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        bytes_append_byte(decoded, byte, 1);
    }
    return true;
}

static bool parse_bytes(void *field, const char *value)
{
    struct bytes *bytes = field;

    bytes_truncate(bytes, 0);
    return decode(bytes, value, strlen(value));
}

static bool parse_list(void *field, const char *value)
{
    for (;;) {
        size_t length = strcspn(value, ",");

        if (!decode(list_add(field), value, length))
            return false;
        if (value[length] == '\0')
            return true;
        value += length + 1;
    }
}

static bool is_status(const struct bytes *text)
{
    return text->length == 3 && strspn(text->data, "0123456789") == 3 && text->data[0] != '0';
}

static bool parse_statuses(void *field, const char *value)
{
    const struct bytes_list *list = field;

    if (!parse_list(field, value))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_status(&list->items[i]))
            return false;
    }
    return true;
}

static bool parse_header(void *field, const char *value)
{
    return decode(list_add(field), value, strlen(value));
}

static bool parse_number(void *field, const char *value)
{
    unsigned *number = field;

    *number = 0;
    if (*value == '\0')
        return false;
    for (; *value != '\0'; value++) {
        if (*value < '0' || *value > '9')
            return false;
        *number = *number * 10 + (unsigned)(*value - '0');
        if (*number > LARGEST_NUMBER)
            return false;
    }
    return true;
}

static bool parse_flag(void *field, const char *value)
{
    *(bool *)field = true;
    return *value == '\0';
}

static bool parse_connection(void *field, const char *value)
{
    *(bool *)field = true;
    return strcmp(value, "close") == 0;
}

/* The value's place among the words, or -1. */
static int word_index(const char *value, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(value, words[i]) == 0)
            return i;
    }
    return -1;
}

/* By enum mock_stage. */
static const char *const stages[] = {"never", "request", "header", "body", "after", "idle", NULL};

static bool parse_stages(void *field, const char *value)
{
    const struct bytes_list *list = field;

    if (!parse_list(field, value))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        if (word_index(list->items[i].data, stages) < 0)
            return false;
    }
    return true;
}

enum mock_stage mock_stage_at(const struct bytes_list *list, size_t index)
{
    const struct bytes *stage = bytes_list_at(list, index);

    return stage == NULL ? MOCK_NEVER : (enum mock_stage)word_index(stage->data, stages);
}

static bool parse_framing(void *field, const char *value)
{
    static const char *const words[] = {"length", "chunked", "close", NULL};
    int index = word_index(value, words);

    *(enum mock_framing *)field = (enum mock_framing)(MOCK_LENGTH + (index < 0 ? 0 : index));
    return index >= 0;
}

static bool parse_endless(void *field, const char *value)
{
    static const char *const words[] = {"header",          "interim", "body",
                                        "chunk-extension", "trailer", NULL};
    int index = word_index(value, words);

    *(enum mock_endless *)field = (enum mock_endless)(MOCK_ENDLESS_HEADER + index);
    return index >= 0;
}

static const struct key {
    const char *name;
    bool (*parse)(void *field, const char *value);
    size_t offset;
} keys[] = {
    {"delay", parse_list, offsetof(struct mock_behaviour, delays)},
    {"pad", parse_number, offsetof(struct mock_behaviour, pad)},
    {"status", parse_statuses, offsetof(struct mock_behaviour, statuses)},
    {"retry-after", parse_bytes, offsetof(struct mock_behaviour, retry_after)},
    {"header", parse_header, offsetof(struct mock_behaviour, headers)},
    {"location", parse_list, offsetof(struct mock_behaviour, locations)},
    {"location-pad", parse_number, offsetof(struct mock_behaviour, location_pad)},
    {"framing", parse_framing, offsetof(struct mock_behaviour, framing)},
    {"connection", parse_connection, offsetof(struct mock_behaviour, connection_close)},
    {"slow", parse_number, offsetof(struct mock_behaviour, slow_ms)},
    {"trickle", parse_number, offsetof(struct mock_behaviour, trickle_ms)},
    {"silent", parse_flag, offsetof(struct mock_behaviour, silent)},
    {"close", parse_stages, offsetof(struct mock_behaviour, closes)},
    {"reset", parse_stages, offsetof(struct mock_behaviour, resets)},
    {"idle-ms", parse_number, offsetof(struct mock_behaviour, idle_ms)},
    {"raw", parse_bytes, offsetof(struct mock_behaviour, raw)},
    {"garbage", parse_flag, offsetof(struct mock_behaviour, garbage)},
    {"extra", parse_bytes, offsetof(struct mock_behaviour, extra)},
    {"late-extra", parse_bytes, offsetof(struct mock_behaviour, late_extra)},
    {"endless", parse_endless, offsetof(struct mock_behaviour, endless)},
    {"promise", parse_list, offsetof(struct mock_behaviour, promises)},
};

static const struct key *key_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strlen(keys[i].name) == length && strncmp(name, keys[i].name, length) == 0)
            return &keys[i];
    }
    return NULL;
}

static bool complain(struct mock_behaviour *behaviour, const char *what, const char *text)
{
    snprintf(behaviour->complaint, sizeof(behaviour->complaint), "mock server: %s '%.120s'", what,
             text);
    return false;
}

static bool parse_pair(struct mock_behaviour *behaviour, const char *pair)
{
    size_t length = strcspn(pair, "=");
    const struct key *key = key_find(pair, length);

    if (key == NULL)
        return complain(behaviour, "unknown key in", pair);
    if (!key->parse((char *)behaviour + key->offset, pair + length + (pair[length] == '=')))
        return complain(behaviour, "bad value in", pair);
    return true;
}

static bool parse_pairs(struct mock_behaviour *behaviour, char *query)
{
    char *rest = query;

    for (char *pair = strsep(&rest, "&"); pair != NULL; pair = strsep(&rest, "&")) {
        if (*pair != '\0' && !parse_pair(behaviour, pair))
            return false;
    }
    return true;
}

static bool check_whole(struct mock_behaviour *behaviour, const char *query)
{
    if (behaviour->closes.count > 0 && behaviour->resets.count > 0)
        return complain(behaviour, "both close and reset in", query);
    return true;
}

/* A wrong query leads to nothing but the complaint about it. */
static void keep_complaint_only(struct mock_behaviour *behaviour)
{
    struct mock_behaviour wrong = *behaviour;

    *behaviour = (struct mock_behaviour){0};
    memcpy(behaviour->complaint, wrong.complaint, sizeof(wrong.complaint));
    mock_behaviour_finish(&wrong);
}

bool mock_behaviour_parse(struct mock_behaviour *behaviour, const char *query)
{
    char *copy = must_strdup(query);
    bool good;

    *behaviour = (struct mock_behaviour){0};
    good = parse_pairs(behaviour, copy) && check_whole(behaviour, query);
    free(copy);
    if (!good)
        keep_complaint_only(behaviour);
    return good;
}

void mock_behaviour_finish(struct mock_behaviour *behaviour)
{
    list_finish(&behaviour->delays);
    list_finish(&behaviour->statuses);
    list_finish(&behaviour->promises);
    list_finish(&behaviour->locations);
    list_finish(&behaviour->headers);
    list_finish(&behaviour->closes);
    list_finish(&behaviour->resets);
    bytes_finish(&behaviour->retry_after);
    bytes_finish(&behaviour->raw);
    bytes_finish(&behaviour->extra);
    bytes_finish(&behaviour->late_extra);
}
