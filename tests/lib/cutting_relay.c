#include "cutting_relay.h"

#include "must.h"

struct wire {
    size_t passed;
    bool is_cut;
};

static struct cutting_relay *relay_of(struct duct *duct)
{
    return duct->ducts->owner;
}

static size_t left_of(struct duct *duct)
{
    const struct cutting_relay_setup *setup = &relay_of(duct)->setup;
    const struct wire *wire = duct->state;

    return setup->cuts > 0 && duct->number >= setup->cuts ? SIZE_MAX : setup->after - wire->passed;
}

static void cut(struct duct *duct)
{
    struct wire *wire = duct->state;

    wire->is_cut = true;
    switch (relay_of(duct)->setup.end) {
    case CUT_BY_FIN: duct_end_client(duct); break;
    case CUT_BY_RST: duct_reset_client(duct); break;
    case CUT_BY_SILENCE: break;
    }
}

static void pass(struct duct *duct, const char *bytes, size_t length)
{
    struct wire *wire = duct->state;
    size_t left = left_of(duct);

    if (wire->is_cut)
        return;
    if (length > left)
        length = left;
    duct_send_client(duct, bytes, length);
    wire->passed += length;
    relay_of(duct)->passed = wire->passed;
    if (length == left)
        cut(duct);
}

/* --- later --------------------------------------------------------------------- */

static void set_timer(struct cutting_relay *relay);

static void end_holding(struct cutting_relay *relay)
{
    if (relay->held.length == 0 && relay->holder_ended)
        duct_end_client(relay->holder);
}

static void on_timer(uv_timer_t *timer)
{
    struct cutting_relay *relay = timer->data;
    size_t length = relay->setup.each_ms > 0 ? 1 : relay->held.length;

    if (relay->holder == NULL || relay->held.length == 0)
        return;
    pass(relay->holder, relay->held.data, length);
    if (relay->holder == NULL)
        return;
    memmove(relay->held.data, relay->held.data + length, relay->held.length - length);
    bytes_truncate(&relay->held, relay->held.length - length);
    set_timer(relay);
    end_holding(relay);
}

static void set_timer(struct cutting_relay *relay)
{
    unsigned ms = relay->setup.each_ms > 0 ? relay->setup.each_ms : relay->setup.hold_ms;

    if (relay->held.length > 0 && !uv_is_active((uv_handle_t *)&relay->timer))
        uv_timer_start(&relay->timer, on_timer, ms, 0);
}

static void hold(struct cutting_relay *relay, struct duct *duct, const char *bytes, size_t length)
{
    if (relay->holder != NULL && relay->holder != duct)
        abort();
    relay->holder = duct;
    bytes_append(&relay->held, bytes, length);
    set_timer(relay);
}

/* --- what comes ------------------------------------------------------------------- */

static void on_accepted(struct duct *duct)
{
    const struct cutting_relay_setup *setup = &relay_of(duct)->setup;

    duct->state = must_calloc(1, sizeof(struct wire));
    duct_connect(duct);
    if (setup->at_once && left_of(duct) == 0)
        cut(duct);
}

static void on_from_client(struct duct *duct, const char *bytes, size_t length)
{
    struct wire *wire = duct->state;

    if (!wire->is_cut && left_of(duct) == 0)
        cut(duct);
    if (!wire->is_cut)
        duct_send_target(duct, bytes, length);
}

static void on_client_ended(struct duct *duct, int error)
{
    (void)error;
    duct_close(duct);
}

static void on_from_target(struct duct *duct, const char *bytes, size_t length)
{
    struct cutting_relay *relay = relay_of(duct);

    if (relay->setup.each_ms > 0 || relay->setup.hold_ms > 0)
        hold(relay, duct, bytes, length);
    else
        pass(duct, bytes, length);
}

static void on_target_ended(struct duct *duct, int error)
{
    struct cutting_relay *relay = relay_of(duct);
    const struct wire *wire = duct->state;

    if (error != UV_EOF && !wire->is_cut) {
        duct_reset_client(duct);
    } else if (relay->holder == duct) {
        relay->holder_ended = true;
        end_holding(relay);
    } else if (!wire->is_cut) {
        duct_end_client(duct);
    }
}

static void on_closed(struct duct *duct)
{
    struct cutting_relay *relay = relay_of(duct);

    if (relay->holder == duct) {
        relay->holder = NULL;
        relay->holder_ended = false;
        bytes_truncate(&relay->held, 0);
    }
    free(duct->state);
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

struct cutting_relay *cutting_relay_new(uv_loop_t *loop, const struct cutting_relay_setup *setup)
{
    struct cutting_relay *relay = must_calloc(1, sizeof(*relay));

    relay->setup = *setup;
    uv_timer_init(loop, &relay->timer);
    relay->timer.data = relay;
    ducts_init(&relay->ducts, loop, setup->target_port, &callbacks, relay);
    return relay;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct cutting_relay *relay = handle->data;

    relay->timer_closed = true;
}

void cutting_relay_free(struct cutting_relay *relay)
{
    uv_close((uv_handle_t *)&relay->timer, on_timer_closed);
    ducts_finish(&relay->ducts);
    while (!relay->timer_closed)
        uv_run(relay->timer.loop, UV_RUN_ONCE);
    bytes_finish(&relay->held);
    free(relay);
}

int cutting_relay_port(const struct cutting_relay *relay)
{
    return relay->ducts.port;
}
