/*
 * Polls of Apache httpd, as Debian has it.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "bytes.h"
#include "certificates.h"
#include "peer_scene.h"

static struct peer *apache;

#define MODULE(name) "LoadModule " name "_module /usr/lib/apache2/modules/mod_" name ".so\n"

/* It must not serve as root, which gives its rights away; so its user must be able to read. */
#define MAIN                                                                                       \
    MODULE("mpm_event")                                                                            \
    MODULE("authz_core")                                                                           \
    MODULE("authz_user")                                                                           \
    MODULE("authn_core")                                                                           \
    MODULE("authn_file")                                                                           \
    MODULE("auth_basic")                                                                           \
    MODULE("alias")                                                                                \
    MODULE("asis")                                                                                 \
    MODULE("deflate")                                                                              \
    MODULE("dir")                                                                                  \
    MODULE("env")                                                                                  \
    MODULE("filter")                                                                               \
    MODULE("headers")                                                                              \
    MODULE("include")                                                                              \
    MODULE("mime")                                                                                 \
    MODULE("socache_shmcb")                                                                        \
    MODULE("ssl")                                                                                  \
    "User www-data\n"                                                                              \
    "Group www-data\n"                                                                             \
    "ServerName localhost\n"                                                                       \
    "ServerRoot @DIR@\n"                                                                           \
    "DefaultRuntimeDir @DIR@\n"                                                                    \
    "PidFile @DIR@/apache.pid\n"                                                                   \
    "Mutex posixsem\n"                                                                             \
    "ErrorLog /dev/stderr\n"                                                                       \
    "LogFormat \"%r|%u|%{Expect}i|%{Content-Length}i\" asked\n"                                    \
    "CustomLog @DIR@/asked.log asked\n"                                                            \
    "TypesConfig /dev/null\n"                                                                      \
    "SSLSessionCache shmcb:@DIR@/sessions(64000)\n"                                                \
    "StartServers 1\n"                                                                             \
    "MinSpareThreads 1\n"                                                                          \
    "MaxSpareThreads 32\n"                                                                         \
    "ThreadsPerChild 16\n"                                                                         \
    "MaxRequestWorkers 32\n"                                                                       \
    "ServerLimit 2\n"                                                                              \
    "GracefulShutdownTimeout 5\n"                                                                  \
    "KeepAliveTimeout 5\n"                                                                         \
    "DocumentRoot @DIR@/root\n"

static void run_apache(void)
{
    peer_start(apache, "apache2", "-DFOREGROUND", "-f", "@DIR@/apache.conf", NULL);
}

static void write_conf(const char *rest)
{
    struct bytes conf = {0};

    bytes_print(&conf, "%s%s", MAIN, rest);
    peer_write(apache, "apache.conf", conf.data);
    bytes_finish(&conf);
}

static void start_apache(const char *rest)
{
    apache = peer_new(rig);
    ck_assert_int_eq(chmod(rig_directory(rig), 0755), 0);
    ck_assert_int_eq(mkdir(rig_path(rig, "root"), 0755), 0);
    ck_assert_int_eq(mkdir(rig_path(rig, "root/folder"), 0755), 0);
    rig_write(rig, "root/pace", "0.02\n");
    rig_write(rig, "root/long", "%-200s", "0.02"); /* mod_deflate leaves a short one alone */
    rig_write(rig, "root/folder/index.html", " 0.02 \n");
    rig_write(rig, "root/parts",
              "<!--#set var=\"pace\" value=\"0.02\"--><!--#echo var=\"pace\"-->\n");
    write_conf(rest);
    run_apache();
}

/* --- answers --------------------------------------------------------------------------- */

#define BASE "http://127.0.0.1:@PORT@"

static const char answering[] =
    "Listen 127.0.0.1:@PORT@\n"
    "Listen 127.0.0.1:@PORT2@\n"
    "Redirect 301 /moved/301 /pace\n"
    "Redirect 302 /moved/302 http://127.0.0.1:@PORT2@/pace\n"
    "Redirect 303 /moved/303 /pace\n"
    "Redirect 307 /moved/307 /moved/301\n"
    "Redirect 308 /moved/308 /moved/302\n"
    "Redirect gone /gone\n"
    "Alias /closing @DIR@/root/pace\n"
    "Alias /old @DIR@/root/pace\n"
    "Alias /older @DIR@/root/parts\n"
    "Alias /coded @DIR@/root/long\n"
    "Alias /secret/here @DIR@/root/pace\n"
    "Redirect 302 /to/secret /secret/here\n"
    "Redirect 302 /to/other/secret http://127.0.0.1:@PORT2@/secret/here\n"
    "<Location /parts>\nSetOutputFilter INCLUDES\nOptions +Includes\n</Location>\n"
    "<Location /older>\nSetOutputFilter INCLUDES\nOptions +Includes\n"
    "SetEnv downgrade-1.0\nSetEnv force-response-1.0\n</Location>\n"
    "<Location /old>\nSetEnv downgrade-1.0\nSetEnv force-response-1.0\n</Location>\n"
    "<Location /closing>\nSetEnv nokeepalive\n</Location>\n"
    "<Location /coded>\nSetOutputFilter DEFLATE\n</Location>\n"
    "<Location /pace>\nHeader set X-Poll-Interval 0.02\n</Location>\n"
    "<Location /secret>\nAuthType Basic\nAuthName \"a \\\"secret\\\"\"\nAuthUserFile @DIR@/users\n"
    "Require valid-user\n</Location>\n"
    "<Location /busy>\nSetHandler send-as-is\n</Location>\n";

