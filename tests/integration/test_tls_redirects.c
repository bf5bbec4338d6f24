/*
 * Redirects from and to https: what is secret stays with its server, and nothing that
 * began with TLS goes on without it.
 */
#include <string.h>

#include "check_main.h"
#include "tls_scene.h"
#include "trail.h"

static const int64_t MS = 1000000;

/* What a server learns of the client in a handshake. */
struct learned {
    bool certificate;
    char name[64]; /* "": none was named */
};

static struct learned by_own, by_other;
static struct tls_relay *other;

static int accept_any(int preverified, X509_STORE_CTX *store)
{
    (void)preverified, (void)store;
    return 1;
}

/* Asks for a certificate, and takes note. */
static void learn(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg)
{
    struct learned *learned = arg;
    X509 *certificate;
    const char *name;

    if (stage == TLS_RELAY_HELLO)
        SSL_set_verify(link->ssl, SSL_VERIFY_PEER, accept_any);
    if (stage != TLS_RELAY_SHAKEN)
        return;
    certificate = SSL_get1_peer_certificate(link->ssl);
    learned->certificate = certificate != NULL;
    X509_free(certificate);
    name = SSL_get_servername(link->ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(learned->name, sizeof(learned->name), "%s", name == NULL ? "" : name);
}

static struct tls_relay *relay_for(const char *name, const char *sans, struct learned *learned)
{
    struct tls_relay_setup setup = {
        .certificate = certificate_make(
            rig, &(struct certificate_wish){.name = name, .issuer = "ca", .sans = sans}),
        .target_port = mock_server_port(mock),
        .hook = learn,
        .arg = learned,
    };

    return tls_relay_new(rig_loop(rig), &setup);
}

/* Two servers with TLS in front of the mock, and the mock itself. */
static void setup(void)
{
    trail_begin();
    trail_watch(mock);
    by_own = by_other = (struct learned){0};
    certificate_make(rig, &(struct certificate_wish){.name = "ca", .is_ca = true});
    tls = relay_for("own", "IP:127.0.0.1,DNS:own.test", &by_own);
    other = relay_for("other", "IP:127.0.0.1,DNS:localhost", &by_other);
}

static void teardown(void)
{
    tls_relay_free(other);
    other = NULL;
}

/* Until it has polled so often, with these settings on top. */
static void start(unsigned count, const char *url, const char *settings)
{
    scene_start_count(count, "[defaults]\nretry = 10ms\nca-file = %s\n[server a]\nurl = %s\n%s",
                      rig_path(rig, "ca.pem"), url, settings);
}

static const char *https_url(const struct tls_relay *relay, const char *path)
{
    return trail_print("https://127.0.0.1:%d%s", tls_relay_port(relay), path);
}

static const char *http_url(const char *path)
{
    return trail_print("http://%s%s", mock_server_authority(mock), path);
}

static const char *redirecting(const char *location)
{
    return trail_print("/a?%s", trail_to(302, location));
}

static void check_delays(size_t count)
{
    scene_check_all_good("a");
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(scene_ns(scene_poll("a", i), "delay"), 20 * MS);
}

START_TEST(from_http_to_https_is_followed)
{
    start(3, http_url(redirecting(https_url(tls, "/b?delay=0.02"))), "");
    scene_await_exit(0);
    check_delays(3);
    ck_assert_uint_eq(trail_count(), 6);
    ck_assert_uint_eq(tls->handshakes, 1);
}
END_TEST

START_TEST(from_https_to_http_is_not)
{
    static const char *const detail =
        "the server redirects from https to http, which is not followed";
    const char *there[] = {
        http_url("/b?delay=0.02"),
        "http://127.0.0.1/",
        trail_print("http://127.0.0.1:%d/", tls_relay_port(tls)),
    };

    start(2, https_url(tls, redirecting(there[_i])), "");
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(rig_string(scene_failure("a", i, "redirect"), "detail"), detail);
    ck_assert_uint_eq(trail_count(), 2);
    ck_assert_uint_eq(tls->handshakes, 1);
}
END_TEST

/* Nor is another server trusted because this one is. */
START_TEST(verify_no_is_for_the_own_origin_alone)
{
    certificate_make(rig, &(struct certificate_wish){.name = "stranger", .is_ca = true});
    start(2, https_url(tls, redirecting(https_url(other, "/b?delay=0.02"))),
          trail_print("verify = no\nca-file = %s\n", rig_path(rig, "stranger.pem")));
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++)
        ck_assert_ptr_nonnull(
            strstr(rig_string(scene_failure("a", i, "tls"), "detail"), "its issuer is unknown"));
    ck_assert_uint_eq(trail_count(), 2);
    ck_assert_uint_eq(other->handshakes, 0);
}
END_TEST

