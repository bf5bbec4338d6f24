#include "pace/promises.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct entry {
    char *name; /* NULL: the row is nobody's */
    uint32_t name_length;
    uint32_t url; /* CRC-32 */
    struct promise promise;
};

struct promises {
    struct entry *entries;
    size_t count, capacity;
};

/* Entries by name, while a file is read: a hash table with open addressing. A place is an entry's
 * index + 1, or 0. */
struct index {
    const struct promises *promises;
    uint32_t *places;
    size_t mask;
};

static const struct promise none = {.due = 0, .wait = -1, .last_delay = -1};

/* --- the table ------------------------------------------------------------------------ */

uint32_t promises_url(const struct server_config *server)
{
    return schedule_crc(server->url.text, strlen(server->url.text));
}

void promises_name(struct promises *promises, size_t row, char *name, uint32_t url)
{
    promises->entries =
        xgrow(promises->entries, &promises->capacity, row + 1, sizeof *promises->entries);
    for (; promises->count <= row; promises->count++)
        promises->entries[promises->count] = (struct entry){.promise = none};
    free(promises->entries[row].name);
    promises->entries[row] = (struct entry){
        .name = name,
        .name_length = name == NULL ? 0 : (uint32_t)strlen(name),
        .url = url,
        .promise = none,
    };
}

struct promises *promises_new(const struct server_config *servers, size_t count)
{
    struct promises *promises = xcalloc(1, sizeof *promises);
    for (size_t i = 0; i < count; i++)
        promises_name(promises, i, xstrdup(servers[i].name), promises_url(&servers[i]));
    return promises;
}

void promises_free(struct promises *promises)
{
    if (promises == NULL)
        return;
    for (size_t i = 0; i < promises->count; i++)
        free(promises->entries[i].name);
    free(promises->entries);
    free(promises);
}

size_t promises_count(const struct promises *promises)
{
    return promises->count;
}

const struct promise *promises_get(const struct promises *promises, size_t index)
{
    return &promises->entries[index].promise;
}

void promises_set(struct promises *promises, size_t index, const struct promise *promise)
{
    promises->entries[index].promise = *promise;
}

/* --- out and in --------------------------------------------------------------------- */

/* What is beyond all moments is as good as the last of them. */
static int64_t clip(__int128 moment)
{
    return moment > INT64_MAX ? INT64_MAX : moment < INT64_MIN ? INT64_MIN : (int64_t)moment;
}

size_t promises_write(const struct promises *promises, size_t index, int64_t zero, char *out)
{
    const struct entry *entry = &promises->entries[index];
    const struct promise *promise = &entry->promise;
    if (promise->wait < 0 || entry->name_length > SCHEDULE_NAME_MAX)
        return 0;
    const struct schedule_line line = {.due = clip((__int128)promise->due + zero),
                                       .wait = promise->wait,
                                       .last = promise->last_delay,
                                       .url = entry->url,
                                       .name = entry->name,
                                       .name_length = entry->name_length};
    return schedule_write_line(out, &line);
}

/* The place of the name, or the one where it belongs. */
static size_t find_place(const struct index *index, const char *name, size_t length)
{
    size_t place = schedule_crc(name, length) & index->mask;
    for (; index->places[place] != 0; place = (place + 1) & index->mask) {
        const struct entry *entry = &index->promises->entries[index->places[place] - 1];
        if (entry->name_length == length && memcmp(entry->name, name, length) == 0)
            break;
    }
    return place;
}

/* Its places are to be freed. */
static struct index make_index(const struct promises *promises)
{
    size_t places = 2;
    while (places < 2 * promises->count)
        places *= 2;
    struct index index = {promises, xcalloc(places, sizeof *index.places), places - 1};
    for (size_t i = 0; i < promises->count; i++) {
        const struct entry *entry = &promises->entries[i];
        if (entry->name != NULL)
            index.places[find_place(&index, entry->name, entry->name_length)] = (uint32_t)i + 1;
    }
    return index;
}

static void take(struct promises *promises, const struct index *index,
                 const struct schedule_line *line, int64_t zero, int64_t now)
{
    size_t place = find_place(index, line->name, line->name_length);
    if (index->places[place] == 0)
        return;
    struct entry *entry = &promises->entries[index->places[place] - 1];
    entry->promise = none;
    if (entry->url != line->url)
        return;
    int64_t due = clip((__int128)line->due - zero), latest = clip((__int128)now + line->wait);
    entry->promise.due = due < latest ? due : latest;
    entry->promise.wait = line->wait;
    entry->promise.last_delay = line->last;
}

static bool begins_with(const char *text, size_t length, const char *prefix)
{
    return length >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

/* What could be the first line of another version. */
static bool is_other_version(const char *text, size_t length)
{
    static const char program[] = "aiopoll schedule ";
    size_t at = strlen(program);
    if (!begins_with(text, length, program))
        return false;
    while (at < length && text[at] >= '0' && text[at] <= '9')
        at++;
    return at > strlen(program) && at < length && text[at] == '\n';
}

static enum promises_form form_of(const char *text, size_t length)
{
    if (length == 0 || begins_with(text, length, SCHEDULE_HEADER))
        return PROMISES_RIGHT;
    return is_other_version(text, length) ? PROMISES_VERSION : PROMISES_FOREIGN;
}

/* The first line behind the header may say that the moments of this file need no wall clock.
 * Where it cannot be read, they do. */
static bool read_line(struct promises *promises, const struct index *index, size_t number,
                      const char *text, size_t length, const struct promises_now *now,
                      int64_t *zero)
{
    struct schedule_line line;
    struct schedule_boot boot;
    if (number == 2) {
        if (!schedule_read_boot(text, length, &boot))
            return false;
        if (boot.id[0] != '\0' && strcmp(boot.id, now->boot.id) == 0)
            *zero = boot.zero;
        return true;
    }
    if (!schedule_read_line(text, length, &line))
        return false;
    take(promises, index, &line, *zero, now->now);
    return true;
}

static size_t count_taken(const struct promises *promises)
{
    size_t taken = 0;
    for (size_t i = 0; i < promises->count; i++)
        taken += promises->entries[i].promise.wait >= 0;
    return taken;
}

struct promises_reading promises_read(struct promises *promises, const char *text, size_t length,
                                      const struct promises_now *now)
{
    struct promises_reading reading = {.form = form_of(text, length)};
    const char *at = text, *end = text + length;
    int64_t zero = now->boot.zero;
    if (reading.form != PROMISES_RIGHT || length == 0)
        return reading;
    const struct index index = make_index(promises);
    at += strlen(SCHEDULE_HEADER);
    for (size_t number = 2; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        /* The newline is part of a line: without it, it was torn. */
        if (newline == NULL ||
            !read_line(promises, &index, number, at, (size_t)(newline - at), now, &zero)) {
            if (reading.damaged++ == 0)
                reading.first_damaged = number;
        }
        at = newline == NULL ? end : newline + 1;
    }
    free(index.places);
    reading.taken = count_taken(promises);
    return reading;
}

struct promise promise_within(const struct promise *promise, const struct server_settings *settings,
                              int64_t now)
{
    struct promise result = *promise;
    int64_t longest =
        settings->max_delay > settings->retry_max ? settings->max_delay : settings->retry_max;
    if (result.due > now + longest)
        result.due = now + longest;
    if (result.last_delay > settings->max_delay)
        result.last_delay = settings->max_delay;
    return result;
}
