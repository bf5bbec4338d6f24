/*
 * Who is taken for the server, and who is not, against `openssl s_server`: a
 * fault of the certificate or of the handshake is `tls`, and the detail names
 * it.
 */
#include <string.h>

#include "namespace.h"
#include "peer.h"
#include "s_server_scene.h"

/* Names that the hosts file has, since a test can't have a resolver of its own. */
#define HOSTS "127.0.0.1 a.test a.test. b.test x.a.test x.y.a.test\n"

/* False where names can't be given addresses: the test is then skipped. */
static bool use_hosts(void)
{
    if (namespace_replace_file("/etc/hosts", rig_write(rig, "hosts", HOSTS)))
        return true;
    fprintf(stderr, "skipped: no mount namespace, so no /etc/hosts of our own\n");
    return false;
}

static bool is_name(const char *host)
{
    return strcmp(host, "127.0.0.1") != 0;
}

/* --- certificates ------------------------------------------------------------------- */

static const struct fit {
    const char *sans;
    const char *host;
} right[] = {
    {"IP:127.0.0.1", "127.0.0.1"}, {"DNS:b.test,IP:127.0.0.2,IP:127.0.0.1", "127.0.0.1"},
    {"DNS:a.test", "a.test"},      {"DNS:A.TEST", "a.test"},
    {"DNS:a.test", "A.Test"},      {"DNS:b.test,DNS:a.test", "a.test"},
    {"DNS:a.test", "a.test."},     {"DNS:*.a.test", "x.a.test"},
};

START_TEST(the_right_certificate_is_trusted)
{
    make_authority();
    make_leaf(right[_i].sans);
    start_server("-cert leaf.pem");
    if (!is_name(right[_i].host) || use_hosts())
        expect_good("", right[_i].host);
}
END_TEST

#define ANOTHER_HOST    "it is for another host"
#define ANOTHER_ADDRESS "it is not for this IP address"

static const struct misfit {
    const char *sans;
    const char *subject;
    const char *host;
    const char *words;
} wrong[] = {
    {"IP:127.0.0.2", NULL, "127.0.0.1", ANOTHER_ADDRESS},
    {"DNS:127.0.0.1", NULL, "127.0.0.1", ANOTHER_ADDRESS},
    {NULL, "127.0.0.1", "127.0.0.1", ANOTHER_ADDRESS},
    {"DNS:b.test", NULL, "a.test", ANOTHER_HOST},
    {NULL, "a.test", "a.test", ANOTHER_HOST},
    {"DNS:b.test", "a.test", "a.test", ANOTHER_HOST},
    {"IP:127.0.0.1", "a.test", "a.test", ANOTHER_HOST},
    {"email:a.test@a.test,URI:https://a.test/", NULL, "a.test", ANOTHER_HOST},
    {"DNS:*.a.test", NULL, "a.test", ANOTHER_HOST},
    {"DNS:*.a.test", NULL, "x.y.a.test", ANOTHER_HOST},
    {"DNS:x*.a.test", NULL, "x.a.test", ANOTHER_HOST},
    {"DNS:x.*.a.test", NULL, "x.y.a.test", ANOTHER_HOST},
    {"DNS:*.test", NULL, "a.test", ANOTHER_HOST},
    {"DNS:*", NULL, "a.test", ANOTHER_HOST},
    {"DNS:.a.test", NULL, "x.a.test", ANOTHER_HOST},
};

START_TEST(one_for_somebody_else_is_not)
{
    const struct misfit *misfit = &wrong[_i];

    make_authority();
    certificate_make(
        rig, &(struct certificate_wish){
                 .name = "leaf", .issuer = "ca", .subject = misfit->subject, .sans = misfit->sans});
    start_server("-cert leaf.pem");
    if (!is_name(misfit->host) || use_hosts())
        expect_failure("", misfit->host, misfit->words);
}
END_TEST

static const struct fault {
    struct certificate_wish wish;
    const char *options;
    const char *words;
} faults[] = {
    {{.issuer = "ca", .until_s = -60}, "", "it, or one of its issuers', has expired"},
    {{.issuer = "ca", .from_s = 1800}, "", "it is not yet valid"},
    {{.issuer = NULL}, "", "it is self-signed, and not trusted"},
    {{.issuer = "stranger"}, "", "its issuer is unknown"},
    {{.issuer = "stranger"},
     "-cert_chain stranger.pem",
     "its issuer is unknown: the self-signed root that came with it is not trusted"},
    {{.issuer = "expired-ca"},
     "-cert_chain expired-ca.pem",
     "it, or one of its issuers', has expired"},
    {{.issuer = "no-ca"}, "-cert_chain no-ca.pem", "invalid CA certificate"},
};

