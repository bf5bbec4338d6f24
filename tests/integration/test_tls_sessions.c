/*
 * Sessions of TLS are resumed from one connection to the next: all but the first
 * handshake are short. What a session may not do: be tried again where it went
 * wrong, or trust for longer, or another one, than the certificate did.
 */
#include "check_main.h"
#include "clock_scene.h"
#include "tls_scene.h"

#define A "/a?delay=0.02"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static size_t count_resumed(void)
{
    size_t cursor = 0;
    size_t count = 0;
    json_t *event;

    while ((event = rig_next_event(rig, &cursor, "connection", NULL)) != NULL)
        count += json_is_true(json_object_get(event, "resumed")) &&
                 strcmp(rig_string(event, "is"), "open") == 0;
    return count;
}

START_TEST(all_but_the_first_handshake_are_resumed)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .tickets = 2});
    tls_scene_start(10, "keep-alive = 0\n", A);
    scene_await_exit(0);
    ck_assert_uint_eq(tls->handshakes, 10);
    ck_assert_uint_eq(tls->resumed, 9);
    ck_assert_uint_eq(count_resumed(), 9);
}
END_TEST

START_TEST(so_they_are_where_the_server_closes)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .tickets = 1});
    tls_scene_start(5, "", A "&close=after");
    scene_await_exit(0);
    ck_assert_uint_eq(tls->handshakes, 5);
    ck_assert_uint_eq(tls->resumed, 4);
}
END_TEST

START_TEST(and_where_it_breaks_the_connection)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .tickets = 1});
    tls_scene_start(4, "", A "&reset=request");
    scene_await_exit(1);
    ck_assert_uint_eq(tls->handshakes, 4);
    ck_assert_uint_eq(tls->resumed, 3);
}
END_TEST

/* In TLS 1.2 an old ticket is good for another time. */
START_TEST(no_ticket_is_no_failure)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = TLS1_3_VERSION, .tickets = 0});
    tls_scene_start(3, "keep-alive = 0\n", A);
    scene_await_exit(0);
    ck_assert_uint_eq(tls->handshakes, 3);
    ck_assert_uint_eq(tls->resumed, 0);
    ck_assert_uint_eq(count_resumed(), 0);
}
END_TEST

static void forget_once(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    (void)arg;
    if (stage == TLS_RELAY_HELLO && link->duct->number == 2)
        tls_relay_forget_sessions(link->relay);
}

START_TEST(a_server_that_forgot_it_is_met_anew)
{
    tls_scene_relay(
        &(struct tls_relay_setup){.version = versions[_i], .tickets = 1, .hook = forget_once});
    tls_scene_start(5, "keep-alive = 0\n", A);
    scene_await_exit(0);
    ck_assert_uint_eq(tls->handshakes, 5);
    ck_assert_uint_eq(tls->resumed, 3);
}
END_TEST

/* --- a session that goes wrong -------------------------------------------------------------- */

/* How a server chokes on a hello that would resume one. */
enum choke { CHOKE_BY_RST, CHOKE_BY_FIN, CHOKE_BY_ALERT, CHOKE_BY_SILENCE };

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    const enum choke *choke = arg;
    struct tls_relay_link *link = SSL_get_app_data(ssl);
    const unsigned char *extension;
    size_t length;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &extension, &length) != 1)
        return SSL_CLIENT_HELLO_SUCCESS;
    switch (*choke) {
    case CHOKE_BY_RST: duct_reset_client(link->duct); break;
    case CHOKE_BY_FIN: duct_end_client(link->duct); break;
    case CHOKE_BY_ALERT: *alert = SSL_AD_INTERNAL_ERROR; return SSL_CLIENT_HELLO_ERROR;
    case CHOKE_BY_SILENCE: break;
    }
    return SSL_CLIENT_HELLO_RETRY;
}

/* That of the poll may come before that of the handshake. */
static const char *const limits[] = {"connect-timeout", "timeout"};

START_TEST(a_session_that_the_server_chokes_on_is_not_tried_again)
{
    enum choke choke = (enum choke)(_i / 2);
    struct bytes defaults = {0};

    tls_scene_relay(&(struct tls_relay_setup){.version = TLS1_3_VERSION, .tickets = 1});
    SSL_CTX_set_client_hello_cb(tls->ctx, on_client_hello, &choke);
    bytes_print(&defaults, "keep-alive = 0\nconnect-early = no\n%s = %dms\n", limits[_i % 2],
                (int)(400 * rig_slowness()));
    tls_scene_start(3, defaults.data, A);
    bytes_finish(&defaults);
    scene_await_exit(1);
    tls_scene_check_good(0);
    scene_failure("a", 1, choke == CHOKE_BY_SILENCE && _i % 2 == 1 ? "timeout" : "tls");
    tls_scene_check_good(2);
}
END_TEST

/* --- whom it trusts ----------------------------------------------------------------------------
 */

static bool has_failed(void *arg)
{
    size_t *index = arg;

    while (*index < rig_count_events(rig, "poll", "a")) {
        if (strcmp(rig_string(scene_poll("a", *index), "result"), "error") == 0)
            return true;
        (*index)++;
    }
    return false;
}

