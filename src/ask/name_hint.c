#include "ask/name_hint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask/people.h"
#include "config/server_name.h"
#include "config/value.h"

enum { PART_LEAST = 2, PARTS_MAX = 3 };

bool name_path(const char *name, char out[NAME_PATH_SIZE])
{
    return *name != '\0' && server_name_has_right_bytes(name) &&
           snprintf(out, NAME_PATH_SIZE, "/servers/%s.json", name) < NAME_PATH_SIZE;
}

/* Less than half of it are slips: what is as short as "a" is near to everything. */
static bool is_slip(const char *name, const char *nearest)
{
    return nearest != NULL && 2 * value_distance(name, nearest) < strlen(name);
}

static const char *find_nearest(const char *name, const struct status_answer *answer)
{
    const char **words = calloc(answer->count + 1, sizeof *words), *nearest = NULL;
    size_t n = 0;
    if (words == NULL)
        return NULL;
    for (size_t i = 0; i < answer->count; i++)
        if (strlen(answer->servers[i].name) <= VALUE_WORD_MAX)
            words[n++] = answer->servers[i].name;
    nearest = value_nearest(name, words);
    free(words);
    return is_slip(name, nearest) ? nearest : NULL;
}

static void add(struct buffer *out, const char *name, const char *before)
{
    buffer_text(out, before);
    people_text(out, name);
}

void name_hint(struct buffer *out, const char *name, const struct status_answer *answer)
{
    const char *nearest = find_nearest(name, answer);
    unsigned found = 0;
    if (nearest != NULL)
        add(out, nearest, "; did you mean ");
    const bool is_part = nearest == NULL && strlen(name) >= PART_LEAST;
    for (size_t i = 0; is_part && i < answer->count && found < PARTS_MAX; i++)
        if (strcasestr(answer->servers[i].name, name) != NULL)
            add(out, answer->servers[i].name, found++ == 0 ? "; did you mean " : " or ");
    if (answer->count == 0)
        buffer_text(out, "; the daemon tells nothing of single servers");
    if (nearest != NULL || found > 0)
        buffer_text(out, "?");
}