START_TEST(a_fault_of_the_certificate_is_named)
{
    const struct fault *fault = &faults[_i];
    struct certificate_wish wish = fault->wish;
    struct bytes options = {0};

    make_authority();
    certificate_make(rig, &(struct certificate_wish){.name = "stranger", .is_ca = true});
    certificate_make(rig, &(struct certificate_wish){
                              .name = "expired-ca", .issuer = "ca", .is_ca = true, .until_s = -60});
    certificate_make(rig, &(struct certificate_wish){.name = "no-ca", .issuer = "ca"});
    wish.name = "leaf";
    wish.sans = "IP:127.0.0.1";
    certificate_make(rig, &wish);
    bytes_print(&options, "-cert leaf.pem %s", fault->options);
    start_server(options.data);
    expect_failure("", "127.0.0.1", fault->words);
    bytes_finish(&options);
}
END_TEST

START_TEST(an_intermediate_certificate_leads_to_the_root)
{
    make_authority();
    certificate_make(rig,
                     &(struct certificate_wish){.name = "between", .issuer = "ca", .is_ca = true});
    certificate_make(rig, &(struct certificate_wish){
                              .name = "leaf", .issuer = "between", .sans = "IP:127.0.0.1"});
    start_server("-cert leaf.pem -cert_chain between.pem");
    expect_good("", "127.0.0.1");
}
END_TEST

/* Of two certificates, the server has the right one for this name alone. */
START_TEST(the_server_is_asked_for_by_name)
{
    make_authority();
    make_leaf("DNS:a.test");
    certificate_make(rig, &(struct certificate_wish){.name = "other", .issuer = "ca"});
    start_server("-servername a.test -cert2 leaf.pem -key2 leaf.pem -cert other.pem");
    if (use_hosts())
        expect_good("", "a.test");
}
END_TEST

START_TEST(a_server_that_knows_nobody_of_that_name_is_told)
{
    make_authority();
    make_leaf("DNS:a.test");
    start_server("-servername b.test -servername_fatal -cert2 leaf.pem -key2 leaf.pem "
                 "-cert leaf.pem");
    if (use_hosts())
        expect_failure("", "a.test", "the server knows nobody of this name");
}
END_TEST

/* --- versions and protocols --------------------------------------------------------------- */

static const char *const versions[] = {"-tls1_2", "-tls1_3"};

START_TEST(from_tls_1_2_on_is_spoken)
{
    struct bytes options = {0};

    make_authority();
    make_leaf("IP:127.0.0.1");
    bytes_print(&options, "-cert leaf.pem %s", versions[_i]);
    start_server(options.data);
    expect_good("", "127.0.0.1");
    bytes_finish(&options);
}
END_TEST

/* An OPENSSL_CONF that would let the program speak it does not change that. */
START_TEST(tls_1_1_is_refused)
{
    static const char *const options[] = {"-tls1_1", "-tls1", "-no_tls1_3 -no_tls1_2"};
    struct bytes line = {0};

    make_authority();
    make_leaf("IP:127.0.0.1");
    rig_set_env(rig, "OPENSSL_CONF",
                rig_write(rig, "openssl.cnf",
                          "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                          "MinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n"));
    bytes_print(&line, "-cert leaf.pem -cipher DEFAULT@SECLEVEL=0 %s", options[_i]);
    start_server(line.data);
    expect_failure("", "127.0.0.1", "the server speaks no version of TLS from 1.2 on");
    bytes_finish(&line);
}
END_TEST

START_TEST(http_1_1_alone_is_offered)
{
    make_authority();
    make_leaf("IP:127.0.0.1");
    start_server("-cert leaf.pem -alpn h2,http/1.1");
    expect_good("", "127.0.0.1");
}
END_TEST

START_TEST(a_server_that_speaks_h2_alone_is_told)
{
    make_authority();
    make_leaf("IP:127.0.0.1");
    start_server("-cert leaf.pem -alpn h2");
    expect_failure("", "127.0.0.1", "the server does not speak HTTP/1.1");
}
END_TEST

START_TEST(a_server_that_speaks_no_tls_is_told)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n[servers]\na = https://@/a\n");
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(rig_string(scene_failure("a", i, "tls"), "detail"),
                         "what the server sent is not TLS");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("tls certificates");
    TCase *tests = s_server_case(suite, "certificates");

    tcase_add_loop_test(tests, the_right_certificate_is_trusted, 0,
                        sizeof(right) / sizeof(right[0]));
    tcase_add_loop_test(tests, one_for_somebody_else_is_not, 0, sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_loop_test(tests, a_fault_of_the_certificate_is_named, 0,
                        sizeof(faults) / sizeof(faults[0]));
    tcase_add_test(tests, an_intermediate_certificate_leads_to_the_root);
    tcase_add_test(tests, the_server_is_asked_for_by_name);
    tcase_add_test(tests, a_server_that_knows_nobody_of_that_name_is_told);
    tests = s_server_case(suite, "protocols");
    tcase_add_loop_test(tests, from_tls_1_2_on_is_spoken, 0, 2);
    tcase_add_loop_test(tests, tls_1_1_is_refused, 0, 3);
    tcase_add_test(tests, http_1_1_alone_is_offered);
    tcase_add_test(tests, a_server_that_speaks_h2_alone_is_told);
    tcase_add_test(tests, a_server_that_speaks_no_tls_is_told);
    return suite;
}

PEER_MAIN(suite(), "openssl", "openssl")
