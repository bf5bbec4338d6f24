/* A reload after a certificate was renewed at the same path: the next connection is made with the
 * new one, servers that do not use it notice nothing, and one that cannot be used changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "check_main.h"
#include "tls_scene.h"

enum { NAME_SIZE = 64 };

static char shown[NAME_SIZE];    /* of the client's certificate, on the last connection */
static struct tls_relay *second; /* of another authority; NULL: none */

static void setup(void)
{
    shown[0] = '\0';
    second = NULL;
}

static void teardown(void)
{
    if (rig_is_running(rig))
        rig_stop(rig);
    if (second != NULL)
        tls_relay_free(second);
}

/* --- the server and its clients ------------------------------------------------------- */

static void make_authority(const char *name)
{
    certificate_make(rig, &(struct certificate_wish){.name = name, .is_ca = true});
}

static const char *make_leaf(const char *name, const char *issuer, const char *subject)
{
    return certificate_make(
        rig, &(struct certificate_wish){
                 .name = name, .issuer = issuer, .subject = subject, .sans = "IP:127.0.0.1"});
}

static void on_stage(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    X509 *certificate;

    (void)arg;
    if (stage != TLS_RELAY_REQUEST)
        return;
    certificate = SSL_get1_peer_certificate(link->ssl);
    shown[0] = '\0';
    if (certificate != NULL)
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, shown,
                                  NAME_SIZE);
    X509_free(certificate);
}

static int trust(int preverified, X509_STORE_CTX *context)
{
    (void)preverified;
    (void)context;
    return 1;
}

/* Sessions could be resumed. */
static void serve(void)
{
    static const unsigned char id[] = "reload";

    make_authority("ca");
    make_leaf("client", "ca", "the first");
    make_leaf("leaf", "ca", NULL);
    tls_scene_relay(&(struct tls_relay_setup){
        .certificate = rig_path(rig, "leaf.pem"), .tickets = 2, .hook = on_stage});
    SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, trust);
    SSL_CTX_set_session_id_context(tls->ctx, id, sizeof(id));
}

/* "b" trusts another authority. */
static void serve_second(void)
{
    make_authority("other");
    make_leaf("other-leaf", "other", NULL);
    second = tls_relay_new(rig_loop(rig),
                           &(struct tls_relay_setup){.certificate = rig_path(rig, "other-leaf.pem"),
                                                     .target_port = mock_server_port(mock)});
}

#define A                                                                                          \
    "[defaults]\nretry = 100ms\nretry-max = 100ms\n"                                               \
    "[server a]\nurl = https://127.0.0.1:%d/a?delay=0.3\nca-file = %s/ca.pem\n"                    \
    "cert-file = %s/client.pem\n"
#define B "[server b]\nurl = https://127.0.0.1:%d/b?delay=0.1\nca-file = %s/other.pem\n"
#define Z "[servers]\nz = @/z?delay=0.1\n"

static json_t *reload(void)
{
    const char *directory = rig_directory(rig);

    return scene_reload(A B Z, tls_relay_port(tls), directory, directory, tls_relay_port(second),
                        directory);
}

static void start(void)
{
    const char *directory = rig_directory(rig);

    serve();
    serve_second();
    scene_start(A B Z, tls_relay_port(tls), directory, directory, tls_relay_port(second),
                directory);
    scene_await_polls("a", 2);
    scene_await_polls("b", 2);
    ck_assert_str_eq(shown, "the first");
}

/* --- renewed ---------------------------------------------------------------------------- */

static void check_changed_alone(const json_t *event, const char *server)
{
    ck_assert_str_eq(rig_string(event, "result"), "ok");
    ck_assert_int_eq((int)rig_number(event, "changed"), 1);
    ck_assert_uint_eq(rig_count_events(rig, "applied", NULL), 1);
    ck_assert_str_eq(rig_string(rig_event(rig, "applied", server, 0), "change"), "changed");
}

/* Their connections are the ones that they had. */
static void check_undisturbed(const char *server)
{
    scene_await_polls(server, rig_count_events(rig, "poll", server) + 3);
    scene_check_all_good(server);
    for (size_t i = 1; i < mock_server_requests(mock, server); i++)
        ck_assert_uint_eq(scene_request(server, i)->connection,
                          scene_request(server, 0)->connection);
    scene_check_never_early(server);
}

static size_t polls_of_a(void)
{
    return rig_count_events(rig, "poll", "a");
}

START_TEST(the_next_connection_shows_the_new_certificate)
{
    size_t polls;

    start();
    make_leaf("client", "ca", "the second");
    check_changed_alone(reload(), "a");
    polls = polls_of_a();
    scene_await_polls("a", polls + 2);
    ck_assert_str_eq(shown, "the second");
    ck_assert_uint_eq(tls->ducts.count, 2);
    ck_assert_uint_eq(tls->resumed, 0);
    scene_check_all_good("a");
    scene_check_never_early("a");
    check_undisturbed("b");
    check_undisturbed("z");
}
END_TEST

/* And as long as there was no reload, the old one. */
START_TEST(without_a_reload_nothing_is_read)
{
    start();
    make_leaf("client", "ca", "the second");
    rig_write(rig, "ca.pem", "nothing");
    tls_relay_forget_sessions(tls);
    for (struct duct *duct = tls->ducts.first; duct != NULL; duct = duct->next)
        duct_reset_client(duct);
    scene_await_polls("a", polls_of_a() + 2);
    ck_assert_uint_eq(tls->ducts.count, 2);
    ck_assert_str_eq(shown, "the first");
    scene_check_all_good("a");
}
END_TEST

