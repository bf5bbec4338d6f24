#include "pace/health.h"

#include <stddef.h>

const char *health_name(enum health health)
{
    switch (health) {
    case HEALTH_OK: return "ok";
    case HEALTH_FAILING: return "failing";
    case HEALTH_OVERDUE: return "overdue";
    }
    return "unknown";
}

void health_init(struct health_record *record, int64_t now)
{
    *record = (struct health_record){
        .now = HEALTH_OK, .reason = FAILURE_NONE, .since = now, .last_good = -1};
}

void health_is_due(struct health_record *record, int64_t awake)
{
    record->due_awake = awake;
}

int64_t health_grace_left(const struct health_record *record, int64_t grace, int64_t awake)
{
    return grace - (awake - record->due_awake);
}

static bool become(struct health_record *record, enum health health, const struct failure *failure,
                   int64_t now, struct health_change *change)
{
    if (record->now == health)
        return false;
    bool tell_silence = health == HEALTH_OVERDUE && record->last_good >= 0;
    *change = (struct health_change){.from = record->now,
                                     .to = health,
                                     .lasted = now - record->since,
                                     .silent = tell_silence ? now - record->last_good : -1,
                                     .failure = *failure};
    record->now = health;
    record->since = now;
    return true;
}

bool health_polled(struct health_record *record, const struct failure *failure, int64_t grace,
                   int64_t now, struct health_change *change)
{
    if (failure->reason == FAILURE_CANCELED)
        return false;
    record->reason = failure->reason;
    if (failure->reason == FAILURE_NONE) {
        record->last_good = now;
        return become(record, HEALTH_OK, failure, now, change);
    }
    if (record->now == HEALTH_OVERDUE)
        return false;
    return become(record, grace > 0 ? HEALTH_FAILING : HEALTH_OVERDUE, failure, now, change);
}

bool health_grace_over(struct health_record *record, int64_t now, struct health_change *change)
{
    const struct failure last = {.reason = record->reason};
    return become(record, HEALTH_OVERDUE, &last, now, change);
}
