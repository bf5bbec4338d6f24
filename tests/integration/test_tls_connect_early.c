/*
 * What can become of a connection with TLS that was opened before the request
 * is due: whatever goes wrong before is nobody's failure, and what comes before
 * is no answer.
 */
#include <signal.h>
#include <string.h>

#include "boottime.h"
#include "check_main.h"
#include "distant_relay.h"
#include "tls_scene.h"

static const int64_t MS = 1000000;

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* Connection number 0 takes so long that number 1 is begun at least 0.2 s before. */
enum { FIRST_ROUND_TRIP_MS = 66, DELAY_MS = 400 };

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" body

enum deed { BY_FIN, BY_RST, BY_BYTES, BY_SILENCE };

/* What the server does on connection number 1, and when. */
static struct {
    enum tls_relay_stage stage;
    enum deed deed;
    struct tls_relay_link *link; /* of that one, once it is there */
} plan;

static struct distant_relay *far;

static void setup(void)
{
    memset(&plan, 0, sizeof(plan));
    plan.stage = (enum tls_relay_stage) - 1;
    far = NULL;
}

static void teardown(void)
{
    if (rig_is_running(rig))
        rig_stop(rig);
    if (far != NULL)
        distant_relay_free(far);
}

static void act(struct tls_relay_link *link)
{
    switch (plan.deed) {
    case BY_FIN: duct_end_client(link->duct); break;
    case BY_RST: duct_reset_client(link->duct); break;
    case BY_BYTES: tls_relay_send(link, OK("999")); break;
    case BY_SILENCE: break; /* see on_client_hello() */
    }
}

static void on_stage(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    (void)arg;
    if (link->duct->number != 1)
        return;
    plan.link = link;
    if (stage == plan.stage)
        act(link);
}

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    struct tls_relay_link *link = SSL_get_app_data(ssl);

    (void)alert;
    (void)arg;
    return link->duct->number == 1 && plan.stage == TLS_RELAY_HELLO && plan.deed == BY_SILENCE
               ? SSL_CLIENT_HELLO_RETRY
               : SSL_CLIENT_HELLO_SUCCESS;
}

/* From the second connection on the way is another one. */
static void start(int version, const char *settings, unsigned round_trip_ms)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = version, .tickets = 1, .hook = on_stage});
    SSL_CTX_set_client_hello_cb(tls->ctx, on_client_hello, NULL);
    far = distant_relay_new(rig_loop(rig), tls_relay_port(tls), FIRST_ROUND_TRIP_MS);
    scene_start("[defaults]\nkeep-alive = 0\n%s"
                "[servers]\na = https://127.0.0.1:%d/a?delay=0.%d,60\n",
                settings, distant_relay_port(far), DELAY_MS);
    scene_await_polls("a", 1);
    far->round_trip_ms = round_trip_ms;
}

static void check_good(unsigned connections)
{
    scene_await_polls("a", 2);
    scene_check_all_good("a");
    scene_check_punctual();
    ck_assert_int_eq(scene_ns(scene_poll("a", 1), "delay"), 60000 * MS);
    ck_assert_uint_eq(far->ducts.count, connections);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 2);
}

/* --- before the request is due ---------------------------------------------------------------- */

START_TEST(all_goes_well)
{
    start(versions[_i], "", 0);
    check_good(2);
}
END_TEST

static const struct {
    enum tls_relay_stage stage;
    enum deed deed;
} deeds[] = {
    {TLS_RELAY_HELLO, BY_FIN},  {TLS_RELAY_HELLO, BY_RST},    {TLS_RELAY_SHAKEN, BY_FIN},
    {TLS_RELAY_SHAKEN, BY_RST}, {TLS_RELAY_SHAKEN, BY_BYTES},
};

enum { DEEDS = sizeof(deeds) / sizeof(deeds[0]) };

START_TEST(what_ends_before_is_replaced)
{
    plan.stage = deeds[_i / 2].stage;
    plan.deed = deeds[_i / 2].deed;
    start(versions[_i % 2], "", 0);
    check_good(3);
}
END_TEST

/* --- at that very moment ------------------------------------------------------------------------
 */