/* Not even where it came from. */
START_TEST(nor_is_the_way_back)
{
    const char *back = http_url("/c?delay=0.02");
    const char *there = https_url(other, trail_print("/b?%s", trail_to(302, back)));

    start(2, http_url(redirecting(there)), "");
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        json_t *poll = scene_failure("a", i, "redirect");

        ck_assert_int_eq((int)rig_number(poll, "redirects"), 1);
        ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), "from https to http"));
    }
    ck_assert_uint_eq(trail_count(), 4);
}
END_TEST

START_TEST(a_reference_stays_in_https)
{
    const char *const there[] = {
        "/b?delay=0.02",
        "b?delay=0.02",
        trail_print("//127.0.0.1:%d/b?delay=0.02", tls_relay_port(tls)),
    };

    start(3, https_url(tls, redirecting(there[_i])), "header = X-A: b\n");
    scene_await_exit(0);
    check_delays(3);
    ck_assert_uint_eq(tls->handshakes, 1);
    for (size_t i = 0; i < 6; i++)
        ck_assert(trail_has(i, "X-A: b"));
}
END_TEST

/* Certificate, server-name, user and fields are for the one that they were given for. */
START_TEST(another_server_learns_no_secret)
{
    const char *client = certificate_make(rig, &(struct certificate_wish){.name = "client"});
    const char *there = https_url(other, "/b?delay=0.02");

    start(2, https_url(tls, redirecting(there)),
          trail_print("cert-file = %s\nserver-name = own.test\n"
                      "header = Authorization: x\nheader = X-A: b\n",
                      client));
    scene_await_exit(0);
    check_delays(2);
    ck_assert_str_eq(by_own.name, "own.test");
    ck_assert(by_own.certificate);
    ck_assert_str_eq(by_other.name, "");
    ck_assert(!by_other.certificate);
    ck_assert_uint_eq(tls->handshakes, 1);
    ck_assert_uint_eq(other->handshakes, 1);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(trail_has_name(i, "Authorization") == (i % 2 == 0));
        ck_assert(trail_has_name(i, "X-A") == (i % 2 == 0));
    }
}
END_TEST

/* The scheme is part of the origin: the same host with TLS is another. */
START_TEST(the_way_to_https_loses_what_is_secret)
{
    start(1, http_url(redirecting(https_url(tls, "/b?delay=0.02"))), "header = Authorization: x\n");
    scene_await_exit(0);
    ck_assert(trail_has_name(0, "Authorization"));
    ck_assert(!trail_has_name(1, "Authorization"));
}
END_TEST

START_TEST(another_server_is_verified_by_its_own_name)
{
    const char *there = trail_print("https://localhost:%d/b?delay=0.02", tls_relay_port(other));

    start(1, https_url(tls, redirecting(there)), "server-name = own.test\n");
    scene_await_exit(0);
    ck_assert_str_eq(by_other.name, "localhost");
}
END_TEST

/* "own" has no such name. */
START_TEST(and_refused_without_it)
{
    const char *there = trail_print("https://localhost:%d/b?delay=0.02", tls_relay_port(tls));
    json_t *poll;

    start(1, https_url(other, redirecting(there)), "");
    scene_await_exit(1);
    poll = scene_failure("a", 0, "tls");
    ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), "redirected to https://localhost:"));
    ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), "it is for another host"));
    ck_assert_uint_eq(trail_count(), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("tls-redirects");
    TCase *tests = tls_scene_case(suite, "tls-redirects");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, from_http_to_https_is_followed);
    tcase_add_test(tests, verify_no_is_for_the_own_origin_alone);
    tcase_add_loop_test(tests, from_https_to_http_is_not, 0, 3);
    tcase_add_test(tests, nor_is_the_way_back);
    tcase_add_loop_test(tests, a_reference_stays_in_https, 0, 3);
    tcase_add_test(tests, another_server_learns_no_secret);
    tcase_add_test(tests, the_way_to_https_loses_what_is_secret);
    tcase_add_test(tests, another_server_is_verified_by_its_own_name);
    tcase_add_test(tests, and_refused_without_it);
    return suite;
}

CHECK_MAIN(suite())