/* Each connection gives the next one a ticket, so that nothing else would ever end it. */
START_TEST(a_certificate_that_expires_ends_its_sessions)
{
    size_t failed = 0;
    const char *ca = certificate_make(rig, &(struct certificate_wish){.name = "ca", .is_ca = true});

    rig_set_env(rig, "SSL_CERT_FILE", ca);
    tls_scene_relay(&(struct tls_relay_setup){
        .version = versions[_i],
        .tickets = 1,
        .certificate = certificate_make(
            rig, &(struct certificate_wish){.name = "leaf",
                                            .issuer = "ca",
                                            .sans = "IP:127.0.0.1",
                                            .until_s = (int)(2 * rig_slowness())})});
    tls_scene_start(0, "keep-alive = 0\n", "/a?delay=0.1");
    rig_wait(rig, has_failed, &failed, SCENE_LIMIT_MS);
    tls_scene_check_failure(failed, "tls", "has expired");
    ck_assert_uint_gt(failed, 1);
    ck_assert_uint_eq(tls->resumed, failed - 1);
}
END_TEST

/* Of two servers at one address, one is not verified; the other one does not learn from that. */
START_TEST(a_session_of_an_unverified_handshake_is_nobody_elses)
{
    tls_scene_relay(&(struct tls_relay_setup){
        .version = versions[_i],
        .tickets = 1,
        .certificate = certificate_make(rig, &(struct certificate_wish){.name = "stranger"})});
    scene_start("[defaults]\nkeep-alive = 0\nretry = 20ms\nmin-delay = 20ms\n"
                "[server lax]\nurl = https://127.0.0.1:%d/a?delay=0.02\nverify = no\n"
                "[server strict]\nurl = https://127.0.0.1:%d/b?delay=0.02\n",
                tls_relay_port(tls), tls_relay_port(tls));
    scene_await_polls("lax", 5);
    scene_await_polls("strict", 5);
    scene_check_all_good("lax");
    for (size_t i = 0; i < 5; i++)
        scene_failure("strict", i, "tls");
    ck_assert_uint_ge(tls->resumed, 4);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 0);
}
END_TEST

/* Where the certificate was for another host, no session is left of it either. */
START_TEST(a_session_of_a_refused_handshake_is_not_resumed)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .tickets = 1});
    tls_scene_start(4, "keep-alive = 0\nserver-name = another.test\n", A);
    scene_await_exit(1);
    for (size_t i = 0; i < 4; i++)
        tls_scene_check_failure(i, "tls", "it is for another host");
    ck_assert_uint_eq(tls->resumed, 0);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 0);
}
END_TEST

/* --- the time of day -------------------------------------------------------------------- */

static void relay_with_certificates_for_long(int version)
{
    enum { MONTH_S = 30 * 86400 };
    const char *ca = certificate_make(
        rig, &(struct certificate_wish){
                 .name = "ca", .is_ca = true, .from_s = -MONTH_S, .until_s = MONTH_S});

    rig_set_env(rig, "SSL_CERT_FILE", ca);
    tls_scene_relay(&(struct tls_relay_setup){
        .version = version,
        .tickets = 1,
        .certificate = certificate_make(rig, &(struct certificate_wish){.name = "leaf",
                                                                        .issuer = "ca",
                                                                        .sans = "IP:127.0.0.1",
                                                                        .from_s = -MONTH_S,
                                                                        .until_s = MONTH_S})});
}

/* A session's age is told by the time of day: one that seems old, or from the future, is at
 * worst not resumed. */
START_TEST(setting_the_time_of_day_fails_no_handshake)
{
    int64_t day_ns = 86400 * INT64_C(1000000000);

    clock_scene_begin();
    relay_with_certificates_for_long(versions[_i % 2]);
    tls_scene_start(0, "keep-alive = 0\n", A);
    scene_await_polls("a", 3);
    clock_scene_set_wall(_i / 2 == 0 ? day_ns : -day_ns);
    scene_await_polls("a", 7);
    clock_scene_set_wall(0);
    scene_await_polls("a", 11);
    scene_check_all_good("a");
    scene_check_punctual();
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("tls sessions");
    TCase *tests = tls_scene_case(suite, "resumed");

    tcase_add_loop_test(tests, all_but_the_first_handshake_are_resumed, 0, 2);
    tcase_add_loop_test(tests, so_they_are_where_the_server_closes, 0, 2);
    tcase_add_loop_test(tests, and_where_it_breaks_the_connection, 0, 2);
    tcase_add_test(tests, no_ticket_is_no_failure);
    tcase_add_loop_test(tests, a_server_that_forgot_it_is_met_anew, 0, 2);
    tests = tls_scene_case(suite, "wrong");
    tcase_add_loop_test(tests, a_session_that_the_server_chokes_on_is_not_tried_again, 0, 8);
    tests = tls_scene_case(suite, "trust");
    tcase_add_loop_test(tests, a_certificate_that_expires_ends_its_sessions, 0, 2);
    tcase_add_loop_test(tests, a_session_of_an_unverified_handshake_is_nobody_elses, 0, 2);
    tcase_add_loop_test(tests, a_session_of_a_refused_handshake_is_not_resumed, 0, 2);
    tests = tls_scene_case(suite, "time of day");
    tcase_add_loop_test(tests, setting_the_time_of_day_fails_no_handshake, 0, 4);
    return suite;
}

CHECK_MAIN(suite())
