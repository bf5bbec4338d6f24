/*
 * What the mock server remembers: every request, by the name of its target and
 * in the order of arrival, and from that whether the client kept its promises.
 * All times are boottime_ns().
 */
#ifndef TESTS_LIB_MOCK_RECORDS_H
#define TESTS_LIB_MOCK_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct mock_request {
    const char *target;  /* name of the target; owned by the records */
    int64_t arrived_ns;  /* right after the read that brought the first byte */
    int64_t begun_ns;    /* right before the answer's first byte was written; -1: not yet */
    int64_t answered_ns; /* right before its last byte was written, or it was cut; -1: not yet */
    int64_t promised_ns; /* the delay that the answer asks for: -1 until it is written, and
                            where it is not a plain number, not a 2xx, or not complete */
    int status;          /* of the answer; 0 where it is not a generated response */
    int64_t accepted_ns; /* when its connection was */
    unsigned connection; /* serial number: 1 for the first that was accepted */
    struct bytes header; /* as received: request line to empty line */
    struct bytes body;
};

/*
 * How the requests of one client came after what they had been promised. A
 * promise begins before the last byte of the answer was written, so a client
 * that keeps it is never called early, but may seem late by the time that the
 * answer took to reach it.
 */
struct mock_punctuality {
    size_t promises;     /* requests which followed on a promise */
    size_t early;        /* how many of them came before the promised moment */
    int64_t earliest_ns; /* the least of arrival - promised moment; negative: early */
    int64_t latest_ns;   /* the most of it; both are 0 without a promise */
};

struct mock_records;

struct mock_records *mock_records_new(void);
void mock_records_free(struct mock_records *records);

/*
 * A new request of that target (copied), with every time -1 and all else zero.
 * It stays where it is until the records are freed.
 */
struct mock_request *mock_records_add(struct mock_records *records, const char *target);

size_t mock_records_count(const struct mock_records *records, const char *target);
size_t mock_records_total(const struct mock_records *records);

/* Request number index, from 0; NULL where there is none. */
const struct mock_request *mock_records_at(const struct mock_records *records, const char *target,
                                           size_t index);

/* Of one target, or with NULL of all of them together. */
struct mock_punctuality mock_records_punctuality(const struct mock_records *records,
                                                 const char *target);

#endif
