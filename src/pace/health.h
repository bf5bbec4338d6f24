/* How a server is: ok, failing, or overdue, and the changes between them. Pure: the
 * clocks come in as arguments. All moments and spans are nanoseconds.
 *
 * A good poll makes a server ok, a failed one makes it failing. It is overdue when it
 * was due, and `overdue-after` has passed without a good poll, whatever stood in the
 * way. Time in which the machine slept does not count for that: nobody was asked. */
#ifndef AIOPOLL_HEALTH_H
#define AIOPOLL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "http/failure.h"

enum health { HEALTH_OK, HEALTH_FAILING, HEALTH_OVERDUE };

/* As in the documentation: "ok", "failing", "overdue". */
const char *health_name(enum health health);

struct health_record {
    enum health now;
    enum failure_reason reason; /* of the last failure since the last good poll, or NONE */
    int64_t since;              /* when it came to be so */
    int64_t last_good;          /* when the last good poll ended; -1: there was none */
    int64_t due_awake;          /* when it was due, on the clock of clock_awake() */
};

/* Valid as long as the failure's detail is. */
struct health_change {
    enum health from, to;
    int64_t lasted;         /* how long it was `from` */
    int64_t silent;         /* to HEALTH_OVERDUE: time since the last good poll; else, or -1 */
    struct failure failure; /* that is the cause or the last one; detail NULL: not known now */
};

void health_init(struct health_record *record, int64_t now);

/* The request that was promised leaves, `awake` by clock_awake(). */
void health_is_due(struct health_record *record, int64_t awake);

/* How much of `grace` is left; 0 or less: nothing. */
int64_t health_grace_left(const struct health_record *record, int64_t grace, int64_t awake);

/* A poll is over. Returns whether that changes how the server is; then it fills `change`.
 * Without grace, a failure makes it overdue at once. A poll that was canceled says nothing. */
bool health_polled(struct health_record *record, const struct failure *failure, int64_t grace,
                   int64_t now, struct health_change *change);

/* The same when the grace is over. */
bool health_grace_over(struct health_record *record, int64_t now, struct health_change *change);

#endif
