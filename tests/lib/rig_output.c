/*
 * What the program under test has written.
 */
#include <check.h>

#include <string.h>

#include "rig_private.h"

size_t rig_line_count(const struct rig *rig)
{
    return rig->program->out.count;
}

const char *rig_line(const struct rig *rig, size_t index)
{
    ck_assert_uint_lt(index, rig->program->out.count);
    return rig->program->out.items[index].text;
}

const char *rig_stdout(const struct rig *rig)
{
    return bytes_text(&rig->program->out.all);
}

const char *rig_stderr(const struct rig *rig)
{
    return bytes_text(&rig->program->err);
}

static bool member_is(const json_t *object, const char *key, const char *wanted)
{
    const char *value = json_string_value(json_object_get(object, key));

    return wanted == NULL || (value != NULL && strcmp(value, wanted) == 0);
}

json_t *rig_next_event(const struct rig *rig, size_t *cursor, const char *event, const char *server)
{
    const struct lines *lines = &rig->program->out;

    while (*cursor < lines->count) {
        json_t *json = lines->items[(*cursor)++].json;

        if (json != NULL && member_is(json, "event", event) && member_is(json, "server", server))
            return json;
    }
    return NULL;
}

json_t *rig_event(const struct rig *rig, const char *event, const char *server, size_t index)
{
    size_t cursor = 0;
    json_t *found = rig_next_event(rig, &cursor, event, server);

    for (size_t i = 0; i < index && found != NULL; i++)
        found = rig_next_event(rig, &cursor, event, server);
    if (found == NULL)
        ck_abort_msg("there is no event '%s' number %zu of server '%s'",
                     event == NULL ? "(any)" : event, index, server == NULL ? "(any)" : server);
    return found;
}

size_t rig_count_events(const struct rig *rig, const char *event, const char *server)
{
    size_t cursor = 0;
    size_t count = 0;

    while (rig_next_event(rig, &cursor, event, server) != NULL)
        count++;
    return count;
}

static json_t *member(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    if (value == NULL)
        ck_abort_msg("the event has no '%s': %s", key, json_dumps(object, JSON_COMPACT));
    return value;
}

double rig_number(const json_t *object, const char *key)
{
    const json_t *value = member(object, key);

    if (!json_is_number(value))
        ck_abort_msg("'%s' is no number: %s", key, json_dumps(object, JSON_COMPACT));
    return json_number_value(value);
}

const char *rig_string(const json_t *object, const char *key)
{
    const json_t *value = member(object, key);

    if (!json_is_string(value))
        ck_abort_msg("'%s' is no string: %s", key, json_dumps(object, JSON_COMPACT));
    return json_string_value(value);
}
