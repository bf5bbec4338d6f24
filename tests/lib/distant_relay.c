#include "distant_relay.h"

#include "boottime.h"
#include "must.h"

/* What is under way: bytes, or without any an end. */
struct distant_item {
    uv_timer_t timer;
    struct distant_relay *relay;
    struct duct *duct; /* NULL: gone meanwhile */
    struct distant_item *next;
    bool to_client;
    bool is_answer;
    int64_t came_ns;
    int end; /* UV_EOF, or libuv's error */
    size_t length;
    char bytes[];
};

struct distance {
    struct distant_item *first;
    uint64_t due[2]; /* ms on the loop's clock: nothing that comes later may be there before */
};

static void forget(struct distant_item *item)
{
    struct distance *distance = item->duct->state;
    struct distant_item **place = &distance->first;

    while (*place != item)
        place = &(*place)->next;
    *place = item->next;
    item->duct = NULL;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct distant_item *item = handle->data;

    item->relay->pending--;
    free(item);
}

static void end_there(struct distant_item *item, struct duct *duct)
{
    if (!item->to_client)
        duct_close(duct);
    else if (item->end == UV_EOF)
        duct_end_client(duct);
    else
        duct_reset_client(duct);
}

static void pass_on(struct distant_item *item, struct duct *duct)
{
    struct distant_relay *relay = item->relay;

    if (item->is_answer)
        relay->answered_ns = boottime_ns();
    if (item->to_client) {
        duct_send_client(duct, item->bytes, item->length);
    } else {
        relay->came_ns = item->came_ns;
        duct_send_target(duct, item->bytes, item->length);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct distant_item *item = timer->data;
    struct duct *duct = item->duct;

    forget(item);
    if (item->length > 0)
        pass_on(item, duct);
    else
        end_there(item, duct);
    uv_close((uv_handle_t *)timer, on_timer_closed);
}

static struct distant_item *send_off(struct duct *duct, bool to_client, const char *bytes,
                                     size_t length)
{
    struct distant_relay *relay = duct->ducts->owner;
    struct distance *distance = duct->state;
    struct distant_item *item = must_calloc(1, sizeof(*item) + length);
    uv_loop_t *loop = relay->ducts.listener.loop;
    uint64_t takes = relay->round_trip_ms / 2;

    item->came_ns = boottime_ns();
    if (!to_client && distance->due[to_client] == 0)
        takes += relay->round_trip_ms;
    uv_update_time(loop);
    if (uv_now(loop) + takes > distance->due[to_client])
        distance->due[to_client] = uv_now(loop) + takes;
    item->relay = relay;
    item->duct = duct;
    item->to_client = to_client;
    item->length = length;
    if (length > 0)
        memcpy(item->bytes, bytes, length);
    item->next = distance->first;
    distance->first = item;
    uv_timer_init(loop, &item->timer);
    item->timer.data = item;
    uv_timer_start(&item->timer, on_timer, distance->due[to_client] - uv_now(loop), 0);
    relay->pending++;
    return item;
}

/* --- what comes ------------------------------------------------------------------- */

static void on_accepted(struct duct *duct)
{
    duct->state = must_calloc(1, sizeof(struct distance));
    duct_connect(duct);
}

static void on_from_client(struct duct *duct, const char *bytes, size_t length)
{
    send_off(duct, false, bytes, length);
}

static void on_client_ended(struct duct *duct, int error)
{
    send_off(duct, false, NULL, 0)->end = error;
}

static void on_from_target(struct duct *duct, const char *bytes, size_t length)
{
    struct distant_relay *relay = duct->ducts->owner;
    struct distant_item *item = send_off(duct, true, bytes, length);

    item->is_answer = relay->answer_awaited;
    relay->answer_awaited = false;
}

static void on_target_ended(struct duct *duct, int error)
{
    send_off(duct, true, NULL, 0)->end = error;
}

static void on_closed(struct duct *duct)
{
    struct distance *distance = duct->state;

    while (distance->first != NULL) {
        struct distant_item *item = distance->first;

        forget(item);
        uv_close((uv_handle_t *)&item->timer, on_timer_closed);
    }
    free(distance);
}

static const struct duct_callbacks callbacks = {
    .accepted = on_accepted,
    .from_client = on_from_client,
    .client_ended = on_client_ended,
    .from_target = on_from_target,
    .target_ended = on_target_ended,
    .closed = on_closed,
};

/* --- beginning and end ---------------------------------------------------------------- */

struct distant_relay *distant_relay_new(uv_loop_t *loop, int target_port, unsigned round_trip_ms)
{
    struct distant_relay *relay = must_calloc(1, sizeof(*relay));

    relay->round_trip_ms = round_trip_ms;
    ducts_init(&relay->ducts, loop, target_port, &callbacks, relay);
    return relay;
}

void distant_relay_free(struct distant_relay *relay)
{
    uv_loop_t *loop = relay->ducts.listener.loop;

    ducts_finish(&relay->ducts);
    while (relay->pending > 0)
        uv_run(loop, UV_RUN_ONCE);
    free(relay);
}

int distant_relay_port(const struct distant_relay *relay)
{
    return relay->ducts.port;
}
