#include "http/conn_attempt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "http/happy_eyeballs.h"

/* How long a silent resolver is waited for where an address is known that works; as long
 * as RFC 8767 section 5 would have a resolver wait before it serves stale data. */
#define RESOLVER_PATIENCE (1800 * MILLISECOND)

struct conn_attempt {
    struct conn *conn;
    struct wakeup limit;
    /* While it waits for a descriptor, what is left until or has passed since then. */
    int64_t deadline, started;
    struct candidates candidates;
    struct happy_eyeballs *race; /* from CONN_CONNECTING on: while waiting there are many of us */
};

void conn_attempt_drop(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    if (attempt == NULL)
        return;
    if (attempt->race != NULL)
        happy_eyeballs_close(attempt->race);
    free(attempt->race);
    candidates_close(&attempt->candidates);
    wakeup_cancel(conn->env->wakeups, &attempt->limit);
    free(attempt);
    conn->attempt = NULL;
}

/* --- connect --------------------------------------------------------------------- */

static void end_connecting(struct conn *conn, int error)
{
    const struct happy_eyeballs *race = conn->attempt->race;
    char address[ADDRESS_TEXT_SIZE], more[64] = "";
    if (race->tried > 1)
        snprintf(more, sizeof more, " (the last of %zu addresses tried)", race->tried);
    const union address *last =
        race->running > 0 ? &race->runners[race->running - 1].address : &race->failed;
    conn_end(conn, FAILURE_CONNECT, error, "%s%s: %s", address_text(last, address), more,
             uv_strerror(error));
}

static void on_decided(void *owner, struct stream *stream, const union address *address)
{
    struct conn *conn = owner;
    if (stream == NULL) {
        end_connecting(conn, conn->attempt->race->error);
        return;
    }
    conn->stale_address =
        conn->attempt->candidates.stale && address_equal(address, &conn->known.address);
    conn->address = *address;
    conn_connected(conn, stream);
}

static void end_unix(struct conn *conn, int error)
{
    conn_end(conn, FAILURE_CONNECT, error, "%s: %s", conn->target.settings->unix_socket,
             uv_strerror(error));
}

static void on_unix_connected(struct stream *stream, int status)
{
    struct conn *conn = stream->owner;
    if (status == 0)
        conn_connected(conn, stream);
    else
        end_unix(conn, status);
}

static const struct stream_callbacks unix_callbacks = {.connected = on_unix_connected};

static void on_out_of_memory(struct wakeup *wakeup)
{
    conn_end(container_of(wakeup, struct conn_attempt, limit)->conn, FAILURE_CONNECT, UV_ENOMEM,
             "memory is short");
}

static bool is_unix(const struct conn *conn)
{
    return conn->target.settings->unix_socket != NULL && !conn->target.foreign;
}

static int connect_to_unix(struct conn *conn)
{
    return stream_connect_unix(&conn->stream, conn->env->loop, conn->target.settings->unix_socket,
                               conn->env->read_buffer, &unix_callbacks, conn);
}

static int start_race(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    attempt->race = malloc(sizeof *attempt->race);
    if (attempt->race == NULL)
        return UV_ENOMEM;
    happy_eyeballs_start(attempt->race, conn->env, &attempt->candidates, attempt->deadline,
                         on_decided, conn);
    return 0;
}

/* A descriptor is there, and so is an address. */
static void start_connecting(struct conn *conn)
{
    conn_set_state(conn, CONN_CONNECTING);
    if ((is_unix(conn) ? connect_to_unix(conn) : start_race(conn)) != 0)
        wakeup_set(conn->env->wakeups, &conn->attempt->limit, 0, on_out_of_memory);
}

static void on_limit(struct wakeup *wakeup);

/* While it waits for a descriptor, its time stands still. */
static void on_granted(struct slot *slot)
{
    struct conn *conn = container_of(slot, struct conn, slot);
    struct conn_attempt *attempt = conn->attempt;
    int64_t now = clock_now();
    attempt->deadline += now;
    attempt->started += now;
    wakeup_set(conn->env->wakeups, &attempt->limit, attempt->deadline, on_limit);
    conn->callbacks->waiting(conn, false);
    start_connecting(conn);
}

static void wait_for_slot(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    int64_t now = clock_now();
    wakeup_cancel(conn->env->wakeups, &attempt->limit);
    attempt->deadline -= now;
    attempt->started -= now;
    conn_set_state(conn, CONN_WAITING);
    conn->callbacks->waiting(conn, true);
}

