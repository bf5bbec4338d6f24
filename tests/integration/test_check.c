/*
 * What aiopoll -t finds wrong with the files that the configuration names: one clear
 * sentence each, status 2, and nothing is polled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "check_main.h"
#include "scene.h"

static const struct rig_result *result;

static void check_with(const char *lines)
{
    result = rig_run(rig, "-t", "-c",
                     rig_write(rig, "servers.ini", "[server a]\nurl = http://%s/a\n%s",
                               mock_server_authority(mock), lines),
                     NULL);
}

/* In `expected`, @ is the folder of the configuration. */
static void check_told(const char *expected)
{
    struct bytes text = {0};
    const char *folder = rig_path(rig, "");

    for (; *expected != '\0'; expected++) {
        if (*expected == '@')
            bytes_print(&text, "%s", folder);
        else
            bytes_append_byte(&text, *expected, 1);
    }
    ck_assert_str_eq(result->err, text.data);
    ck_assert_int_eq(result->exit.signal, 0);
    ck_assert_int_eq(result->exit.status, 2);
    ck_assert_str_eq(result->out, "");
    ck_assert_uint_eq(mock_server_connections(mock), 0);
    bytes_finish(&text);
}

static void check_right(void)
{
    ck_assert_str_eq(result->err, "");
    ck_assert_int_eq(result->exit.status, 0);
    ck_assert_str_eq(result->out, "The configuration is right: 1 server.\n");
}

/* --- credentials ------------------------------------------------------------------- */

START_TEST(a_token_file_that_is_missing_is_told)
{
    check_with("bearer-token-file = token\n");
    check_told("@servers.ini:3: bearer-token-file = \"token\": the file cannot be read (No such "
               "file or directory); it has to have one line, a token of letters, digits and "
               "-._~+/ (RFC 6750)\n");
}
END_TEST

START_TEST(a_token_is_not_told)
{
    rig_write(rig, "token", "hunter2 hunter2\n");
    check_with("bearer-token-file = token\n");
    check_told("@servers.ini:3: bearer-token-file = \"token\": the file's line is no token; it has "
               "to have one line, a token of letters, digits and -._~+/ (RFC 6750)\n");
    rig_write(rig, "token", "hunter2\n");
    check_with("bearer-token-file = token\n");
    check_right();
}
END_TEST

/* --- the daemon's files ----------------------------------------------------------------- */

/* By the file alone, and together with the command line. */
START_TEST(one_file_for_log_and_state_is_told)
{
    check_with("[aiopoll]\nlog-file = one\nstate-file = one\n");
    check_told("@servers.ini: log-file and state-file are both \"@one\"; each needs a file of its "
               "own\n");
    check_with("[aiopoll]\nlog-file = one\nstate-file = other\n");
    check_right();
    result = rig_run(rig, "-t", "-c", rig_path(rig, "servers.ini"), "--state-file",
                     rig_path(rig, "one"), NULL);
    check_told("@servers.ini: log-file and state-file are both \"@one\"; each needs a file of its "
               "own\n");
}
END_TEST

/* --- TLS --------------------------------------------------------------------------- */

#ifdef HAVE_TLS

/* OpenSSL's program makes the certificates. */
static void run_openssl(const char *arguments)
{
    struct bytes line = {0};

    bytes_print(&line, "cd '%s' && openssl %s >openssl.log 2>&1", rig_directory(rig), arguments);
    ck_assert_msg(system(line.data) == 0, "this fails: %s", line.data);
    bytes_finish(&line);
}

static void make_certificate(const char *name, const char *key_options)
{
    struct bytes arguments = {0};

    bytes_print(&arguments,
                "req -x509 -nodes -subj /CN=test -days 2 -newkey %s -keyout %s.key -out %s.pem",
                key_options, name, name);
    run_openssl(arguments.data);
    bytes_finish(&arguments);
}

#define EC  "ec -pkeyopt ec_paramgen_curve:P-256"
#define RSA "rsa:2048"

START_TEST(a_missing_ca_file_is_told)
{
    check_with("ca-file = ca.pem\n");
    check_told("aiopoll: a: ca-file @ca.pem has no certificate in PEM that can be used: No such "
               "file or directory\n");
}
END_TEST

START_TEST(a_ca_file_without_a_certificate_is_told)
{
    rig_write(rig, "ca.pem", "%s", "");
    check_with("ca-file = ca.pem\n");
    check_told("aiopoll: a: ca-file @ca.pem has no certificate in PEM that can be used: no "
               "certificate or crl found\n");
}
END_TEST

