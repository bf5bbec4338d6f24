#include "mock_records.h"

#include <search.h>

#include "must.h"

struct target {
    const char *name;
    struct mock_request **requests;
    size_t count;
    size_t capacity;
    struct target *next;
};

struct mock_records {
    void *tree; /* of targets, for tsearch() */
    struct target *targets;
    size_t total;
};

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct target *)left)->name, ((const struct target *)right)->name);
}

static struct target *target_find(const struct mock_records *records, const char *name)
{
    const struct target key = {.name = name};
    void *node = tfind(&key, &records->tree, compare_names);

    return node == NULL ? NULL : *(struct target **)node;
}

static struct target *target_add(struct mock_records *records, const char *name)
{
    struct target *target = must_calloc(1, sizeof(*target));

    target->name = must_strdup(name);
    target->next = records->targets;
    records->targets = target;
    must_have(tsearch(target, &records->tree, compare_names));
    return target;
}

static void target_free(struct target *target)
{
    for (size_t i = 0; i < target->count; i++) {
        bytes_finish(&target->requests[i]->header);
        bytes_finish(&target->requests[i]->body);
        free(target->requests[i]);
    }
    free(target->requests);
    free((char *)target->name);
    free(target);
}

struct mock_records *mock_records_new(void)
{
    return must_calloc(1, sizeof(struct mock_records));
}

void mock_records_free(struct mock_records *records)
{
    while (records->targets != NULL) {
        struct target *target = records->targets;

        records->targets = target->next;
        tdelete(target, &records->tree, compare_names);
        target_free(target);
    }
    free(records);
}

struct mock_request *mock_records_add(struct mock_records *records, const char *name)
{
    struct target *target = target_find(records, name);
    struct mock_request *request = must_calloc(1, sizeof(*request));

    if (target == NULL)
        target = target_add(records, name);
    if (target->count == target->capacity) {
        target->capacity = target->capacity == 0 ? 8 : target->capacity * 2;
        target->requests = must_realloc(target->requests, target->capacity, sizeof(request));
    }
    target->requests[target->count++] = request;
    records->total++;
    request->target = target->name;
    request->arrived_ns = request->begun_ns = -1;
    request->answered_ns = request->promised_ns = -1;
    return request;
}

size_t mock_records_count(const struct mock_records *records, const char *target)
{
    const struct target *found = target_find(records, target);

    return found == NULL ? 0 : found->count;
}

size_t mock_records_total(const struct mock_records *records)
{
    return records->total;
}

const struct mock_request *mock_records_at(const struct mock_records *records, const char *target,
                                           size_t index)
{
    const struct target *found = target_find(records, target);

    return found == NULL || index >= found->count ? NULL : found->requests[index];
}

static void note_lateness(struct mock_punctuality *sum, int64_t late_ns)
{
    if (sum->promises == 0 || late_ns < sum->earliest_ns)
        sum->earliest_ns = late_ns;
    if (sum->promises == 0 || late_ns > sum->latest_ns)
        sum->latest_ns = late_ns;
    sum->promises++;
    sum->early += late_ns < 0;
}

static void note_target(struct mock_punctuality *sum, const struct target *target)
{
    for (size_t i = 0; i + 1 < target->count; i++) {
        const struct mock_request *request = target->requests[i];
        const struct mock_request *next = target->requests[i + 1];

        if (request->promised_ns >= 0)
            note_lateness(sum, next->arrived_ns - request->answered_ns - request->promised_ns);
    }
}

struct mock_punctuality mock_records_punctuality(const struct mock_records *records,
                                                 const char *name)
{
    struct mock_punctuality sum = {0};

    for (const struct target *target = records->targets; target != NULL; target = target->next) {
        if (name == NULL || strcmp(name, target->name) == 0)
            note_target(&sum, target);
    }
    return sum;
}
