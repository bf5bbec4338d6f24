#include "ask/answer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"

/* An object on its way into a struct. */
struct reading {
    const json_t *object;
    char *why;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void fail(struct reading *reading, const char *format,
                                                       ...)
{
    va_list args;
    if (reading->failed)
        return;
    va_start(args, format);
    vsnprintf(reading->why, ANSWER_WHY_SIZE, format, args);
    va_end(args);
    reading->failed = true;
}

/* A member of the object; NULL: there is none, or all is lost already. */
static const json_t *member(struct reading *reading, const char *key, bool required)
{
    const json_t *value = reading->failed ? NULL : json_object_get(reading->object, key);
    if (value == NULL && required)
        fail(reading, "\"%s\" is missing", key);
    return value;
}

static double number(struct reading *reading, const char *key, bool required)
{
    const json_t *value = member(reading, key, required);
    if (value == NULL)
        return (double)NAN;
    if (!json_is_number(value))
        fail(reading, "\"%s\" is no number", key);
    return json_number_value(value);
}

static int64_t count(struct reading *reading, const char *key, bool required, int64_t other)
{
    const json_t *value = member(reading, key, required);
    if (value == NULL)
        return other;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        fail(reading, "\"%s\" is no count", key);
    return json_integer_value(value);
}

static const char *text(struct reading *reading, const char *key, bool required)
{
    const json_t *value = member(reading, key, required);
    if (value == NULL)
        return NULL;
    if (!json_is_string(value) || json_string_length(value) > ANSWER_TEXT_MAX)
        fail(reading, "\"%s\" is no text, or very long", key);
    return json_string_value(value);
}

static enum health state(struct reading *reading)
{
    const char *name = text(reading, "state", true);
    enum health health = HEALTH_OVERDUE;
    while (name != NULL && strcmp(name, health_name(health)) != 0) {
        if (health == HEALTH_OK) {
            fail(reading, "\"state\" is none of ok, failing, overdue");
            break;
        }
        health--;
    }
    return health;
}

static void read_server(struct reading *reading, struct answer_server *server)
{
    if (!json_is_object(reading->object))
        fail(reading, "a server is no object");
    *server = (struct answer_server){
        .name = text(reading, "name", true),
        .url = text(reading, "url", true),
        .state = state(reading),
        .since = number(reading, "since", true),
        .last = number(reading, "last", false),
        .delay = number(reading, "delay", false),
        .took = number(reading, "took", false),
        .late = number(reading, "late", false),
        .next = number(reading, "next", false),
        .status = count(reading, "status", false, 0),
        .error = text(reading, "error", false),
        .detail = text(reading, "detail", false),
        .attempt = count(reading, "attempt", false, 0),
        .polls = count(reading, "polls", true, 0),
        .failures = count(reading, "failures", true, 0),
        .busy = json_is_true(json_object_get(reading->object, "busy")),
    };
}

static bool read_servers(struct status_answer *answer, const json_t *list, char *why)
{
    const json_t *server;
    size_t i;
    if (!json_is_array(list)) {
        snprintf(why, ANSWER_WHY_SIZE, "\"servers\" is missing, or no array");
        return false;
    }
    answer->count = json_array_size(list);
    answer->servers = calloc(answer->count + 1, sizeof *answer->servers);
    if (answer->servers == NULL) {
        snprintf(why, ANSWER_WHY_SIZE, "memory is short");
        return false;
    }
    json_array_foreach(list, i, server)
    {
        struct reading reading = {.object = server, .why = why};
        read_server(&reading, &answer->servers[i]);
        if (reading.failed)
            return false;
    }
    return true;
}

static int worst_first(const void *left, const void *right)
{
    const struct answer_server *a = left, *b = right;
    return a->state != b->state ? (a->state < b->state ? 1 : -1) : strcmp(a->name, b->name);
}

/* What a text may become in memory: an honest one takes some six times its own, `[{},{},…` more
 * than sixty times. */
enum { MEMORY_BASE = 64 << 10, MEMORY_PER_BYTE = 24, MEMORY_MAX = 1 << 30 };

static size_t memory_left;
static bool memory_short;

static void *bounded_malloc(size_t size)
{
    void *memory = size > memory_left ? NULL : malloc(size);
    memory_left -= memory == NULL ? 0 : size;
    memory_short |= memory == NULL;
    return memory;
}

static json_t *parse(const char *bytes, size_t length, char *why)
{
    json_error_t error;
    json_t *root;
    memory_left =
        length < MEMORY_MAX / MEMORY_PER_BYTE ? MEMORY_BASE + length * MEMORY_PER_BYTE : MEMORY_MAX;
    memory_short = false;
    json_set_alloc_funcs(bounded_malloc, free);
    root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
    json_set_alloc_funcs(malloc, free);
    if (root == NULL && memory_short)
        snprintf(why, ANSWER_WHY_SIZE, "memory is short for its answer");
    else if (root == NULL)
        snprintf(why, ANSWER_WHY_SIZE, "its answer is not JSON from line %d, column %d on",
                 error.line, error.column);
    else if (!json_is_object(root))
        snprintf(why, ANSWER_WHY_SIZE, "its answer is no JSON object");
    if (root == NULL || json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

bool status_answer_read(struct status_answer *answer, const char *bytes, size_t length,
                        char why[ANSWER_WHY_SIZE])
{
    struct reading reading = {.object = parse(bytes, length, why), .why = why};
    *answer = (struct status_answer){.root = (json_t *)reading.object};
    if (answer->root == NULL)
        return false;
    answer->up = number(&reading, "up", true);
    answer->now = number(&reading, "now", true);
    answer->ok = count(&reading, "ok", true, 0);
    answer->failing = count(&reading, "failing", true, 0);
    answer->overdue = count(&reading, "overdue", true, 0);
    answer->polls = count(&reading, "polls", true, 0);
    answer->failures = count(&reading, "failures", true, 0);
    answer->early = count(&reading, "early", false, -1);
    if (reading.failed || !read_servers(answer, json_object_get(answer->root, "servers"), why)) {
        status_answer_free(answer);
        return false;
    }
    qsort(answer->servers, answer->count, sizeof *answer->servers, worst_first);
    return true;
}

static bool are_sentences(const json_t *list)
{
    size_t i = 0;
    while (i < json_array_size(list) && json_is_string(json_array_get(list, i)))
        i++;
    return json_is_array(list) && i == json_array_size(list);
}

bool server_answer_read(struct server_answer *answer, const char *bytes, size_t length,
                        char why[ANSWER_WHY_SIZE])
{
    struct reading reading = {.object = parse(bytes, length, why), .why = why};
    *answer = (struct server_answer){.root = (json_t *)reading.object};
    if (answer->root == NULL)
        return false;
    read_server(&reading, &answer->server);
    answer->now = number(&reading, "now", true);
    answer->why = member(&reading, "why", true);
    answer->explain = member(&reading, "explain", false);
    if (!are_sentences(answer->why))
        fail(&reading, "\"why\" is no list of sentences");
    if (answer->explain != NULL && !json_is_object(answer->explain))
        fail(&reading, "\"explain\" is no object");
    if (reading.failed)
        server_answer_free(answer);
    return !reading.failed;
}

void status_answer_free(struct status_answer *answer)
{
    json_decref(answer->root);
    free(answer->servers);
    *answer = (struct status_answer){0};
}

void server_answer_free(struct server_answer *answer)
{
    json_decref(answer->root);
    *answer = (struct server_answer){0};
}

/* In JSON that is right, control characters stand between its parts only, and others that are not
 * ASCII within strings only. */
void answer_line(struct buffer *out, const char *bytes, size_t length)
{
    size_t taken;
    for (const char *at = bytes; at < bytes + length; at += taken) {
        const unsigned char c = (unsigned char)*at;
        char escaped[JSON_TEXT_MAX];
        taken = 1;
        if (c >= 0x7f)
            buffer_add(out, escaped, json_text_character(escaped, at, &taken));
        else if (c >= ' ')
            buffer_add(out, at, 1);
    }
    buffer_text(out, "\n");
}
