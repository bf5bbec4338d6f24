/*
 * What the settings of TLS do, against `openssl s_server`: whom to trust, who
 * the server has to be, the client's own certificate, and trusting anybody.
 */
#include <string.h>

#include "peer.h"
#include "s_server_scene.h"

#define ANOTHER_HOST    "it is for another host"
#define ANOTHER_ADDRESS "it is not for this IP address"

/* --- what the settings say --------------------------------------------------------------- */

START_TEST(ca_file_is_trusted_instead_of_the_system)
{
    make_authority();
    make_leaf("IP:127.0.0.1");
    start_server("-cert leaf.pem");
    rig_set_env(rig, "SSL_CERT_FILE", NULL);
    expect_failure("", "127.0.0.1", "its issuer is unknown");
    expect_good(with_directory("ca-file = $/ca.pem\n"), "127.0.0.1");

    certificate_make(rig, &(struct certificate_wish){.name = "stranger", .is_ca = true});
    rig_set_env(rig, "SSL_CERT_FILE", rig_path(rig, "ca.pem"));
    expect_failure(with_directory("ca-file = $/stranger.pem\n"), "127.0.0.1",
                   "its issuer is unknown");
}
END_TEST

static const struct named {
    const char *sans;
    const char *settings;
    const char *words; /* NULL: it is trusted */
} named[] = {
    {"DNS:a.test", "server-name = a.test\n", NULL},
    {"DNS:*.a.test", "server-name = x.a.test\n", NULL},
    {"IP:127.0.0.9", "server-name = 127.0.0.9\n", NULL},
    {"IP:::1", "server-name = ::1\n", NULL},
    {"DNS:b.test", "server-name = a.test\n", ANOTHER_HOST},
    {"IP:127.0.0.1", "server-name = a.test\n", ANOTHER_HOST},
    {"IP:127.0.0.1", "server-name = 127.0.0.9\n", ANOTHER_ADDRESS},
};

START_TEST(server_name_is_who_it_has_to_be)
{
    make_authority();
    make_leaf(named[_i].sans);
    start_server("-cert leaf.pem");
    if (named[_i].words == NULL)
        expect_good(named[_i].settings, "127.0.0.1");
    else
        expect_failure(named[_i].settings, "127.0.0.1", named[_i].words);
}
END_TEST

START_TEST(server_name_is_asked_for)
{
    make_authority();
    make_leaf("DNS:a.test");
    certificate_make(rig, &(struct certificate_wish){.name = "other", .issuer = "ca"});
    start_server("-servername a.test -cert2 leaf.pem -key2 leaf.pem -cert other.pem");
    expect_good("server-name = a.test\n", "127.0.0.1");
}
END_TEST

static const struct unusable {
    const char *settings; /* $ is the directory */
    const char *words;
} unusable[] = {
    {"ca-file = $/none.pem\n", "has no certificate in PEM that can be used"},
    {"ca-file = $/text\n", "has no certificate in PEM that can be used"},
    {"ca-file = $\n", "has no certificate in PEM that can be used"},
    {"cert-file = $/text\n", "has no certificate in PEM that can be used"},
    {"cert-file = $/leaf.pem\nkey-file = $/none.pem\n", "has no private key in PEM"},
    {"cert-file = $/leaf.pem\nkey-file = $/ca.pem\n", "fits the certificate"},
    {"cert-file = $/leaf.pem\nkey-file = $/locked.pem\n", "without a passphrase"},
};

static void lock_key(void)
{
    ck_assert_int_eq(
        system(with_directory("openssl pkey -in $/leaf.pem -aes128 -passout pass:secret "
                              "-out $/locked.pem")),
        0);
}

START_TEST(files_that_cannot_be_used_are_told_at_once)
{
    const struct rig_result *result;

    make_authority();
    make_leaf("IP:127.0.0.1");
    lock_key();
    rig_write(rig, "text", "This is no certificate.\n");
    result = rig_run(rig, "-t", "-c",
                     scene_config("[defaults]\n%s[servers]\na = https://127.0.0.1:1/\n",
                                  with_directory(unusable[_i].settings)),
                     NULL);
    ck_assert_int_eq(result->exit.status, 2);
    ck_assert_msg(strstr(result->err, unusable[_i].words) != NULL, "no '%s' in: %s",
                  unusable[_i].words, result->err);
}
END_TEST