static void use_for_server(const char *path)
{
    ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(tls->ctx, path), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(tls->ctx, path, SSL_FILETYPE_PEM), 1);
}

/* Whoever has one by the old authority is not trusted any more, and is as soon as that is renewed
 * as well. */
START_TEST(the_next_connection_trusts_the_new_authority)
{
    size_t polls;

    start();
    make_authority("ca");
    check_changed_alone(reload(), "a");
    polls = polls_of_a();
    scene_await_polls("a", polls + 2);
    for (size_t i = polls; i < polls + 2; i++) {
        const char *detail = rig_string(scene_failure("a", i, "tls"), "detail");

        ck_assert_msg(strstr(detail, "refused: its issuer has the name of one that") != NULL, "%s",
                      detail);
    }
    use_for_server(make_leaf("leaf", "ca", NULL));
    rig_wait_events(rig, "change", "a", 2, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_string(rig_event(rig, "change", "a", 1), "state"), "ok");
    scene_check_never_early("b");
    check_undisturbed("b");
    check_undisturbed("z");
}
END_TEST

/* A poll under way is not disturbed by it. */
START_TEST(in_the_handshake_the_old_one_still_counts)
{
    const char *directory = rig_directory(rig);
    static const char format[] =
        "[server a]\nurl = https://127.0.0.1:%d/a?delay=0.2\nca-file = %s/ca.pem\n";

    serve();
    tls_scene_wire(&(struct cutting_relay_setup){.after = SIZE_MAX});
    ducts_hold(&wire->ducts);
    scene_start(format, cutting_relay_port(wire), directory);
    scene_await_connections("handshaking", 1);
    make_authority("ca");
    scene_reload(format, cutting_relay_port(wire), directory);
    ducts_go_on(&wire->ducts);
    scene_await_polls("a", 2);
    ck_assert_str_eq(rig_string(scene_poll("a", 0), "result"), "ok");
    scene_failure("a", 1, "tls");
}
END_TEST

/* --- broken -------------------------------------------------------------------------------- */

static const struct {
    const char *file, *text, *words;
} broken[] = {
    {"ca.pem", "nothing\n", "ca.pem has no certificate in PEM that can be used"},
    {"ca.pem", "", "ca.pem has no certificate in PEM that can be used"},
    {"ca.pem", NULL, "ca.pem has no certificate in PEM that can be used"},
    {"client.pem", "-----BEGIN CERTIFICATE-----\nMIIB", "client.pem has no certificate in PEM"},
    {"client.pem", NULL, "client.pem has no certificate in PEM that can be used"},
};

enum { BROKEN = sizeof(broken) / sizeof(broken[0]) };

START_TEST(one_that_cannot_be_used_changes_nothing)
{
    json_t *event;
    const char *detail;

    start();
    if (broken[_i].text != NULL)
        rig_write(rig, broken[_i].file, "%s", broken[_i].text);
    else
        ck_assert_int_eq(remove(rig_path(rig, broken[_i].file)), 0);
    event = reload();
    ck_assert_str_eq(rig_string(event, "result"), "error");
    ck_assert_int_eq((int)rig_number(event, "problems"), 1);
    detail = rig_string(rig_event(rig, "problem", NULL, 0), "detail");
    ck_assert_msg(strstr(detail, broken[_i].words) != NULL, "%s", detail);
    ck_assert_msg(strstr(detail, "aiopoll: a: c") != NULL, "%s", detail);
    ck_assert_uint_eq(rig_count_events(rig, "applied", NULL), 0);
    check_undisturbed("a");
    check_undisturbed("b");
    check_undisturbed("z");
}
END_TEST

/* Its key is that of the certificate before. */
START_TEST(nor_does_one_without_its_key)
{
    static const char format[] = "[server a]\nurl = @/a?delay=0.1\n"
                                 "cert-file = %s/client.pem\nkey-file = %s/client.key\n";
    const char *directory = rig_directory(rig);
    json_t *event;
    const char *detail;

    make_authority("ca");
    make_leaf("client", "ca", NULL);
    rig_write(rig, "client.key", "%s", rig_read(rig, "client.pem"));
    scene_start(format, directory, directory);
    scene_await_polls("a", 1);
    make_leaf("client", "ca", NULL);
    event = scene_reload(format, directory, directory);
    ck_assert_str_eq(rig_string(event, "result"), "error");
    detail = rig_string(rig_event(rig, "problem", NULL, 0), "detail");
    ck_assert_msg(strstr(detail, "client.key has no private key in PEM") != NULL, "%s", detail);
    check_undisturbed("a");
    rig_write(rig, "client.key", "%s", rig_read(rig, "client.pem"));
    check_changed_alone(scene_reload(format, directory, directory), "a");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("tls_reload");
    TCase *tests = tls_scene_case(suite, "certificates");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_next_connection_shows_the_new_certificate);
    tcase_add_test(tests, without_a_reload_nothing_is_read);
    tcase_add_test(tests, the_next_connection_trusts_the_new_authority);
    tcase_add_test(tests, in_the_handshake_the_old_one_still_counts);
    tcase_add_loop_test(tests, one_that_cannot_be_used_changes_nothing, 0, BROKEN);
    tcase_add_test(tests, nor_does_one_without_its_key);
    return suite;
}

CHECK_MAIN(make_suite())