/* The program wakes up to find the request due, and something that it has not read yet. */
static void sleep_past_due(void (*meanwhile)(void))
{
    int64_t due = scene_request("a", 0)->answered_ns + DELAY_MS * MS;

    scene_await_connections("open", 2);
    rig_signal(rig, SIGSTOP);
    rig_pass(rig, (unsigned)((due - boottime_ns()) / MS) + 50);
    meanwhile();
    rig_pass(rig, 20);
    rig_signal(rig, SIGCONT);
}

static void send_ticket(void)
{
    ck_assert_int_eq(SSL_new_session_ticket(plan.link->ssl), 1);
    SSL_do_handshake(plan.link->ssl);
    tls_relay_flush(plan.link);
}

START_TEST(a_ticket_that_comes_then_is_no_reason_to_be_late)
{
    start(TLS1_3_VERSION, "", 0);
    sleep_past_due(send_ticket);
    check_good(2);
}
END_TEST

static void act_now(void)
{
    act(plan.link);
}

START_TEST(what_else_comes_then_is_no_answer)
{
    static const enum deed kinds[] = {BY_FIN, BY_RST, BY_BYTES, BY_BYTES};

    plan.deed = kinds[_i];
    start(versions[_i % 2], "", 0);
    sleep_past_due(act_now);
    check_good(3);
}
END_TEST

/* --- after that ----------------------------------------------------------------------------------
 */

START_TEST(what_is_still_under_way_is_waited_for)
{
    start(versions[_i], "", 250);
    check_good(2);
}
END_TEST

START_TEST(and_replaced_where_it_fails)
{
    plan.stage = TLS_RELAY_HELLO;
    plan.deed = _i / 2 == 0 ? BY_FIN : BY_RST;
    start(versions[_i % 2], "", 250);
    check_good(3);
}
END_TEST

/* As a fresh one would, from when the request was due. */
START_TEST(but_where_it_hangs_it_fails_at_connect_timeout)
{
    plan.stage = TLS_RELAY_HELLO;
    plan.deed = BY_SILENCE;
    start(versions[_i], "connect-timeout = 500ms\nretry = 60s\n", 0);
    scene_await_polls("a", 2);
    tls_scene_check_failure(1, "tls", "the TLS handshake was not over within 500ms");
    ck_assert_int_ge(scene_ns(scene_poll("a", 1), "took"), 500 * MS);
    ck_assert_uint_eq(far->ducts.count, 2);
}
END_TEST

/* --- the stop
 * ------------------------------------------------------------------------------------- */

START_TEST(a_stop_meanwhile_is_clean)
{
    static const char *const states[] = {"connecting", "handshaking", "open"};

    start(TLS1_3_VERSION, "", 50);
    scene_await_connections(states[_i], 2);
    rig_signal(rig, SIGTERM);
    scene_await_exit(0);
    ck_assert_str_eq(rig_stderr(rig), "");
    ck_assert_int_eq((int)rig_number(rig_event(rig, "stop", NULL, 0), "polls"), 1);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 1);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tls_scene_case(suite, name);

    tcase_add_checked_fixture(tests, setup, teardown);
    return tests;
}

static Suite *suite(void)
{
    Suite *suite = suite_create("tls connect-early");
    TCase *tests = add_case(suite, "before");

    tcase_add_loop_test(tests, all_goes_well, 0, 2);
    tcase_add_loop_test(tests, what_ends_before_is_replaced, 0, 2 * DEEDS);
    tests = add_case(suite, "then");
    tcase_add_test(tests, a_ticket_that_comes_then_is_no_reason_to_be_late);
    tcase_add_loop_test(tests, what_else_comes_then_is_no_answer, 0, 4);
    tests = add_case(suite, "after");
    tcase_add_loop_test(tests, what_is_still_under_way_is_waited_for, 0, 2);
    tcase_add_loop_test(tests, and_replaced_where_it_fails, 0, 4);
    tcase_add_loop_test(tests, but_where_it_hangs_it_fails_at_connect_timeout, 0, 2);
    tests = add_case(suite, "stop");
    tcase_add_loop_test(tests, a_stop_meanwhile_is_clean, 0, 3);
    return suite;
}

CHECK_MAIN(suite())
