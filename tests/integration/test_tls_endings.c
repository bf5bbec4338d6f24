/*
 * A connection with TLS that ends, or stops, at any place: `tls` while hands are
 * shaken, `closed` afterwards; a body that ends with the connection is whole
 * only where close_notify says so; and the next poll comes.
 */
#include <string.h>

#include "check_main.h"
#include "tls_scene.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
static const enum cutting_relay_end ends[] = {CUT_BY_FIN, CUT_BY_RST};

#define A "/a?delay=0.02"

/* From this one on, two polls fail in that way, and the next, on a wire that is not cut, is
 * good. */
static void check_two_failures(size_t first, const char *error, const char *words)
{
    scene_await_exit(1);
    tls_scene_check_failure(first, error, words);
    tls_scene_check_failure(first + 1, error, words);
    tls_scene_check_good(first + 2);
}

/* --- in the handshake ---------------------------------------------------------------- */

/* A place in the server's flight, which is what it sends until the client answers, and in
 * what it sends after that. A signature may be a byte or two shorter. */
struct place {
    int version;
    int quarters;
    int more; /* bytes */
    size_t flight;
};

/* The first connection is for measuring, and the next two are cut. */
static void cut_flight(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    struct place *place = arg;

    if (link->duct->number > 0)
        return;
    if (stage == TLS_RELAY_SHAKEN)
        place->flight = wire->passed;
    if (stage == TLS_RELAY_RESPONSE)
        wire->setup.after =
            place->flight * (size_t)place->quarters / 4 + (size_t)(ptrdiff_t)place->more;
}

static void start_cut_in(struct place *place, enum cutting_relay_end end, const char *settings)
{
    struct bytes defaults = {0};

    tls_scene_relay(
        &(struct tls_relay_setup){.version = place->version, .hook = cut_flight, .arg = place});
    SSL_CTX_set_options(tls->ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    tls_scene_wire(&(struct cutting_relay_setup){.cuts = 3, .after = SIZE_MAX, .end = end});
    bytes_print(&defaults, "keep-alive = 0\nconnect-early = no\n%s", settings);
    tls_scene_start(4, defaults.data, A);
    bytes_finish(&defaults);
}

static const struct place places[] = {
    {TLS1_2_VERSION, 0, 0, 0},  {TLS1_2_VERSION, 0, 1, 0},  {TLS1_2_VERSION, 0, 4, 0},
    {TLS1_2_VERSION, 0, 5, 0},  {TLS1_2_VERSION, 1, 0, 0},  {TLS1_2_VERSION, 2, 0, 0},
    {TLS1_2_VERSION, 3, 0, 0},  {TLS1_2_VERSION, 4, -8, 0}, {TLS1_2_VERSION, 4, 10, 0},
    {TLS1_2_VERSION, 4, 40, 0}, {TLS1_3_VERSION, 0, 0, 0},  {TLS1_3_VERSION, 0, 1, 0},
    {TLS1_3_VERSION, 0, 4, 0},  {TLS1_3_VERSION, 0, 5, 0},  {TLS1_3_VERSION, 1, 0, 0},
    {TLS1_3_VERSION, 2, 0, 0},  {TLS1_3_VERSION, 3, 0, 0},  {TLS1_3_VERSION, 4, -20, 0},
    {TLS1_3_VERSION, 4, -8, 0},
};

START_TEST(an_end_within_the_handshake_is_tls)
{
    struct place place = places[_i / 2];

    start_cut_in(&place, ends[_i % 2], "");
    check_two_failures(1, "tls",
                       ends[_i % 2] == CUT_BY_FIN
                           ? "the server closed the connection in the TLS handshake"
                           : "the server broke the connection in the TLS handshake");
    ck_assert_uint_gt(place.flight, 300);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 2);
}
END_TEST

static const struct place hangs[] = {
    {TLS1_2_VERSION, 0, 0, 0},  {TLS1_2_VERSION, 2, 0, 0}, {TLS1_2_VERSION, 4, -8, 0},
    {TLS1_2_VERSION, 4, 40, 0}, {TLS1_3_VERSION, 0, 0, 0}, {TLS1_3_VERSION, 2, 0, 0},
    {TLS1_3_VERSION, 4, -8, 0},
};