/* Returns 0, or UV_EMFILE where there is none for an early one. */
static int take_slot(struct conn *conn)
{
    struct slots *slots = &conn->env->slots;
    if (conn->target.early && !slot_take_early(slots, &conn->slot))
        return UV_EMFILE;
    if (conn->target.early || slot_take(slots, &conn->slot))
        start_connecting(conn);
    else
        wait_for_slot(conn);
    return 0;
}

static void on_reclaim(struct slot *slot)
{
    conn_end(container_of(slot, struct conn, slot), FAILURE_CANCELED, UV_ECANCELED,
             "its descriptor was needed elsewhere");
}

const struct slots_callbacks conn_slots_callbacks = {on_granted, on_reclaim};

/* --- names ----------------------------------------------------------------------- */

static void on_look_up_limit(struct conn *conn)
{
    char limit[DURATION_SIZE];
    conn_end(conn, FAILURE_DNS, UV_ETIMEDOUT, "%s: no answer from the resolver within %s",
             conn->attempt->candidates.host,
             duration_text(limit, conn->target.settings->connect_timeout));
}

static void take_slot_or_end(struct conn *conn)
{
    int error = take_slot(conn);
    if (error != 0)
        conn_end(conn, FAILURE_CANCELED, error, "descriptors are short");
}

static void on_answer(struct conn *conn)
{
    const struct candidates *candidates = &conn->attempt->candidates;
    int status = candidates_status(candidates);

    if (candidates_left(candidates) == 0 && !candidates_pending(candidates))
        conn_end(conn, FAILURE_DNS, status, "%s: %s", candidates->host, ares_strerror(status));
    else if (candidates_left(candidates) > 0 && clock_now() < conn->attempt->deadline)
        take_slot_or_end(conn);
    else if (candidates_left(candidates) > 0)
        on_look_up_limit(conn);
}

static void on_candidates(void *owner)
{
    struct conn *conn = owner;
    if (conn->state == CONN_RESOLVING)
        on_answer(conn);
    else if (conn->state == CONN_CONNECTING && conn->attempt->race != NULL)
        happy_eyeballs_go_on(conn->attempt->race);
}

static void on_limit(struct wakeup *wakeup)
{
    struct conn_attempt *attempt = container_of(wakeup, struct conn_attempt, limit);
    struct conn *conn = attempt->conn;
    char limit[DURATION_SIZE];

    duration_text(limit, conn->target.settings->connect_timeout);
    if (conn->state == CONN_RESOLVING)
        on_look_up_limit(conn);
    else if (conn->state == CONN_HANDSHAKING)
        conn_end(conn, FAILURE_TLS, UV_ETIMEDOUT, "the TLS handshake was not over within %s",
                 limit);
    else if (is_unix(conn))
        end_unix(conn, UV_ETIMEDOUT);
    else
        end_connecting(conn, UV_ETIMEDOUT);
}

static int start_resolving(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    const struct server_settings *settings = conn->target.settings;
    int64_t patience = settings->connect_timeout / 2;
    if (patience > RESOLVER_PATIENCE)
        patience = RESOLVER_PATIENCE;
    return candidates_start(&attempt->candidates, conn->env, conn->target.url,
                            (enum address_family)settings->address_family, &conn->known, patience,
                            on_candidates, conn);
}

int conn_attempt_start(struct conn *conn)
{
    struct conn_attempt *attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL)
        return UV_ENOMEM;
    conn->attempt = attempt;
    attempt->conn = conn;
    attempt->started = clock_now();
    attempt->deadline = attempt->started + conn->target.settings->connect_timeout;
    wakeup_set(conn->env->wakeups, &attempt->limit, attempt->deadline, on_limit);

    int error = is_unix(conn) ? 0 : start_resolving(conn);
    if (error == 0 && (is_unix(conn) || attempt->candidates.ready))
        error = take_slot(conn);
    else if (error == 0)
        conn_set_state(conn, CONN_RESOLVING);
    if (error != 0)
        conn_close(conn);
    return error;
}

int64_t conn_attempt_took(const struct conn *conn)
{
    return clock_now() - conn->attempt->started;
}

void conn_claim(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    conn->target.early = false;
    slot_claim(&conn->env->slots, &conn->slot);
    attempt->deadline = clock_now() + conn->target.settings->connect_timeout;
    wakeup_set(conn->env->wakeups, &attempt->limit, attempt->deadline, on_limit);
}
