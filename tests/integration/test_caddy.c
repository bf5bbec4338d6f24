/*
 * Polls of Caddy, as Debian has it: HTTPS with an authority that it makes itself.
 */
#include <stdio.h>

#include "bytes.h"
#include "certificates.h"
#include "peer_scene.h"

static struct peer *caddy;

/* Where it keeps what it makes: the root certificate is one of that. */
#define ROOT    "@DIR@/caddy/pki/authorities/local/root.crt"
#define TRUSTED "[defaults]\nretry = 10ms\nca-file = " ROOT "\n"

#define GLOBAL                                                                                     \
    "  admin off\n"                                                                                \
    "  skip_install_trust\n"                                                                       \
    "  auto_https disable_redirects\n"                                                             \
    "  default_bind 127.0.0.1\n"                                                                   \
    "  storage file_system @DIR@/caddy\n"

static void start_caddy(const char *sites)
{
    struct bytes conf = {0};

    bytes_print(&conf, "{\n" GLOBAL "}\n%s", sites);
    caddy = peer_new(rig);
    peer_write(caddy, "Caddyfile", conf.data);
    bytes_finish(&conf);
    peer_start(caddy, "env", "HOME=@DIR@", "XDG_DATA_HOME=@DIR@/data", "XDG_CONFIG_HOME=@DIR@/conf",
               "caddy", "run", "--adapter", "caddyfile", "--config", "@DIR@/Caddyfile", NULL);
    /* It listens before it has its certificates, of which 127.0.0.1 and localhost have one each. */
    peer_await_output(caddy, "certificate obtained successfully", 2);
}

static const char sites[] =
    "https://127.0.0.1:@PORT@, https://localhost:@PORT@ {\n"
    "  tls internal\n"
    "  encode gzip\n"
    "  respond /pace 0.02\n"
    "  respond /empty 204\n"
    "  respond /busy later 503 {\n    close\n  }\n"
    "  redir /moved /pace\n"
    "  redir /moved/away https://127.0.0.1:@PORT2@/pace permanent\n"
    "  redir /moved/down http://127.0.0.1:@PORT3@/pace\n"
    "  header /head X-Poll-Interval 0.02\n"
    "  respond /head 200\n"
    "  file_server /file* {\n    root @DIR@\n  }\n"
    "  reverse_proxy /proxied 127.0.0.1:@PORT3@ {\n    flush_interval -1\n  }\n"
    "  basicauth /secret/* {\n"
    "    me $2b$04$abcdefghijklmnopqrstuughE8Ev8uGFaUgY2cNEySvxngrb/Jzdm\n"
    "  }\n"
    "  respond /secret/here 0.02\n"
    "}\n"
    "https://127.0.0.1:@PORT2@ {\n"
    "  tls internal {\n    protocols tls1.2 tls1.2\n  }\n"
    "  respond 0.02\n"
    "}\n"
    "http://127.0.0.1:@PORT3@ {\n"
    "  redir /secure https://127.0.0.1:@PORT@/pace\n"
    "  respond 0.02\n"
    "}\n";

#define BASE "https://127.0.0.1:@PORT@"

static const struct peer_answer answers[] = {
    {.url = BASE "/pace", .delay_ms = 20},
    {.url = "https://localhost:@PORT@/pace", .delay_ms = 20},
    {.url = "https://127.0.0.1:@PORT2@/pace", .delay_ms = 20},
    {.url = "http://127.0.0.1:@PORT3@/pace", .delay_ms = 20},
    {.url = "http://127.0.0.1:@PORT@/pace", .error = "status", .status = 400, .fresh = true},
    {.url = "https://127.0.0.1:@PORT3@/pace", .error = "tls", .fresh = true},
    {.url = BASE "/pace", .settings = "verify = no\n", .delay_ms = 20},
    {.url = BASE "/pace",
     .settings = "ca-file = @DIR@/other.pem\n",
     .error = "tls",
     .detail = "issuer is unknown",
     .fresh = true},
    {.url = BASE "/pace", .settings = "server-name = localhost\n", .delay_ms = 20},
    {.url = BASE "/pace", .settings = "server-name = example.net\n", .error = "tls"},
    {.url = BASE "/file", .delay_ms = 20},
    {.url = BASE "/file-long", .delay_ms = 20},
    {.url = BASE "/file-long",
     .settings = "header = Accept-Encoding: gzip\n",
     .error = "no-delay",
     .status = 200,
     .detail = "the body is coded (\"gzip\")"},
    {.url = BASE "/proxied", .delay_ms = 20},
    {.url = BASE "/empty", .error = "no-delay", .status = 204},
    {.url = BASE "/other", .error = "no-delay", .status = 200, .detail = "is empty"},
    {.url = BASE "/busy", .error = "status", .status = 503, .fresh = true},
    {.url = BASE "/file-none", .error = "status", .status = 404},
    {.url = BASE "/moved", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/moved/away", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/moved/down", .error = "redirect", .status = 302, .detail = "from https to http"},
    {.url = "http://127.0.0.1:@PORT3@/secure", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/head",
     .settings = "method = HEAD\ndelay-from = header:X-Poll-Interval\n",
     .delay_ms = 20},
    {.url = BASE "/secret/here", .error = "status", .status = 401},
    {.url = BASE "/secret/here", .settings = "basic-auth-file = @DIR@/right\n", .delay_ms = 20},
};

static void write_files(void)
{
    rig_write(rig, "file", "0.02\n");
    rig_write(rig, "file-long", "%-2000s", "0.02"); /* a short one is not worth coding */
    certificate_make(rig, &(struct certificate_wish){.name = "other", .is_ca = true});
    rig_write(rig, "right", "me:password\n");
}

START_TEST(an_answer_is_taken_for_what_it_is)
{
    write_files();
    start_caddy(sites);
    peer_check_answers_with(caddy, "ca-file = " ROOT "\n", answers,
                            sizeof(answers) / sizeof(answers[0]));
}
END_TEST

START_TEST(a_secure_connection_is_kept_or_resumed)
{
    write_files();
    start_caddy(sites);
    peer_poll(caddy, 10,
              TRUSTED "[servers]\n"
                      "kept = " BASE "/pace\n"
                      "kept-1.2 = https://127.0.0.1:@PORT2@/pace\n"
                      "[server each]\nurl = " BASE "/pace\nkeep-alive = 0\n"
                      "[server each-1.2]\nurl = https://127.0.0.1:@PORT2@/pace\nkeep-alive = 0\n");
    scene_await_exit(0);
    scene_check_all_good(NULL);
    for (size_t i = 1; i < 10; i++) {
        ck_assert(peer_was_reused(scene_poll("kept", i)));
        ck_assert(peer_was_reused(scene_poll("kept-1.2", i)));
    }
    ck_assert_uint_eq(peer_handshakes().all, 1 + 1 + 10 + 10);
    ck_assert_uint_eq(peer_handshakes().resumed, 9 + 9);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("caddy");
    TCase *tests = scene_case(suite, "caddy");

    tcase_add_test(tests, an_answer_is_taken_for_what_it_is);
    tcase_add_test(tests, a_secure_connection_is_kept_or_resumed);
    return suite;
}

PEER_MAIN(suite(), "caddy", "caddy")