START_TEST(a_handshake_that_hangs_ends_at_connect_timeout)
{
    struct place place = hangs[_i];
    struct bytes limit = {0};

    bytes_print(&limit, "connect-timeout = %dms\n", (int)(600 * rig_slowness()));
    start_cut_in(&place, CUT_BY_SILENCE, limit.data);
    check_two_failures(1, "tls", "the TLS handshake was not over within ");
    bytes_finish(&limit);
}
END_TEST

/* A RST may be there before the connect was told: that is then what failed. */
START_TEST(so_is_one_before_it)
{
    tls_scene_relay(&(struct tls_relay_setup){0});
    tls_scene_wire(&(struct cutting_relay_setup){.cuts = 2, .at_once = true, .end = ends[_i]});
    tls_scene_start(3, "", A);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        bool unconnected = strcmp(rig_string(scene_poll("a", i), "error"), "connect") == 0;

        if (ends[_i] == CUT_BY_RST && unconnected)
            tls_scene_check_failure(i, "connect", "connection reset by peer");
        else
            tls_scene_check_failure(i, "tls", "the connection");
    }
    tls_scene_check_good(2);
}
END_TEST

/* --- after it ------------------------------------------------------------------------- */

struct ending {
    enum tls_relay_stage stage;
    enum { FIN, FAREWELL, RST } how;
};

static void end_there(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    const struct ending *ending = arg;

    if (link->duct->number >= 2 || stage != ending->stage)
        return;
    tls_relay_flush(link);
    if (ending->how == RST) {
        duct_reset_client(link->duct);
        return;
    }
    if (ending->how == FAREWELL)
        SSL_shutdown(link->ssl);
    tls_relay_flush(link);
    duct_end_client(link->duct);
    link->swallowed = true;
}

static const struct ending after[] = {
    {TLS_RELAY_REQUEST, FIN}, {TLS_RELAY_REQUEST, FAREWELL}, {TLS_RELAY_REQUEST, RST},
    {TLS_RELAY_SHAKEN, FIN},  {TLS_RELAY_SHAKEN, FAREWELL},  {TLS_RELAY_SHAKEN, RST},
};

/* Which may come with the last bytes of the handshake, where the server is the last in it. */
START_TEST(an_end_after_the_handshake_is_closed)
{
    struct ending ending = after[_i / 2];

    tls_scene_relay(
        &(struct tls_relay_setup){.version = versions[_i % 2], .hook = end_there, .arg = &ending});
    tls_scene_start(3, "connect-early = no\n", A);
    check_two_failures(0, "closed", "the ");
}
END_TEST

/* Cuts the wire so many bytes into the response. */
static void cut_response(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    const size_t *length = arg;

    if (stage == TLS_RELAY_RESPONSE && link->duct->number < 2)
        wire->setup.after = wire->passed + *length;
    else if (stage == TLS_RELAY_HELLO)
        wire->setup.after = SIZE_MAX;
}

static const size_t lengths[] = {1, 4, 5, 6, 40, 60};

START_TEST(an_end_within_the_response_is_closed)
{
    size_t length = lengths[_i / 4];
    enum cutting_relay_end end = ends[_i % 2];

    tls_scene_relay(&(struct tls_relay_setup){
        .version = versions[_i / 2 % 2], .hook = cut_response, .arg = &length});
    tls_scene_wire(&(struct cutting_relay_setup){.cuts = 2, .after = SIZE_MAX, .end = end});
    tls_scene_start(3, "", A);
    check_two_failures(0, "closed",
                       end == CUT_BY_FIN ? "without the close_notify of TLS"
                                         : "the connection broke");
}
END_TEST

static const char *const partly[] = {"close=body", "close=header", "close=body&framing=chunked"};

START_TEST(a_short_response_is_closed_in_spite_of_close_notify)
{
    struct bytes path = {0};

    tls_scene_relay(&(struct tls_relay_setup){0});
    bytes_print(&path, A "&%s", partly[_i]);
    tls_scene_start(2, "", path.data);
    scene_await_exit(1);
    tls_scene_check_failure(0, "closed", "");
    tls_scene_check_failure(1, "closed", "");
    bytes_finish(&path);
}
END_TEST

/* --- a body that ends with the connection -------------------------------------------------- */

START_TEST(with_close_notify_it_is_whole)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i]});
    tls_scene_start(3, "", A "&framing=close");
    scene_await_exit(0);
    for (size_t i = 0; i < 3; i++)
        tls_scene_check_good(i);
}
END_TEST

