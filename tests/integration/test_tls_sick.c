/*
 * Servers that are wrong in TLS: they send without end, or what cannot be read.
 * That has an end and a reason, and the next poll comes.
 */
#include <openssl/bio.h>
#include <signal.h>

#include "check_main.h"
#include "tls_scene.h"

#define A "/a?delay=0.02"

/* --- too much ------------------------------------------------------------------------------------
 */

enum { PLENTY = 12000 };

static void send_ticket(SSL *ssl)
{
    SSL_new_session_ticket(ssl);
    SSL_do_handshake(ssl);
}

static void update_key(SSL *ssl)
{
    SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(ssl);
}

static void demand_key_update(SSL *ssl)
{
    SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl);
}

struct flood {
    void (*send)(SSL *ssl);
    enum tls_relay_stage stage;
    int count;
};

static void let_flood(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    const struct flood *flood = arg;

    if (stage != flood->stage || link->duct->number > 1)
        return;
    link->swallowed = stage == TLS_RELAY_REQUEST;
    for (int i = 0; i < flood->count; i++)
        flood->send(link->ssl);
}

static const struct flood floods[] = {
    {send_ticket, TLS_RELAY_REQUEST, PLENTY / 8},
    {update_key, TLS_RELAY_REQUEST, PLENTY},
    {demand_key_update, TLS_RELAY_REQUEST, PLENTY},
    {send_ticket, TLS_RELAY_SHAKEN, PLENTY / 8},
};

/* To make a flood takes seconds on a busy machine, in which this process does not answer. */
static const char patient[] = "timeout = 60s\nconnect-timeout = 60s\n";

static void await_exit_of_flooded(int status)
{
    struct rig_exit end = rig_wait_exit(rig, 4 * SCENE_LIMIT_MS);

    ck_assert_int_eq(end.signal, 0);
    ck_assert_int_eq(end.status, status);
}

/* Two polls are flooded, and the third is not. */
static void check_flood_ends(tls_relay_hook *hook, void *arg)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = TLS1_3_VERSION, .hook = hook, .arg = arg});
    tls_scene_start(3, patient, A);
    await_exit_of_flooded(1);
    tls_scene_check_failure(0, "tls", "the server floods the connection");
    tls_scene_check_failure(1, "tls", "the server floods the connection");
    tls_scene_check_good(2);
}

START_TEST(a_flood_without_data_ends)
{
    struct flood flood = floods[_i];

    check_flood_ends(let_flood, &flood);
}
END_TEST

/* A byte of data now and then buys nothing. */
static void flood_among_data(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    (void)arg;
    if (stage != TLS_RELAY_REQUEST || link->duct->number > 1)
        return;
    link->swallowed = true;
    tls_relay_send(link, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
    for (int i = 0; i < PLENTY; i++) {
        demand_key_update(link->ssl);
        if (i % 100 == 0)
            tls_relay_send(link, "1");
    }
}

START_TEST(a_flood_among_data_ends)
{
    check_flood_ends(flood_among_data, NULL);
}
END_TEST

static const struct flood few[] = {
    {send_ticket, TLS_RELAY_REQUEST, 20},
    {update_key, TLS_RELAY_REQUEST, 20},
    {demand_key_update, TLS_RELAY_REQUEST, 20},
};

static void send_a_few(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    const struct flood *flood = arg;

    for (int i = 0; i < flood->count && stage == flood->stage; i++)
        flood->send(link->ssl);
}

START_TEST(a_few_are_right)
{
    struct flood flood = few[_i];

    tls_scene_relay(
        &(struct tls_relay_setup){.version = TLS1_3_VERSION, .hook = send_a_few, .arg = &flood});
    tls_scene_start(5, "", A);
    scene_await_exit(0);
    for (size_t i = 0; i < 5; i++)
        tls_scene_check_good(i);
    ck_assert_uint_eq(tls->handshakes, 1);
}
END_TEST

/* On an idle connection, where it costs no more than that connection. */
static void flood_later(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    (void)arg;
    if (stage != TLS_RELAY_REQUEST || link->duct->number > 0)
        return;
    link->swallowed = true;
    tls_relay_send(link, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n0.02");
    for (int i = 0; i < PLENTY; i++)
        update_key(link->ssl);
}

START_TEST(a_flood_on_an_idle_connection_is_no_failure)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = TLS1_3_VERSION, .hook = flood_later});
    tls_scene_start(3, patient, A);
    await_exit_of_flooded(0);
    for (size_t i = 0; i < 3; i++)
        tls_scene_check_good(i);
    ck_assert_uint_eq(tls->ducts.count, 2);
}
END_TEST

