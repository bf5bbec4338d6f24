/* The keys that say how a server is reached: socket, addresses, TLS. What OpenSSL makes of
 * the files is for tests of the program. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

#define SERVER "[server a]\nurl = h\n"

START_TEST(without_a_key_any_address_will_do_and_the_system_says_whom_to_trust)
{
    read_config(SERVER);
    const struct server_settings *settings = settings_of("a");
    ck_assert_int_eq(settings->address_family, ADDRESS_FAMILY_ANY);
    ck_assert_int_eq(settings->verify, 1);
    ck_assert_int_eq(settings->connect_early, 1);
    ck_assert_pstr_eq(settings->unix_socket, NULL);
    ck_assert_pstr_eq(settings->ca_file, NULL);
    ck_assert_pstr_eq(settings->cert_file, NULL);
    ck_assert_pstr_eq(settings->key_file, NULL);
    ck_assert_pstr_eq(settings->server_name, NULL);
}
END_TEST

START_TEST(each_key_is_read)
{
    read_config(
        SERVER
        "unix-socket = /run/a b.sock\naddress-family = 6\nverify = no\n"
        "connect-early = no\nca-file = /etc/ca.pem\ncert-file = /etc/c.pem\nkey-file = /etc/k.pem\n"
        "server-name = other.example\n");
    const struct server_settings *settings = settings_of("a");
    ck_assert_int_eq(settings->address_family, ADDRESS_FAMILY_6);
    ck_assert_int_eq(settings->verify, 0);
    ck_assert_int_eq(settings->connect_early, 0);
    ck_assert_pstr_eq(settings->unix_socket, "/run/a b.sock");
    ck_assert_pstr_eq(settings->ca_file, "/etc/ca.pem");
    ck_assert_pstr_eq(settings->cert_file, "/etc/c.pem");
    ck_assert_pstr_eq(settings->key_file, "/etc/k.pem");
    ck_assert_pstr_eq(settings->server_name, "other.example");
}
END_TEST

START_TEST(each_key_is_inherited_and_replaced_alone)
{
    read_config("[defaults]\naddress-family = 4\nverify = no\nconnect-early = no\nca-file = /d/ca\n"
                "cert-file = /d/cert\nkey-file = /d/key\nserver-name = d\nunix-socket = /d/s\n"
                "[servers]\nz = h\n"
                "[server a]\nurl = h\naddress-family = any\nca-file = /a/ca\nkey-file = /a/key\n"
                "[server b]\nurl = h\nverify = yes\nconnect-early = yes\ncert-file = "
                "/b/cert\nserver-name = b\n"
                "unix-socket = /b/s\n");
    const struct server_settings *a = settings_of("a"), *b = settings_of("b"),
                                 *z = settings_of("z");
    ck_assert_int_eq(z->address_family, ADDRESS_FAMILY_4);
    ck_assert_int_eq(a->address_family, ADDRESS_FAMILY_ANY);
    ck_assert_int_eq(b->address_family, ADDRESS_FAMILY_4);
    ck_assert_int_eq(a->verify, 0);
    ck_assert_int_eq(b->verify, 1);
    ck_assert_int_eq(a->connect_early, 0);
    ck_assert_int_eq(b->connect_early, 1);
    ck_assert_pstr_eq(z->ca_file, "/d/ca");
    ck_assert_pstr_eq(a->ca_file, "/a/ca");
    ck_assert_pstr_eq(b->ca_file, "/d/ca");
    ck_assert_pstr_eq(a->cert_file, "/d/cert");
    ck_assert_pstr_eq(b->cert_file, "/b/cert");
    ck_assert_pstr_eq(a->key_file, "/a/key");
    ck_assert_pstr_eq(b->key_file, "/d/key");
    ck_assert_pstr_eq(a->server_name, "d");
    ck_assert_pstr_eq(b->server_name, "b");
    ck_assert_pstr_eq(a->unix_socket, "/d/s");
    ck_assert_pstr_eq(b->unix_socket, "/b/s");
}
END_TEST

/* --- paths ------------------------------------------------------------------------ */

static const char *path(const char *name)
{
    return scratch_path(scratch, name);
}