START_TEST(without_it_is_cut_off)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .rude = true});
    tls_scene_start(2, "", A "&framing=close");
    scene_await_exit(1);
    tls_scene_check_failure(0, "closed", "without the close_notify of TLS");
    tls_scene_check_failure(1, "closed", "without the close_notify of TLS");
}
END_TEST

START_TEST(and_where_it_is_reset_too)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i]});
    tls_scene_start(2, "", A "&framing=close&reset=after");
    scene_await_exit(1);
    tls_scene_check_failure(0, "closed", "the connection broke");
    tls_scene_check_failure(1, "closed", "the connection broke");
}
END_TEST

/* The record of close_notify is cut in the middle. */
static void cut_farewell(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    char record[512];

    (void)arg;
    if (stage != TLS_RELAY_RESPONSE)
        return;
    tls_relay_send(link, "HTTP/1.1 200 OK\r\n\r\n0.02");
    SSL_shutdown(link->ssl);
    BIO_read(SSL_get_wbio(link->ssl), record, sizeof(record));
    duct_send_client(link->duct, record, 7);
    duct_end_client(link->duct);
}

START_TEST(half_a_close_notify_is_none)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .hook = cut_farewell});
    tls_scene_start(2, "", A);
    scene_await_exit(1);
    tls_scene_check_failure(0, "closed", "without the close_notify of TLS");
    tls_scene_check_failure(1, "closed", "without the close_notify of TLS");
}
END_TEST

START_TEST(a_whole_response_needs_no_close_notify)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .rude = true});
    tls_scene_start(3, "", A "&close=after");
    scene_await_exit(0);
    for (size_t i = 0; i < 3; i++)
        tls_scene_check_good(i);
}
END_TEST

/* --- how we end ------------------------------------------------------------------------------ */

static bool all_have_ended(void *arg)
{
    const unsigned *count = arg;

    return tls->farewells + tls->cut_offs >= *count;
}

/* With keep-alive 0, after keep-alive, and when the program stops. */
static const char *const courtesies[] = {
    "keep-alive = 0\n",
    "keep-alive = 30ms\n",
    "",
};

START_TEST(we_say_close_notify)
{
    bool counted = _i / 2 == 0;
    unsigned count = counted ? 3 : 1;

    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i % 2], .tickets = 2});
    tls_scene_start(counted ? count : 0, courtesies[_i / 2],
                    counted ? "/a?delay=0.02" : "/a?delay=30");
    scene_await_polls("a", count);
    if (counted)
        scene_await_exit(0);
    else if (_i / 2 == 2)
        rig_stop(rig);
    rig_wait(rig, all_have_ended, &count, SCENE_LIMIT_MS);
    ck_assert_uint_eq(tls->cut_offs, 0);
    ck_assert_uint_eq(tls->farewells, count);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("tls endings");
    TCase *tests = tls_scene_case(suite, "handshake");

    tcase_add_loop_test(tests, an_end_within_the_handshake_is_tls, 0,
                        2 * sizeof(places) / sizeof(places[0]));
    tcase_add_loop_test(tests, so_is_one_before_it, 0, 2);
    tcase_add_loop_test(tests, a_handshake_that_hangs_ends_at_connect_timeout, 0,
                        sizeof(hangs) / sizeof(hangs[0]));
    tests = tls_scene_case(suite, "after");
    tcase_add_loop_test(tests, an_end_after_the_handshake_is_closed, 0, 12);
    tcase_add_loop_test(tests, an_end_within_the_response_is_closed, 0, 24);
    tcase_add_loop_test(tests, a_short_response_is_closed_in_spite_of_close_notify, 0, 3);
    tests = tls_scene_case(suite, "until the end");
    tcase_add_loop_test(tests, with_close_notify_it_is_whole, 0, 2);
    tcase_add_loop_test(tests, without_it_is_cut_off, 0, 2);
    tcase_add_loop_test(tests, and_where_it_is_reset_too, 0, 2);
    tcase_add_loop_test(tests, half_a_close_notify_is_none, 0, 2);
    tcase_add_loop_test(tests, a_whole_response_needs_no_close_notify, 0, 2);
    tests = tls_scene_case(suite, "farewell");
    tcase_add_loop_test(tests, we_say_close_notify, 0, 6);
    return suite;
}

CHECK_MAIN(suite())