/* Bytes before the server's hello, as a peer sends them that has no keys yet. */
static const struct prelude {
    const char *bytes;
    size_t length;
    unsigned count;
    const char *words;
} preludes[] = {
    {"\x14\x03\x03\x00\x01\x01", 6, 1000, "TLS failed: "},     /* change of cipher */
    {"\x15\x03\x03\x00\x02\x01\x5a", 7, 1000, "TLS failed: "}, /* a warning */
    {"\x16\x03\x03\x00\x00", 5, 1000, "TLS failed: "},         /* empty */
    {"\x16\x03\x03\x00\x04\x00\x00\x00\x00", 9, 40000,
     "the server floods the connection"},                           /* hello request */
    {"\x16\x03\x03\x00\x04\x02\xff\xff\xff", 9, 1, "TLS failed: "}, /* a hello of 16 MiB */
    {"\x17\x03\x03\x00\x01x", 6, 1, "TLS failed: "},                /* data */
    {"\x16\x03\x03\xff\xff", 5, 1, "what the server sent is not TLS"},
    {"\x80\x2e\x01\x00\x02", 5, 1, "what the server sent is not TLS"},
    {"SSH-2.0-x\r\n", 11, 1, "what the server sent is not TLS"},
    {"\0\0\0\0\0\0\0\0", 8, 1, "what the server sent is not TLS"},
    {"\x15\x03\x03\x00\x02\x02\x28", 7, 1, "the server refuses the TLS handshake"},
    {"\x15\x03\x03\x00\x02\x02\x50", 7, 1, "TLS failed: tlsv1 alert internal error"},
    {"\x15\x03\x03\x00\x02\x01\x00", 7, 1, "the server ended the TLS handshake"},
};

static void send_prelude(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    const struct prelude *prelude = arg;
    struct bytes all = {0};

    if (stage != TLS_RELAY_HELLO)
        return;
    for (unsigned i = 0; i < prelude->count; i++)
        bytes_append(&all, prelude->bytes, prelude->length);
    tls_relay_send_raw(link, all.data, all.length);
    duct_end_client(link->duct);
    bytes_finish(&all);
}

START_TEST(what_comes_instead_of_a_handshake_is_tls)
{
    struct prelude prelude = preludes[_i];

    tls_scene_relay(&(struct tls_relay_setup){.hook = send_prelude, .arg = &prelude});
    tls_scene_start(2, "", A);
    scene_await_exit(1);
    tls_scene_check_failure(0, "tls", prelude.words);
    tls_scene_check_failure(1, "tls", prelude.words);
}
END_TEST

/* --- nothing that can be read -------------------------------------------------------------------
 */

