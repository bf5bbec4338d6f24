/*
 * The bytes of TLS come in any pieces; and what comes before the request, even
 * the beginning of a record, is no answer to it.
 */
#include <openssl/bio.h>

#include "check_main.h"
#include "tls_scene.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

#define A        "/a?delay=0.02"
#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" body

/* --- how the bytes come ----------------------------------------------------------------- */

START_TEST(byte_by_byte_works)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .tickets = 1});
    tls_scene_wire(&(struct cutting_relay_setup){.after = SIZE_MAX, .each_ms = 1});
    tls_scene_start(2, "keep-alive = 0\nconnect-timeout = 10s\ntimeout = 20s\n", A);
    scene_await_exit(0);
    tls_scene_check_good(0);
    tls_scene_check_good(1);
    ck_assert_uint_eq(tls->resumed, 1);
}
END_TEST

START_TEST(all_at_once_works)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .tickets = 4});
    tls_scene_wire(&(struct cutting_relay_setup){.after = SIZE_MAX, .hold_ms = 30});
    tls_scene_start(2, "keep-alive = 0\n", A);
    scene_await_exit(0);
    tls_scene_check_good(0);
    tls_scene_check_good(1);
    ck_assert_uint_eq(tls->resumed, 1);
}
END_TEST

START_TEST(so_do_many_records)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i]});
    tls_scene_start(2, "", A "&pad=60000");
    scene_await_exit(0);
    tls_scene_check_good(1);
    tls_scene_start(2, "", A "&trickle=1");
    scene_await_exit(0);
    tls_scene_check_good(1);
}
END_TEST

/* --- too early ------------------------------------------------------------------------------ */

static void answer_early(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    const int *version = arg;

    if (stage == TLS_RELAY_HELLO && *version == TLS1_3_VERSION)
        link->early = OK("999");
    else if (stage == TLS_RELAY_SHAKEN && *version == TLS1_2_VERSION)
        tls_relay_send(link, OK("999"));
}

START_TEST(an_answer_that_comes_with_the_handshake_is_none)
{
    int version = versions[_i];

    tls_scene_relay(
        &(struct tls_relay_setup){.version = version, .hook = answer_early, .arg = &version});
    tls_scene_start(1, "", A);
    scene_await_exit(1);
    tls_scene_check_failure(0, "protocol", "the server answered before it was asked");
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 0);
}
END_TEST

/* Records of TLS that OpenSSL has made, and that are sent in two parts. */
struct parts {
    char bytes[4096];
    int length;
    int sent;
};

static void make_parts(struct parts *parts, struct tls_relay_link *link, const char *text)
{
    tls_relay_flush(link);
    SSL_write(link->ssl, text, (int)strlen(text));
    parts->length = BIO_read(SSL_get_wbio(link->ssl), parts->bytes, sizeof(parts->bytes));
    parts->sent = 0;
}

static void send_part(struct parts *parts, struct tls_relay_link *link, int length)
{
    tls_relay_send_raw(link, parts->bytes + parts->sent, (size_t)length);
    parts->sent += length;
}

/* Its record begins behind the handshake, and goes on behind the request. */
static void answer_partly_early(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    struct parts *parts = arg;

    if (stage == TLS_RELAY_SHAKEN) {
        char flight[4096];
        int length = BIO_read(SSL_get_wbio(link->ssl), flight, sizeof(flight));

        SSL_write(link->ssl, OK("999"), sizeof(OK("999")) - 1);
        parts->length = BIO_read(SSL_get_wbio(link->ssl), parts->bytes, sizeof(parts->bytes));
        BIO_write(SSL_get_wbio(link->ssl), flight, length);
        BIO_write(SSL_get_wbio(link->ssl), parts->bytes, 20);
    } else if (stage == TLS_RELAY_REQUEST) {
        link->swallowed = true;
        parts->sent = 20;
        send_part(parts, link, parts->length - 20);
    }
}

START_TEST(nor_is_one_whose_record_began_there)
{
    struct parts parts;

    tls_scene_relay(&(struct tls_relay_setup){
        .version = TLS1_2_VERSION, .hook = answer_partly_early, .arg = &parts});
    tls_scene_start(1, "connect-timeout = 300ms\n", A);
    scene_await_exit(1);
    tls_scene_check_failure(0, "tls", "the TLS handshake was not over within 300ms");
}
END_TEST

/* A redirect, and in another record behind it the answer to the request that it leads to. */
static void answer_both(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    (void)arg;
    if (stage != TLS_RELAY_REQUEST || link->duct->number > 0)
        return;
    link->swallowed = true;
    SSL_write(link->ssl,
              "HTTP/1.1 302 Found\r\nLocation: /b?delay=0.02\r\nContent-Length: 0\r\n\r\n", 66);
    SSL_write(link->ssl, OK("999"), sizeof(OK("999")) - 1);
}

START_TEST(what_follows_a_redirect_is_not_the_next_answer)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = versions[_i], .hook = answer_both});
    tls_scene_start(1, "", A);
    scene_await_exit(0);
    tls_scene_check_good(0);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 1);
    ck_assert_uint_eq(tls->ducts.count, 2);
}
END_TEST

/* The beginning of a record, right behind the first answer; the rest behind the next request. */
static void answer_with_more(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    struct parts *parts = arg;

    if (link->duct->number > 0 || stage != TLS_RELAY_REQUEST)
        return;
    link->swallowed = true;
    if (link->requests == 0) {
        tls_relay_send(link, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n0.02");
        make_parts(parts, link, OK("999"));
        send_part(parts, link, 20);
    } else {
        send_part(parts, link, parts->length - 20);
    }
}

START_TEST(a_record_that_began_too_early_is_not_the_next_answer)
{
    struct parts parts;

    tls_scene_relay(&(struct tls_relay_setup){
        .version = versions[_i], .hook = answer_with_more, .arg = &parts});
    tls_scene_start(2, "", A);
    scene_await_exit(0);
    tls_scene_check_good(0);
    tls_scene_check_good(1);
    ck_assert_uint_eq(tls->ducts.count, 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("early tls");
    TCase *tests = tls_scene_case(suite, "pieces");

    tcase_add_loop_test(tests, byte_by_byte_works, 0, 2);
    tcase_add_loop_test(tests, all_at_once_works, 0, 2);
    tcase_add_loop_test(tests, so_do_many_records, 0, 2);
    tests = tls_scene_case(suite, "early");
    tcase_add_loop_test(tests, an_answer_that_comes_with_the_handshake_is_none, 0, 2);
    tcase_add_test(tests, nor_is_one_whose_record_began_there);
    tcase_add_loop_test(tests, what_follows_a_redirect_is_not_the_next_answer, 0, 2);
    tcase_add_loop_test(tests, a_record_that_began_too_early_is_not_the_next_answer, 0, 2);
    return suite;
}

CHECK_MAIN(suite())