START_TEST(a_relative_path_begins_at_the_file_that_it_is_written_in)
{
    ck_assert_int_eq(mkdir(path("conf.d"), 0755), 0);
    file("conf.d/b.ini", "[server b]\nurl = h\nca-file = b.pem\ncert-file = ../b.pem\n"
                         "unix-socket = s\n[defaults]\nkey-file = keys/d.pem\n");
    read_config("[aiopoll]\ninclude = conf.d/*.ini\n[defaults]\ncert-file = c.pem\n"
                "[server a]\nurl = h\nca-file = ./a.pem\nunix-socket = s\n");
    ck_assert_pstr_eq(settings_of("a")->ca_file, path("./a.pem"));
    ck_assert_pstr_eq(settings_of("a")->cert_file, path("c.pem"));
    ck_assert_pstr_eq(settings_of("a")->key_file, path("conf.d/keys/d.pem"));
    ck_assert_pstr_eq(settings_of("a")->unix_socket, path("s"));
    ck_assert_pstr_eq(settings_of("b")->ca_file, path("conf.d/b.pem"));
    ck_assert_pstr_eq(settings_of("b")->cert_file, path("conf.d/../b.pem"));
    ck_assert_pstr_eq(settings_of("b")->unix_socket, path("conf.d/s"));
}
END_TEST

START_TEST(a_file_without_a_folder_in_its_name_leaves_paths_alone)
{
    ck_assert_int_eq(chdir(scratch_directory(scratch)), 0);
    file("f.ini", SERVER "ca-file = a.pem\n");
    config = config_read("f.ini", NULL, 0, &problems);
    ck_assert_pstr_eq(settings_of("a")->ca_file, "a.pem");
}
END_TEST

START_TEST(a_path_may_come_from_the_environment)
{
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials", 1);
    read_config(SERVER "ca-file = ${CREDENTIALS_DIRECTORY}/ca\n");
    ck_assert_pstr_eq(settings_of("a")->ca_file, "/run/credentials/ca");
}
END_TEST

/* 108 bytes with the NUL. */
START_TEST(the_path_of_a_socket_has_to_fit)
{
    char name[108] = "/", expected[300];
    memset(name + 1, 's', 106);
    read_config(SERVER "unix-socket = %s\n", name);
    ck_assert_pstr_eq(settings_of("a")->unix_socket, name);
    read_config(SERVER "unix-socket = %ss\n", name);
    assert_all_told("f.ini:3: unix-socket = \"/ssssssssssssssssssssssssssssssssssssssssssssssssssss"
                    "sssss\"...: with its folder the path has 108 bytes, and 107 is the most\n");
    read_config(SERVER "unix-socket = %.100s\n", name + 1);
    ck_assert_uint_eq(problems.count, 1);
    snprintf(expected, sizeof expected, ": with its folder the path has %zu bytes, and 107 is",
             strlen(scratch_directory(scratch)) + 1 + 100);
    ck_assert_msg(strstr(told(0), expected) != NULL, "%s", told(0));
}
END_TEST

/* --- hosts ------------------------------------------------------------------------ */

static const char *const hosts[] = {"example.net", "a",   "A-b_c.example.",
                                    "127.0.0.1",   "::1", "2001:db8::1"};

START_TEST(a_server_name_is_a_name_or_an_address)
{
    read_config(SERVER "server-name = %s\n", hosts[_i]);
    ck_assert_pstr_eq(settings_of("a")->server_name, hosts[_i]);
}
END_TEST

#define WRITE_HOST "write the name of a host or an IP address, without port or brackets\n"

static const char *const wrong_hosts[] = {
    "", "a b", "[::1]", "example.net:443", "10.0.0.256", "http://h/", "*.example.net", "a..b"};

START_TEST(what_is_no_host_is_no_server_name)
{
    char expected[200];
    read_config(SERVER "server-name = %s\n", wrong_hosts[_i]);
    snprintf(expected, sizeof expected, "f.ini:3: server-name = \"%s\": " WRITE_HOST,
             wrong_hosts[_i]);
    assert_all_told(expected);
}
END_TEST

/* --- mistakes --------------------------------------------------------------------- */

#define WRITE_PATH   "write the path of a file\n"
#define WRITE_FAMILY "write one of any, 4, 6\n"
#define NO_CONTROLS  "write a path without control characters\n"
#define WRITE_CERT   "key-file is the key of a certificate; write cert-file as well\n"