/* --- certificates of the client ------------------------------------------------------------ */

static const char *const demands[] = {
    "-cert leaf.pem -CAfile ca.pem -verify_return_error -Verify 1 -tls1_2",
    "-cert leaf.pem -CAfile ca.pem -verify_return_error -Verify 1 -tls1_3",
};

START_TEST(a_certificate_that_is_wanted_and_not_given_is_told)
{
    make_authority();
    make_leaf("IP:127.0.0.1");
    start_server(demands[_i]);
    expect_failure("", "127.0.0.1", "the server wants a certificate of the client (cert-file)");
}
END_TEST

/* The key is behind the certificate, or where key-file says. */
static const char *const identities[] = {
    "cert-file = $/client.pem\n",
    "cert-file = $/client.pem\nkey-file = $/client.pem\n",
};

START_TEST(one_that_is_given_is_taken)
{
    make_authority();
    make_leaf("IP:127.0.0.1");
    certificate_make(rig, &(struct certificate_wish){.name = "client", .issuer = "ca"});
    start_server(demands[_i % 2]);
    expect_good(with_directory(identities[_i / 2]), "127.0.0.1");
}
END_TEST

static const struct refused {
    struct certificate_wish wish;
    const char *words;
} refused[] = {
    {{.issuer = "stranger"}, "its issuer is unknown there"},
    {{.issuer = "ca", .until_s = -60}, "it has expired"},
};

START_TEST(one_that_is_refused_is_told)
{
    struct certificate_wish wish = refused[_i / 2].wish;

    make_authority();
    make_leaf("IP:127.0.0.1");
    certificate_make(rig, &(struct certificate_wish){.name = "stranger", .is_ca = true});
    wish.name = "client";
    certificate_make(rig, &wish);
    start_server(demands[_i % 2]);
    expect_failure(with_directory(identities[0]), "127.0.0.1", refused[_i / 2].words);
}
END_TEST

/* --- without verification -------------------------------------------------------------- */

START_TEST(verify_no_takes_any_certificate_and_says_so)
{
    certificate_make(
        rig, &(struct certificate_wish){.name = "leaf", .sans = "DNS:b.test", .until_s = -60});
    start_server("-cert leaf.pem");
    for (int i = 0; i < 2; i++) {
        expect_good("verify = no\n", "127.0.0.1");
        ck_assert_uint_eq(rig_count_events(rig, "insecure", NULL), 1);
        ck_assert_ptr_nonnull(
            strstr(rig_string(rig_event(rig, "insecure", "a", 0), "detail"), "verify = no"));
        ck_assert_str_eq(rig_string(rig_event(rig, "insecure", "a", 0), "level"), "warning");
    }
}
END_TEST

START_TEST(with_verification_nothing_is_insecure)
{
    make_authority();
    make_leaf("IP:127.0.0.1");
    start_server("-cert leaf.pem");
    expect_good("", "127.0.0.1");
    ck_assert_uint_eq(rig_count_events(rig, "insecure", NULL), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("tls settings");
    TCase *tests = s_server_case(suite, "trust");

    tcase_add_test(tests, ca_file_is_trusted_instead_of_the_system);
    tcase_add_loop_test(tests, server_name_is_who_it_has_to_be, 0,
                        sizeof(named) / sizeof(named[0]));
    tcase_add_test(tests, server_name_is_asked_for);
    tcase_add_loop_test(tests, files_that_cannot_be_used_are_told_at_once, 0,
                        sizeof(unusable) / sizeof(unusable[0]));
    tests = s_server_case(suite, "client");
    tcase_add_loop_test(tests, a_certificate_that_is_wanted_and_not_given_is_told, 0, 2);
    tcase_add_loop_test(tests, one_that_is_given_is_taken, 0, 4);
    tcase_add_loop_test(tests, one_that_is_refused_is_told, 0, 4);
    tests = s_server_case(suite, "unverified");
    tcase_add_test(tests, verify_no_takes_any_certificate_and_says_so);
    tcase_add_test(tests, with_verification_nothing_is_insecure);
    return suite;
}

PEER_MAIN(suite(), "openssl", "openssl")
