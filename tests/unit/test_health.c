/* How a server is, after every sequence of events that can lead there. */
#include "check_main.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "pace/health.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const int64_t GRACE = 30 * SECOND;

static const struct failure good = {.reason = FAILURE_NONE};
static const struct failure late = {.reason = FAILURE_TIMEOUT, .detail = "10s have passed"};
static const struct failure down = {.reason = FAILURE_CONNECT, .detail = "refused"};
static const struct failure canceled = {.reason = FAILURE_CANCELED, .detail = "stopping"};

/* A letter an event: Good, Timeout, Connect, (the grace is) Over, X: canceled. */
static bool happen(struct health_record *record, char event, int64_t grace, int64_t now,
                   struct health_change *change)
{
    switch (event) {
    case 'G': return health_polled(record, &good, grace, now, change);
    case 'T': return health_polled(record, &late, grace, now, change);
    case 'C': return health_polled(record, &down, grace, now, change);
    case 'X': return health_polled(record, &canceled, grace, now, change);
    case 'O': return health_grace_over(record, now, change);
    default: ck_abort_msg("no event %c", event);
    }
    return false;
}

/* --- all transitions ------------------------------------------------------------------- */

static const struct {
    enum health from;
    char event;
    enum health to, graceless;
} transitions[] = {
    {HEALTH_OK, 'G', HEALTH_OK, HEALTH_OK},
    {HEALTH_OK, 'T', HEALTH_FAILING, HEALTH_OVERDUE},
    {HEALTH_OK, 'C', HEALTH_FAILING, HEALTH_OVERDUE},
    {HEALTH_OK, 'O', HEALTH_OVERDUE, HEALTH_OVERDUE},
    {HEALTH_OK, 'X', HEALTH_OK, HEALTH_OK},
    {HEALTH_FAILING, 'G', HEALTH_OK, HEALTH_OK},
    {HEALTH_FAILING, 'T', HEALTH_FAILING, HEALTH_OVERDUE},
    {HEALTH_FAILING, 'C', HEALTH_FAILING, HEALTH_OVERDUE},
    {HEALTH_FAILING, 'O', HEALTH_OVERDUE, HEALTH_OVERDUE},
    {HEALTH_FAILING, 'X', HEALTH_FAILING, HEALTH_FAILING},
    {HEALTH_OVERDUE, 'G', HEALTH_OK, HEALTH_OK},
    {HEALTH_OVERDUE, 'T', HEALTH_OVERDUE, HEALTH_OVERDUE},
    {HEALTH_OVERDUE, 'C', HEALTH_OVERDUE, HEALTH_OVERDUE},
    {HEALTH_OVERDUE, 'O', HEALTH_OVERDUE, HEALTH_OVERDUE},
    {HEALTH_OVERDUE, 'X', HEALTH_OVERDUE, HEALTH_OVERDUE},
};

static void check_transition(enum health from, char event, int64_t grace, enum health to)
{
    struct health_record record;
    struct health_change change = {.lasted = -7};
    health_init(&record, 0);
    record.now = from;
    record.since = SECOND;
    bool changed = happen(&record, event, grace, 3 * SECOND, &change);
    ck_assert_int_eq(record.now, to);
    ck_assert_int_eq(changed, from != to);
    ck_assert_int_eq(record.since, from == to ? SECOND : 3 * SECOND);
    ck_assert_int_eq(change.lasted, from == to ? -7 : 2 * SECOND);
    if (changed) {
        ck_assert_int_eq(change.from, from);
        ck_assert_int_eq(change.to, to);
    }
}

START_TEST(each_event_leads_where_the_manual_says)
{
    check_transition(transitions[_i].from, transitions[_i].event, GRACE, transitions[_i].to);
    check_transition(transitions[_i].from, transitions[_i].event, 1, transitions[_i].to);
    check_transition(transitions[_i].from, transitions[_i].event, 0, transitions[_i].graceless);
}
END_TEST

/* --- what is told of them -------------------------------------------------------------- */