static const struct {
    const char *text, *told;
} mistakes[] = {
    {SERVER "unix-socket =\n", "f.ini:3: unix-socket = \"\": " WRITE_PATH},
    {SERVER "ca-file =\n", "f.ini:3: ca-file = \"\": " WRITE_PATH},
    {SERVER "cert-file =\n", "f.ini:3: cert-file = \"\": " WRITE_PATH},
    {SERVER "cert-file = c\nkey-file =\n", "f.ini:4: key-file = \"\": " WRITE_PATH},
    {SERVER "ca-file = ${EMPTY_OF_TEST}\n", "f.ini:3: ca-file = \"${EMPTY_OF_TEST}\": " WRITE_PATH},
    {SERVER "ca-file = ${MISSING}\n",
     "f.ini:3: \"${MISSING}\": there is no such variable in the environment\n"},
    {SERVER "ca-file = /a${NEWLINE}hunter2\n",
     "f.ini:3: ca-file = \"/a${NEWLINE}hunter2\": " NO_CONTROLS},
    {SERVER "unix-socket = ${NEWLINE}\n", "f.ini:3: unix-socket = \"${NEWLINE}\": " NO_CONTROLS},
    {SERVER "server-name = ${NEWLINE}\n", "f.ini:3: server-name = \"${NEWLINE}\": " WRITE_HOST},
    {SERVER "address-family =\n", "f.ini:3: address-family = \"\": " WRITE_FAMILY},
    {SERVER "address-family = ipv4\n", "f.ini:3: address-family = \"ipv4\": " WRITE_FAMILY},
    {SERVER "address-family = 5\n", "f.ini:3: address-family = \"5\": " WRITE_FAMILY},
    {SERVER "connect-early = 0\n", "f.ini:3: connect-early = \"0\": write one of no, yes\n"},
    {SERVER "verify = false\n", "f.ini:3: verify = \"false\": write one of no, yes\n"},
    {SERVER "verify =\n", "f.ini:3: verify = \"\": write one of no, yes\n"},
    {SERVER "ca-file = a\nca-file = b\n",
     "f.ini:4: ca-file is set already; each key can be set once\n"},
    {SERVER "key-file = k\n", "f.ini:1: [server a]: " WRITE_CERT},
    {"[defaults]\nkey-file = k\n" SERVER, "f.ini:1: [defaults]: " WRITE_CERT},
    /* One mistake is not told as two. */
    {SERVER "key-file = k\ncert-file =\n", "f.ini:4: cert-file = \"\": " WRITE_PATH},
};

START_TEST(a_mistake_is_told)
{
    setenv("EMPTY_OF_TEST", "", 1);
    setenv("NEWLINE", "\n", 1);
    unsetenv("MISSING");
    read_config("%s", mistakes[_i].text);
    assert_all_told(mistakes[_i].told);
}
END_TEST

START_TEST(https_needs_a_build_with_tls)
{
    read_config("[servers]\na = https://h/\n");
#ifdef HAVE_TLS
    settings_of("a");
    ck_assert(config->servers[0].url.https);
#else
    assert_all_told("f.ini:2: \"https://h/\" cannot be polled: https needs TLS, which this build "
                    "does not have; write an http:// URL\n");
#endif
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("config_connection");
    TCase *tcase = tcase_create("config_connection");
    tcase_add_checked_fixture(tcase, config_scene_start, config_scene_finish);
    tcase_add_test(tcase, without_a_key_any_address_will_do_and_the_system_says_whom_to_trust);
    tcase_add_test(tcase, each_key_is_read);
    tcase_add_test(tcase, each_key_is_inherited_and_replaced_alone);
    tcase_add_test(tcase, a_relative_path_begins_at_the_file_that_it_is_written_in);
    tcase_add_test(tcase, a_file_without_a_folder_in_its_name_leaves_paths_alone);
    tcase_add_test(tcase, a_path_may_come_from_the_environment);
    tcase_add_test(tcase, the_path_of_a_socket_has_to_fit);
    tcase_add_loop_test(tcase, a_server_name_is_a_name_or_an_address, 0, COUNT_OF(hosts));
    tcase_add_loop_test(tcase, what_is_no_host_is_no_server_name, 0, COUNT_OF(wrong_hosts));
    tcase_add_loop_test(tcase, a_mistake_is_told, 0, COUNT_OF(mistakes));
    tcase_add_test(tcase, https_needs_a_build_with_tls);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