static const struct peer_answer answers[] = {
    {.url = BASE "/pace", .delay_ms = 20},
    {.url = BASE "/parts", .delay_ms = 20},
    {.url = BASE "/closing", .delay_ms = 20, .fresh = true},
    {.url = BASE "/old", .delay_ms = 20, .fresh = true},
    {.url = BASE "/older", .delay_ms = 20, .fresh = true},
    {.url = BASE "/coded", .delay_ms = 20},
    {.url = BASE "/coded",
     .settings = "header = Accept-Encoding: gzip\n",
     .error = "no-delay",
     .status = 200,
     .detail = "the body is coded (\"gzip\")"},
    {.url = BASE "/moved/301", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/moved/302", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/moved/303", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/moved/307", .delay_ms = 20, .redirects = 2},
    {.url = BASE "/moved/308", .delay_ms = 20, .redirects = 2},
    {.url = BASE "/folder", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/folder",
     .settings = "redirects = 0\n",
     .error = "redirect",
     .status = 301,
     .detail = "redirects is 0"},
    {.url = BASE "/gone", .error = "status", .status = 410},
    {.url = BASE "/missing", .error = "status", .status = 404},
    {.url = BASE "/busy", .error = "status", .status = 503, .delay_ms = 1000},
    {.url = BASE "/pace",
     .settings = "method = HEAD\ndelay-from = header:X-Poll-Interval\n",
     .delay_ms = 20},
    {.url = BASE "/pace",
     .settings = "delay-from = header:X-Poll-Interval\nheader = If-None-Match: *\n",
     .status = 304,
     .delay_ms = 20},
    {.url = BASE "/pace", .settings = "method = POST\nbody = x\n", .delay_ms = 20},
    {.url = BASE "/pace", .settings = "method = PUT\nbody = x\n", .error = "status", .status = 405},
    {.url = BASE "/secret/here", .error = "status", .status = 401},
    {.url = BASE "/secret/here", .settings = "basic-auth-file = @DIR@/right\n", .delay_ms = 20},
    {.url = BASE "/secret/here",
     .settings = "basic-auth-file = @DIR@/wrong\n",
     .error = "status",
     .status = 401},
    {.url = "http://me:password@127.0.0.1:@PORT@/secret/here", .delay_ms = 20},
    {.url = "http://me:pass%77ord@127.0.0.1:@PORT@/secret/here", .delay_ms = 20},
    {.url = BASE "/to/secret",
     .settings = "basic-auth-file = @DIR@/right\n",
     .delay_ms = 20,
     .redirects = 1},
    {.url = BASE "/to/other/secret",
     .settings = "basic-auth-file = @DIR@/right\n",
     .error = "status",
     .status = 401,
     .redirects = 1},
};

START_TEST(an_answer_is_taken_for_what_it_is)
{
    rig_write(rig, "users", "me:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"); /* "password" */
    rig_write(rig, "right", "me:password\n");
    rig_write(rig, "wrong", "me:passwort\n");
    start_apache(answering);
    rig_write(rig, "root/busy", "Status: 503 Busy\nRetry-After: 1\n\nlater");
    peer_check_answers(apache, answers, sizeof(answers) / sizeof(answers[0]));
}
END_TEST

/* It would have to be asked for its consent before each body, and to say 100 (Continue). */
START_TEST(no_consent_to_a_body_is_asked_for)
{
    const char *log;

    start_apache("Listen 127.0.0.1:@PORT@\n");
    peer_poll(apache, 1,
              "[server post]\nurl = 127.0.0.1:@PORT@/pace\nmethod = POST\nbody = hello\n");
    scene_await_exit(0);
    peer_stop(apache);
    log = rig_read(rig, "asked.log");
    ck_assert_msg(strstr(log, "POST /pace HTTP/1.1|-|-|5\n") != NULL, "%s", log);
}
END_TEST

/* --- TLS ----------------------------------------------------------------------------------------
 */

static void start_with_tls(const char *settings)
{
    certificate_make(rig, &(struct certificate_wish){.name = "ca", .is_ca = true});
    certificate_make(rig, &(struct certificate_wish){.name = "other", .is_ca = true});
    certificate_make(
        rig, &(struct certificate_wish){.name = "leaf", .issuer = "ca", .sans = "IP:127.0.0.1"});
    certificate_make(rig, &(struct certificate_wish){.name = "me", .issuer = "ca"});
    certificate_make(rig, &(struct certificate_wish){.name = "stranger", .issuer = "other"});
    start_apache(settings);
}

#define SECURE                                                                                     \
    "Listen 127.0.0.1:@PORT@\n"                                                                    \
    "SSLEngine on\n"                                                                               \
    "SSLCertificateFile @DIR@/leaf.pem\n"                                                          \
    "SSLCACertificateFile @DIR@/ca.pem\n"

#define TRUSTED "ca-file = @DIR@/ca.pem\n"

static const char *const protocols[] = {SECURE "SSLProtocol TLSv1.2\n",
                                        SECURE "SSLProtocol TLSv1.3\n"};

START_TEST(a_client_certificate_is_shown)
{
    static const struct peer_answer shown[] = {
        {.url = "https://127.0.0.1:@PORT@/pace",
         .settings = TRUSTED "cert-file = @DIR@/me.pem\n",
         .delay_ms = 20},
        {.url = "https://127.0.0.1:@PORT@/pace", .settings = TRUSTED, .error = "tls"},
        {.url = "https://127.0.0.1:@PORT@/pace",
         .settings = TRUSTED "cert-file = @DIR@/stranger.pem\n",
         .error = "tls"},
    };
    struct bytes conf = {0};

    bytes_print(&conf, "%sSSLVerifyClient require\n", protocols[_i]);
    start_with_tls(conf.data);
    bytes_finish(&conf);
    peer_check_answers(apache, shown, sizeof(shown) / sizeof(shown[0]));
}
END_TEST

START_TEST(a_secure_connection_is_kept_or_resumed)
{
    start_with_tls(protocols[_i]);
    peer_poll(apache, 10,
              "[server a]\nurl = https://127.0.0.1:@PORT@/pace\n" TRUSTED
              "[server b]\nurl = https://127.0.0.1:@PORT@/pace\nkeep-alive = 0\n" TRUSTED);
    scene_await_exit(0);
    peer_await_good("a", 10, 20);
    peer_await_good("b", 10, 20);
    for (size_t i = 1; i < 10; i++)
        ck_assert(peer_was_reused(scene_poll("a", i)));
    ck_assert_uint_eq(peer_handshakes().all, 11);
    ck_assert_uint_eq(peer_handshakes().resumed, 9);
}
END_TEST

/*
 * With TLS 1.2 that takes another handshake on the same connection, which the program refuses;
 * TLS 1.3 has no such thing, and what it has instead the program does not offer.
 */
START_TEST(a_certificate_that_is_wanted_later_on_is_not_shown)
{
    static const struct peer_answer late[] = {
        {.url = "https://127.0.0.1:@PORT@/pace",
         .settings = TRUSTED "cert-file = @DIR@/me.pem\n",
         .error = "tls",
         .fresh = true},
        {.url = "https://127.0.0.1:@PORT@/pace",
         .settings = TRUSTED "cert-file = @DIR@/me.pem\n",
         .error = "status",
         .status = 403},
    };
    struct bytes conf = {0};

    bytes_print(&conf, "%s<Location /pace>\nSSLVerifyClient require\n</Location>\n", protocols[_i]);
    start_with_tls(conf.data);
    bytes_finish(&conf);
    peer_check_answers(apache, &late[_i], 1);
}
END_TEST

/* --- its life
 * -------------------------------------------------------------------------------------- */

START_TEST(a_connection_that_the_server_gave_up_is_replaced)
{
    start_apache("Listen 127.0.0.1:@PORT@\nKeepAliveTimeout 50ms\n");
    rig_write(rig, "root/slow", "0.3");
    peer_poll(apache, 3, "[servers]\na = 127.0.0.1:@PORT@/slow\n");
    scene_await_exit(0);
    peer_await_good("a", 3, 300);
    for (size_t i = 1; i < 3; i++)
        ck_assert(!peer_was_reused(scene_poll("a", i)));
}
END_TEST

START_TEST(a_graceful_restart_is_no_failure)
{
    start_apache("Listen 127.0.0.1:@PORT@\n");
    peer_poll(apache, 0, "[servers]\na = 127.0.0.1:@PORT@/pace\nb = 127.0.0.1:@PORT@/pace\n");
    for (size_t i = 0; i < 3; i++) {
        size_t told = rig_count_events(rig, "poll", "a");

        scene_await_polls("a", told + 10);
        peer_signal(apache, SIGUSR1);
    }
    scene_await_polls("a", rig_count_events(rig, "poll", "a") + 20);
    rig_stop(rig);
    scene_check_all_good(NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("apache");
    TCase *tests = scene_case(suite, "answers");

    tcase_add_test(tests, an_answer_is_taken_for_what_it_is);
    tcase_add_test(tests, no_consent_to_a_body_is_asked_for);
    tests = scene_case(suite, "tls");
    tcase_add_loop_test(tests, a_client_certificate_is_shown, 0, 2);
    tcase_add_loop_test(tests, a_secure_connection_is_kept_or_resumed, 0, 2);
    tcase_add_loop_test(tests, a_certificate_that_is_wanted_later_on_is_not_shown, 0, 2);
    tests = scene_case(suite, "life");
    tcase_add_test(tests, a_connection_that_the_server_gave_up_is_replaced);
    tcase_add_test(tests, a_graceful_restart_is_no_failure);
    return suite;
}

PEER_MAIN(suite(), "apache2", "apache2-bin")