static void send_garbage(struct tls_relay_link *link)
{
    tls_relay_send_raw(link, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n999", 41);
}

static void send_forged_record(struct tls_relay_link *link)
{
    tls_relay_send_raw(link,
                       "\x17\x03\x03\x00\x20"
                       "01234567890123456789012345678901",
                       37);
}

/* What comes seems to be garbage, so that OpenSSL sends an alert. */
static void send_alert(struct tls_relay_link *link)
{
    char plain[16];

    BIO_write(SSL_get_rbio(link->ssl),
              "\x17\x03\x03\x00\x20"
              "01234567890123456789012345678901",
              37);
    SSL_read(link->ssl, plain, sizeof(plain));
}

static void ask_to_begin_anew(struct tls_relay_link *link)
{
    SSL_renegotiate(link->ssl);
    SSL_do_handshake(link->ssl);
}

static const struct evil {
    void (*send)(struct tls_relay_link *link);
    int version;
    const char *words;
} evils[] = {
    {send_garbage, TLS1_2_VERSION, "what the server sent is not TLS"},
    {send_garbage, TLS1_3_VERSION, "what the server sent is not TLS"},
    {send_forged_record, TLS1_2_VERSION, "TLS failed: "},
    {send_forged_record, TLS1_3_VERSION, "TLS failed: "},
    {send_alert, TLS1_2_VERSION, "alert bad record mac"},
    {send_alert, TLS1_3_VERSION, "alert bad record mac"},
    {ask_to_begin_anew, TLS1_2_VERSION, "the server refuses"},
};

struct script {
    const struct evil *evil;
    bool amid; /* the response has begun */
};

static void be_evil(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    const struct script *script = arg;

    if (stage != TLS_RELAY_REQUEST || link->duct->number > 1)
        return;
    link->swallowed = true;
    if (script->amid)
        tls_relay_send(link, "HTTP/1.1 200 OK\r\n\r\n0.0");
    script->evil->send(link);
}

START_TEST(what_cannot_be_read_after_the_handshake_is_tls)
{
    struct script script = {.evil = &evils[_i / 2], .amid = _i % 2 == 1};

    tls_scene_relay(&(struct tls_relay_setup){
        .version = script.evil->version, .hook = be_evil, .arg = &script});
    tls_scene_start(3, "", A);
    scene_await_exit(1);
    tls_scene_check_failure(0, "tls", script.evil->words);
    tls_scene_check_failure(1, "tls", script.evil->words);
    tls_scene_check_good(2);
}
END_TEST

/* An answer that TLS itself wants to give finds nobody. The program reads nothing before the
 * end is there. */
static void demand_and_reset(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    (void)arg;
    if (stage != TLS_RELAY_REQUEST || link->duct->number > 1)
        return;
    rig_signal(rig, SIGSTOP);
    demand_key_update(link->ssl);
    tls_relay_flush(link);
    duct_reset_client(link->duct);
    rig_signal(rig, SIGCONT);
}

START_TEST(a_break_while_tls_answers_is_closed)
{
    tls_scene_relay(&(struct tls_relay_setup){.version = TLS1_3_VERSION, .hook = demand_and_reset});
    tls_scene_start(3, "", A);
    scene_await_exit(1);
    tls_scene_check_failure(0, "closed", "the connection broke");
    tls_scene_check_failure(1, "closed", "the connection broke");
    tls_scene_check_good(2);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("sick tls");
    TCase *tests = tls_scene_case(suite, "floods");

    tcase_add_loop_test(tests, a_flood_without_data_ends, 0, sizeof(floods) / sizeof(floods[0]));
    tcase_add_test(tests, a_flood_among_data_ends);
    tcase_add_loop_test(tests, a_few_are_right, 0, sizeof(few) / sizeof(few[0]));
    tcase_add_test(tests, a_flood_on_an_idle_connection_is_no_failure);
    tcase_add_loop_test(tests, what_comes_instead_of_a_handshake_is_tls, 0,
                        sizeof(preludes) / sizeof(preludes[0]));
    tests = tls_scene_case(suite, "garbage");
    tcase_add_loop_test(tests, what_cannot_be_read_after_the_handshake_is_tls, 0,
                        2 * sizeof(evils) / sizeof(evils[0]));
    tcase_add_test(tests, a_break_while_tls_answers_is_closed);
    return suite;
}

CHECK_MAIN(suite())