START_TEST(a_certificate_with_its_key_is_right)
{
    make_certificate("one", EC);
    check_with("ca-file = one.pem\ncert-file = one.pem\nkey-file = one.key\n");
    check_right();
}
END_TEST

#define NO_KEY "has no private key in PEM, without a passphrase, that fits the certificate: "

START_TEST(a_key_of_another_certificate_is_told)
{
    make_certificate("one", EC);
    make_certificate("other", EC);
    check_with("cert-file = one.pem\nkey-file = other.key\n");
    check_told("aiopoll: a: key-file @other.key " NO_KEY "key values mismatch\n");
}
END_TEST

START_TEST(a_key_of_another_kind_is_told)
{
    make_certificate("one", EC);
    make_certificate("other", RSA);
    check_with("cert-file = one.pem\nkey-file = other.key\n");
    check_told("aiopoll: a: key-file @other.key " NO_KEY "no certificate assigned\n");
}
END_TEST

START_TEST(a_missing_key_is_told)
{
    make_certificate("one", EC);
    check_with("cert-file = one.pem\nkey-file = other.key\n");
    check_told("aiopoll: a: key-file @other.key " NO_KEY "No such file or directory\n");
    check_with("cert-file = one.pem\n");
    ck_assert_ptr_nonnull(strstr(result->err, "cert-file"));
    ck_assert_ptr_nonnull(strstr(result->err, NO_KEY));
    ck_assert_int_eq(result->exit.status, 2);
}
END_TEST

/* Nobody is asked for the passphrase, even at a terminal. */
START_TEST(a_key_with_a_passphrase_is_told)
{
    make_certificate("one", EC);
    run_openssl("ec -in one.key -aes128 -passout pass:hunter2 -out locked.key");
    check_with("cert-file = one.pem\nkey-file = locked.key\n");
    ck_assert_ptr_nonnull(strstr(result->err, "locked.key " NO_KEY));
    ck_assert_int_eq(result->exit.status, 2);
}
END_TEST

/* What servers share is told once, and each other fault for itself. */
START_TEST(each_fault_is_told_once)
{
    result = rig_run(rig, "-t", "-c",
                     rig_write(rig, "servers.ini",
                               "[defaults]\nca-file = ca.pem\n[servers]\na = h\nb = i\n"
                               "[server c]\nurl = j\ntimeout = 1\n"
                               "[server d]\nurl = k\nca-file = other.pem\n"),
                     NULL);
    check_told("aiopoll: a: ca-file @ca.pem has no certificate in PEM that can be used: No such "
               "file or directory\n"
               "aiopoll: d: ca-file @other.pem has no certificate in PEM that can be used: No such "
               "file or directory\n");
}
END_TEST

static void add_tls(Suite *suite)
{
    TCase *tests = scene_case(suite, "tls");

    tcase_add_test(tests, a_missing_ca_file_is_told);
    tcase_add_test(tests, a_ca_file_without_a_certificate_is_told);
    tcase_add_test(tests, a_certificate_with_its_key_is_right);
    tcase_add_test(tests, a_key_of_another_certificate_is_told);
    tcase_add_test(tests, a_key_of_another_kind_is_told);
    tcase_add_test(tests, a_missing_key_is_told);
    tcase_add_test(tests, a_key_with_a_passphrase_is_told);
    tcase_add_test(tests, each_fault_is_told_once);
}

#else

START_TEST(https_needs_tls)
{
    result = rig_run(rig, "-t", "https://127.0.0.1/", NULL);
    check_told("aiopoll: \"https://127.0.0.1/\" cannot be polled: https needs TLS, which this "
               "build does not have; write an http:// URL\n");
}
END_TEST

START_TEST(a_file_for_tls_needs_tls)
{
    check_with("ca-file = ca.pem\n");
    check_told("aiopoll: a: this aiopoll was built without TLS\n");
}
END_TEST

#endif

static Suite *suite(void)
{
    Suite *suite = suite_create("check");
    TCase *tests = scene_case(suite, "credentials");

    tcase_add_test(tests, a_token_file_that_is_missing_is_told);
    tcase_add_test(tests, a_token_is_not_told);
    tests = scene_case(suite, "the daemon's files");
    tcase_add_test(tests, one_file_for_log_and_state_is_told);
#ifdef HAVE_TLS
    if (system("openssl version >/dev/null") == 0)
        add_tls(suite);
    else
        fputs("The tests of certificates are skipped: there is no program openssl.\n", stderr);
#else
    tests = scene_case(suite, "no tls");
    tcase_add_test(tests, https_needs_tls);
    tcase_add_test(tests, a_file_for_tls_needs_tls);
#endif
    return suite;
}

CHECK_MAIN(suite())