static const struct {
    const char *events; /* one a second, from second 1 on; the last makes a change */
    enum health from, to;
    int lasted, silent; /* s; -1: not told */
    enum failure_reason reason;
    const char *detail;
} stories[] = {
    {"T", HEALTH_OK, HEALTH_FAILING, 1, -1, FAILURE_TIMEOUT, "10s have passed"},
    {"GC", HEALTH_OK, HEALTH_FAILING, 2, -1, FAILURE_CONNECT, "refused"},
    {"O", HEALTH_OK, HEALTH_OVERDUE, 1, -1, FAILURE_NONE, NULL},
    {"GGO", HEALTH_OK, HEALTH_OVERDUE, 3, 1, FAILURE_NONE, NULL},
    {"TO", HEALTH_FAILING, HEALTH_OVERDUE, 1, -1, FAILURE_TIMEOUT, NULL},
    {"GTCO", HEALTH_FAILING, HEALTH_OVERDUE, 2, 3, FAILURE_CONNECT, NULL},
    {"GTGO", HEALTH_OK, HEALTH_OVERDUE, 1, 1, FAILURE_NONE, NULL},
    {"GTCTG", HEALTH_FAILING, HEALTH_OK, 3, -1, FAILURE_NONE, NULL},
    {"GTOCCG", HEALTH_OVERDUE, HEALTH_OK, 3, -1, FAILURE_NONE, NULL},
    {"OG", HEALTH_OVERDUE, HEALTH_OK, 1, -1, FAILURE_NONE, NULL},
    {"TXO", HEALTH_FAILING, HEALTH_OVERDUE, 2, -1, FAILURE_TIMEOUT, NULL},
};

START_TEST(a_change_tells_what_was_and_why)
{
    struct health_record record;
    struct health_change change;
    const char *events = stories[_i].events;
    bool changed = false;
    health_init(&record, 0);
    for (int i = 0; events[i] != '\0'; i++)
        changed = happen(&record, events[i], GRACE, (i + 1) * SECOND, &change);
    ck_assert(changed);
    ck_assert_int_eq(change.from, stories[_i].from);
    ck_assert_int_eq(change.to, stories[_i].to);
    ck_assert_int_eq(change.lasted, stories[_i].lasted * SECOND);
    ck_assert_int_eq(change.silent, stories[_i].silent < 0 ? -1 : stories[_i].silent * SECOND);
    ck_assert_int_eq(change.failure.reason, stories[_i].reason);
    if (stories[_i].detail == NULL)
        ck_assert_ptr_null(change.failure.detail);
    else
        ck_assert_str_eq(change.failure.detail, stories[_i].detail);
}
END_TEST

/* A seed is as good as another; each of them is one story. */
START_TEST(changes_make_a_chain_without_a_gap)
{
    static const char events[] = "GTCXO";
    struct health_record record;
    enum health now = HEALTH_OK;
    int64_t since = 0;
    srand((unsigned)_i);
    health_init(&record, 0);
    for (int i = 1; i < 1000; i++) {
        struct health_change change;
        char event = events[rand() % (int)strlen(events)];
        if (!happen(&record, event, _i % 2 == 0 ? GRACE : 0, i, &change))
            continue;
        ck_assert_int_eq(change.from, now);
        ck_assert_int_ne(change.to, now);
        ck_assert_int_eq(change.lasted, i - since);
        now = change.to;
        since = i;
    }
    ck_assert_int_eq(record.now, now);
    ck_assert_int_eq(record.since, since);
}
END_TEST

START_TEST(a_server_begins_as_ok)
{
    struct health_record record;
    health_init(&record, 5 * SECOND);
    ck_assert_int_eq(record.now, HEALTH_OK);
    ck_assert_int_eq(record.since, 5 * SECOND);
}
END_TEST

START_TEST(only_time_awake_uses_up_the_grace)
{
    struct health_record record;
    health_init(&record, 0);
    health_is_due(&record, 100 * SECOND);
    ck_assert_int_eq(health_grace_left(&record, GRACE, 100 * SECOND), GRACE);
    ck_assert_int_eq(health_grace_left(&record, GRACE, 120 * SECOND), 10 * SECOND);
    ck_assert_int_eq(health_grace_left(&record, GRACE, 130 * SECOND), 0);
    ck_assert_int_lt(health_grace_left(&record, GRACE, 131 * SECOND), 0);
}
END_TEST

START_TEST(the_names_are_those_of_the_manual)
{
    ck_assert_str_eq(health_name(HEALTH_OK), "ok");
    ck_assert_str_eq(health_name(HEALTH_FAILING), "failing");
    ck_assert_str_eq(health_name(HEALTH_OVERDUE), "overdue");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("health");
    TCase *tcase = tcase_create("health");
    tcase_add_loop_test(tcase, each_event_leads_where_the_manual_says, 0, COUNT_OF(transitions));
    tcase_add_loop_test(tcase, a_change_tells_what_was_and_why, 0, COUNT_OF(stories));
    tcase_add_loop_test(tcase, changes_make_a_chain_without_a_gap, 0, 20);
    tcase_add_test(tcase, a_server_begins_as_ok);
    tcase_add_test(tcase, only_time_awake_uses_up_the_grace);
    tcase_add_test(tcase, the_names_are_those_of_the_manual);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
