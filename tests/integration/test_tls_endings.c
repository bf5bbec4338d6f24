/*
 * A connection with TLS that ends, or stops, at any place: `tls` while hands are
 * shaken, `closed` afterwards; a body that ends with the connection is whole
 * only where close_notify says so; and the next poll comes.
 */
#include "check_main.h"
#include "tls_scene.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
static const enum cutting_relay_end ends[] = {CUT_BY_FIN, CUT_BY_RST};

#define A "/a?delay=0.02"

/* Two polls fail in that way, and a third, on a wire that is not cut, is good. */
static void check_two_failures(const char *error, const char *words)
{
    scene_await_exit(1);
    tls_scene_check_failure(0, error, words);
    tls_scene_check_failure(1, error, words);
    tls_scene_check_good(2);
}

/* --- in the handshake ---------------------------------------------------------------- */

static void note_flight(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    size_t *flight = arg;

    (void)link;
    if (stage == TLS_RELAY_SHAKEN && *flight == 0)
        *flight = wire->passed;
}

/* How many bytes the server sends until the client has answered them. */
static size_t measure_flight(int version)
{
    static size_t flight;

    tls_scene_relay(
        &(struct tls_relay_setup){.version = version, .hook = note_flight, .arg = &flight});
    tls_scene_wire(&(struct cutting_relay_setup){.after = SIZE_MAX});
    tls_scene_start(1, "", A);
    scene_await_exit(0);
    cutting_relay_free(wire);
    ck_assert_uint_gt(flight, 300);
    return flight;
}

/* In quarters of the server's flight. Signatures differ by a byte or two, so the last is 8 less. */
enum { CUTS_IN_FLIGHT = 5 };

static const char *words_of(enum cutting_relay_end end)
{
    return end == CUT_BY_FIN ? "the server closed the connection in the TLS handshake"
                             : "the server broke the connection in the TLS handshake";
}

START_TEST(an_end_within_the_handshake_is_tls)
{
    int version = versions[_i % 2];
    enum cutting_relay_end end = ends[_i / 2 % 2];
    size_t quarter = (size_t)_i / 4;
    size_t flight = measure_flight(version);

    tls_scene_wire(&(struct cutting_relay_setup){
        .cuts = 2, .after = quarter < 4 ? flight * quarter / 4 : flight - 8, .end = end});
    tls_scene_start(3, "", A);
    check_two_failures("tls", words_of(end));
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 2);
}
END_TEST

/* In the header of a record, and within the second flight that TLS 1.2 has. */
static const struct place {
    int version;
    int after; /* from the first byte, or below 0 from the end of the first flight */
} places[] = {
    {TLS1_2_VERSION, 1},   {TLS1_2_VERSION, 4},   {TLS1_2_VERSION, 5},
    {TLS1_3_VERSION, 1},   {TLS1_3_VERSION, 4},   {TLS1_3_VERSION, 5},
    {TLS1_2_VERSION, -10}, {TLS1_2_VERSION, -60}, {TLS1_2_VERSION, -190},
};

START_TEST(so_is_one_within_a_record_of_it)
{
    const struct place *place = &places[_i / 2];
    size_t flight = measure_flight(place->version);

    tls_scene_wire(&(struct cutting_relay_setup){
        .cuts = 2,
        .after = place->after > 0 ? (size_t)place->after : flight + (size_t)-place->after,
        .end = ends[_i % 2]});
    tls_scene_start(3, "", A);
    check_two_failures("tls", words_of(ends[_i % 2]));
}
END_TEST

/* Where it is there before the first byte could be sent, that is what failed. */
START_TEST(so_is_one_before_it)
{
    tls_scene_relay(&(struct tls_relay_setup){0});
    tls_scene_wire(&(struct cutting_relay_setup){.cuts = 2, .at_once = true, .end = ends[_i]});
    tls_scene_start(3, "", A);
    check_two_failures("tls", "the connection");
}
END_TEST

START_TEST(a_handshake_that_hangs_ends_at_connect_timeout)
{
    int version = versions[_i % 2];
    size_t half = (size_t)_i / 2;
    size_t flight = measure_flight(version);

    tls_scene_wire(&(struct cutting_relay_setup){
        .cuts = 2, .after = flight * half / 2 - (half == 2 ? 8 : 0), .end = CUT_BY_SILENCE});
    tls_scene_start(3, "connect-timeout = 150ms\n", A);
    check_two_failures("tls", "the TLS handshake was not over within 150ms");
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

/* In TLS 1.3 the client is done before the server is. */
START_TEST(an_end_after_the_handshake_is_closed)
{
    struct ending ending = after[_i / 2];

    tls_scene_relay(&(struct tls_relay_setup){
        .version = ending.stage == TLS_RELAY_SHAKEN ? TLS1_3_VERSION : versions[_i % 2],
        .hook = end_there,
        .arg = &ending});
    tls_scene_start(3, "", A);
    check_two_failures("closed", "the ");
}
END_TEST

/* In TLS 1.2 the server is done first, and the end may come with its last bytes. */
START_TEST(an_end_with_the_handshake_is_one_of_both)
{
    struct ending ending = after[3 + _i];

    tls_scene_relay(
        &(struct tls_relay_setup){.version = TLS1_2_VERSION, .hook = end_there, .arg = &ending});
    tls_scene_start(3, "", A);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        const char *error = rig_string(scene_poll("a", i), "error");

        ck_assert(strcmp(error, "tls") == 0 || strcmp(error, "closed") == 0);
    }
    tls_scene_check_good(2);
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
    check_two_failures("closed", end == CUT_BY_FIN ? "without the close_notify of TLS"
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
    unsigned count;

    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i % 2], .tickets = 2});
    tls_scene_start(_i / 2 == 0 ? 3 : 0, courtesies[_i / 2],
                    _i / 2 == 0 ? "/a?delay=0.02" : "/a?delay=30");
    scene_await_polls("a", _i / 2 == 0 ? 3 : 1);
    if (_i / 2 == 2)
        rig_stop(rig);
    count = _i / 2 == 0 ? 3 : 1;
    rig_wait(rig, all_have_ended, &count, SCENE_LIMIT_MS);
    ck_assert_uint_eq(tls->cut_offs, 0);
    ck_assert_uint_eq(tls->farewells, count);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("tls endings");
    TCase *tests = tls_scene_case(suite, "handshake");

    tcase_add_loop_test(tests, an_end_within_the_handshake_is_tls, 0, 4 * CUTS_IN_FLIGHT);
    tcase_add_loop_test(tests, so_is_one_within_a_record_of_it, 0,
                        2 * sizeof(places) / sizeof(places[0]));
    tcase_add_loop_test(tests, so_is_one_before_it, 0, 2);
    tcase_add_loop_test(tests, a_handshake_that_hangs_ends_at_connect_timeout, 0, 6);
    tests = tls_scene_case(suite, "after");
    tcase_add_loop_test(tests, an_end_after_the_handshake_is_closed, 0, 12);
    tcase_add_loop_test(tests, an_end_with_the_handshake_is_one_of_both, 0, 3);
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
