/*
 * What a request's URL asks the mock server to do. The query is `key=value`
 * pairs joined with `&`; values are percent-decoded (`+` stays `+`). A list is
 * split at its commas before that, so %2C is a comma within an item. The k-th
 * request of a target takes the k-th item, and the last item repeats.
 *
 *   delay=TEXT,...      the body, followed by a newline (default: 1)
 *   pad=N               N spaces before it
 *   status=N,...        100 to 999 (default: 200)
 *   retry-after=TEXT    adds that header
 *   header=NAME: VALUE  adds a header; may be repeated
 *   location=TEXT,...   adds a Location
 *   location-pad=N      N times `x` behind it
 *   framing=HOW         length (default), chunked, or close: until the close
 *   connection=close    says so, and closes after the response
 *   slow=MS             wait before the answer's first byte
 *   trickle=MS          one byte of the answer each MS
 *   silent              never answer
 *   close=STAGE,...     close the connection there (FIN)
 *   reset=STAGE,...     the same with a RST
 *   idle-ms=MS          when STAGE idle is, and when late-extra is sent
 *   raw=BYTES           instead of a generated response; the connection stays
 *                       open, unless a STAGE says otherwise
 *   garbage             the same with 256 bytes that are no HTTP
 *   extra=BYTES         in the same write, right after the response
 *   late-extra=BYTES    unasked for, when the connection was idle for idle-ms
 *   endless=PART        4 MiB of header, interim (responses), body,
 *                       chunk-extension or trailer, as fast as they are read,
 *                       then a close; with framing=length the Content-Length
 *                       of an endless body is 1 TiB
 *   promise=TEXT,...    the seconds that the mock takes for promised where
 *                       they are not the body (see mock_request)
 *
 * STAGE: `request` (it arrived; nothing is answered), `header` and `body` (in
 * the middle of them), `after` (right after the response), `idle` (idle-ms
 * after the response, if no further request came until then), `never`.
 */
#ifndef TESTS_LIB_MOCK_BEHAVIOUR_H
#define TESTS_LIB_MOCK_BEHAVIOUR_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

enum mock_stage {
    MOCK_NEVER,
    MOCK_AT_REQUEST,
    MOCK_AT_HEADER,
    MOCK_AT_BODY,
    MOCK_AT_AFTER,
    MOCK_AT_IDLE,
};

enum mock_framing {
    MOCK_LENGTH,
    MOCK_CHUNKED,
    MOCK_UNTIL_CLOSE,
};

enum mock_endless {
    MOCK_FINITE,
    MOCK_ENDLESS_HEADER,
    MOCK_ENDLESS_INTERIM,
    MOCK_ENDLESS_BODY,
    MOCK_ENDLESS_CHUNK_EXTENSION,
    MOCK_ENDLESS_TRAILER,
};

struct bytes_list {
    struct bytes *items;
    size_t count;
};

struct mock_behaviour {
    struct bytes_list delays;
    struct bytes_list statuses; /* checked: each is three digits */
    struct bytes_list promises;
    struct bytes_list locations;
    struct bytes_list headers;
    struct bytes_list closes; /* checked: each is a stage; see mock_stage_at() */
    struct bytes_list resets;
    struct bytes retry_after; /* this and the next three: data is NULL where not given */
    struct bytes raw;
    struct bytes extra;
    struct bytes late_extra;
    unsigned pad;
    unsigned location_pad;
    unsigned slow_ms;
    unsigned trickle_ms; /* 0: all at once */
    unsigned idle_ms;
    bool silent;
    bool garbage;
    bool connection_close;
    enum mock_framing framing;
    enum mock_endless endless;
    char complaint[200]; /* a sentence, where the query is wrong */
};

/*
 * Reads the query (without its `?`; may be empty). Where it is wrong, returns
 * false with nothing but the complaint set. mock_behaviour_finish() is due in
 * both cases.
 */
bool mock_behaviour_parse(struct mock_behaviour *behaviour, const char *query);
void mock_behaviour_finish(struct mock_behaviour *behaviour);

/* The stage for request number index; MOCK_NEVER where the list is empty. */
enum mock_stage mock_stage_at(const struct bytes_list *list, size_t index);

/* The item for request number index (from 0), or NULL where the list is empty. */
const struct bytes *bytes_list_at(const struct bytes_list *list, size_t index);

#endif
