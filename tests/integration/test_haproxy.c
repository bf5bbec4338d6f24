/*
 * Polls of HAProxy, as Debian has it: alone, and in front of the mock server.
 */
#include <stdio.h>

#include "bytes.h"
#include "certificates.h"
#include "peer_scene.h"

static struct peer *haproxy;

/* `rest` follows on the defaults; the backend `mock` is there. */
static void start_haproxy(const char *rest)
{
    struct bytes conf = {0};

    certificate_make(rig, &(struct certificate_wish){.name = "ca", .is_ca = true});
    certificate_make(
        rig, &(struct certificate_wish){.name = "leaf", .issuer = "ca", .sans = "IP:127.0.0.1"});
    certificate_make(rig, &(struct certificate_wish){.name = "me", .issuer = "ca"});
    bytes_print(&conf,
                "global\n"
                "  log stderr format raw local0 notice\n"
                "  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256\n"
                "defaults\n"
                "  mode http\n"
                "  timeout client 30s\n"
                "  timeout connect 5s\n"
                "  timeout server 1s\n"
                "  timeout http-keep-alive 30s\n"
                "%s"
                "backend mock\n"
                "  server mock %s\n",
                rest, mock_server_authority(mock));
    haproxy = peer_new(rig);
    peer_write(haproxy, "haproxy.cfg", conf.data);
    bytes_finish(&conf);
    peer_start(haproxy, "haproxy", "-db", "-f", "@DIR@/haproxy.cfg", NULL);
}

/* --- answers --------------------------------------------------------------------------- */

#define BASE   "http://127.0.0.1:@PORT@"
#define SECURE "https://127.0.0.1:@PORT2@"

#define RETURN "  http-request return status 200 content-type text/plain"

static const char answering[] =
    "frontend plain\n"
    "  bind 127.0.0.1:@PORT@\n"
    "  http-request early-hint Link </x>;rel=preload if { path /hinted }\n" RETURN
    " string 0.02 if { path /pace } or { path /hinted }\n" RETURN
    " hdr X-Poll-Interval 0.02 if { path /head }\n" RETURN " string 0.02 if { method POST }\n"
    "  http-request return status 503 hdr Retry-After 1 if { path /busy }\n"
    "  http-request redirect location /pace code 302 if { path /moved }\n"
    "  http-request redirect prefix https://127.0.0.1:@PORT2@ code 308 if { path_beg /secure }\n"
    "  http-request deny deny_status 429 if { path /often }\n"
    "  http-request reject if { path /rejected }\n"
    "  http-request auth realm x if { path /secret } ! { req.hdr(authorization) \"Basic "
    "bWU6cGFzc3dvcmQ=\" }\n" RETURN " string 0.02 if { path /secret }\n"
    "  use_backend nobody if { path /nobody }\n"
    "  use_backend dead if { path /dead }\n"
    "  use_backend mock if { path_beg /mock }\n"
    "frontend secure\n"
    "  bind 127.0.0.1:@PORT2@ ssl crt @DIR@/leaf.pem alpn h2,http/1.1\n"
    "  http-request redirect location " BASE "/pace if { path /plain }\n" RETURN
    " string 0.02 if { path /secure }\n"
    "  default_backend mock\n"
    "frontend certified\n"
    "  bind 127.0.0.1:@PORT3@ ssl crt @DIR@/leaf.pem ca-file @DIR@/ca.pem verify required\n" RETURN
    " string 0.02\n"
    "backend nobody\n"
    "backend dead\n"
    "  retries 0\n"
    "  server dead 127.0.0.1:1\n";

static const struct peer_answer answers[] = {
    {.url = BASE "/pace", .delay_ms = 20},
    {.url = BASE "/hinted", .delay_ms = 20},
    {.url = BASE "/post", .settings = "method = POST\nbody = x\n", .delay_ms = 20},
    {.url = BASE "/head",
     .settings = "method = HEAD\ndelay-from = header:X-Poll-Interval\n",
     .delay_ms = 20},
    {.url = BASE "/busy", .error = "status", .status = 503, .delay_ms = 1000},
    {.url = BASE "/often", .error = "status", .status = 429},
    {.url = BASE "/moved", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/secure", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/secure?a", .settings = "verify = no\n", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/rejected", .error = "closed", .fresh = true},
    {.url = BASE "/secret", .error = "status", .status = 401},
    {.url = BASE "/secret", .settings = "basic-auth-file = @DIR@/right\n", .delay_ms = 20},
    {.url = BASE "/nobody", .error = "status", .status = 503},
    {.url = BASE "/dead", .error = "status", .status = 503},
    {.url = BASE "/mock?delay=0.02", .delay_ms = 20},
    {.url = SECURE "/mock?delay=0.02", .delay_ms = 20},
    {.url = SECURE "/mock?delay=0.02&framing=chunked", .delay_ms = 20},
    {.url = SECURE "/mock?delay=0.02&framing=close", .delay_ms = 20},
    {.url = SECURE "/mock?delay=0.02&trickle=1&framing=chunked", .delay_ms = 20},
    {.url = SECURE "/mock?delay=0.02&framing=chunked&pad=65531", .delay_ms = 20},
    {.url = SECURE "/mock?delay=0.02&framing=chunked&pad=65536",
     .error = "too-large",
     .status = 200,
     .fresh = true},
    {.url = SECURE "/mock?delay=0.02&close=after", .delay_ms = 20},
    {.url = SECURE "/mock?close=body", .error = "closed", .status = 200, .fresh = true},
    {.url = SECURE "/mock?close=body&framing=chunked",
     .error = "closed",
     .status = 200,
     .fresh = true},
    {.url = SECURE "/mock?reset=body&framing=chunked",
     .error = "closed",
     .status = 200,
     .fresh = true},
    {.url = SECURE "/mock?garbage", .error = "status", .status = 502},
    {.url = SECURE "/mock?delay=1&slow=3000", .error = "status", .status = 504},
    {.url = SECURE "/plain", .error = "redirect", .status = 302, .detail = "https to http"},
    {.url = "https://127.0.0.1:@PORT3@", .error = "tls", .detail = "wants a certificate"},
    {.url = "https://127.0.0.1:@PORT3@", .settings = "cert-file = @DIR@/me.pem\n", .delay_ms = 20},
    {.url = "https://127.0.0.1:@PORT@", .error = "tls", .fresh = true},
};

START_TEST(an_answer_is_taken_for_what_it_is)
{
    rig_write(rig, "right", "me:password\n");
    start_haproxy(answering);
    peer_check_answers_with(haproxy, "ca-file = @DIR@/ca.pem\n", answers,
                            sizeof(answers) / sizeof(answers[0]));
}
END_TEST

/* --- connections ------------------------------------------------------------------------- */

START_TEST(a_secure_connection_is_kept_or_resumed)
{
    start_haproxy("frontend new\n"
                  "  bind 127.0.0.1:@PORT@ ssl crt @DIR@/leaf.pem ssl-min-ver TLSv1.3\n"
                  "  default_backend mock\n"
                  "frontend old\n"
                  "  bind 127.0.0.1:@PORT2@ ssl crt @DIR@/leaf.pem ssl-max-ver TLSv1.2\n"
                  "  default_backend mock\n"
                  "frontend old-without-tickets\n"
                  "  bind 127.0.0.1:@PORT3@ ssl crt @DIR@/leaf.pem ssl-max-ver TLSv1.2 "
                  "no-tls-tickets\n"
                  "  default_backend mock\n");
    peer_poll(haproxy, 10,
              "[defaults]\nca-file = @DIR@/ca.pem\n"
              "[servers]\n"
              "kept = https://127.0.0.1:@PORT@/a?delay=0.02\n"
              "kept-1.2 = https://127.0.0.1:@PORT2@/a?delay=0.02\n"
              "[server each]\nurl = https://127.0.0.1:@PORT@/a?delay=0.02\nkeep-alive = 0\n"
              "[server each-1.2]\nurl = https://127.0.0.1:@PORT2@/a?delay=0.02\nkeep-alive = 0\n"
              "[server each-id]\nurl = https://127.0.0.1:@PORT3@/a?delay=0.02\nkeep-alive = 0\n");
    scene_await_exit(0);
    scene_check_all_good(NULL);
    for (size_t i = 1; i < 10; i++) {
        ck_assert(peer_was_reused(scene_poll("kept", i)));
        ck_assert(peer_was_reused(scene_poll("kept-1.2", i)));
    }
    ck_assert_uint_eq(peer_handshakes().all, 1 + 1 + 10 + 10 + 10);
    ck_assert_uint_eq(peer_handshakes().resumed, 9 + 9 + 9);
}
END_TEST

static const char *const limits[] = {
    "  timeout http-keep-alive 50ms\n",
    "  timeout http-keep-alive 50ms\n  timeout http-request 300ms\n",
    "  timeout client 300ms\n  timeout http-keep-alive 10s\n",
};

/* Without a word: HAProxy says 408 only where a connection has not had its first request. */
START_TEST(a_connection_that_the_server_gave_up_is_replaced)
{
    struct bytes conf = {0};

    bytes_print(&conf,
                "%s"
                "frontend plain\n"
                "  bind 127.0.0.1:@PORT@\n"
                "  default_backend mock\n"
                "frontend secure\n"
                "  bind 127.0.0.1:@PORT2@ ssl crt @DIR@/leaf.pem\n"
                "  default_backend mock\n",
                limits[_i]);
    start_haproxy(conf.data);
    bytes_finish(&conf);
    peer_poll(haproxy, 3,
              "[defaults]\nca-file = @DIR@/ca.pem\n"
              "[servers]\n"
              "a = 127.0.0.1:@PORT@/a?delay=0.6\n"
              "b = https://127.0.0.1:@PORT2@/b?delay=0.6\n");
    scene_await_exit(0);
    scene_check_all_good(NULL);
    for (size_t i = 0; i < 3; i++) {
        ck_assert(!peer_was_reused(scene_poll("a", i)));
        ck_assert(!peer_was_reused(scene_poll("b", i)));
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("haproxy");
    TCase *tests = scene_case(suite, "answers");

    tcase_add_test(tests, an_answer_is_taken_for_what_it_is);
    tests = scene_case(suite, "connections");
    tcase_add_test(tests, a_secure_connection_is_kept_or_resumed);
    tcase_add_loop_test(tests, a_connection_that_the_server_gave_up_is_replaced, 0,
                        sizeof(limits) / sizeof(limits[0]));
    return suite;
}

PEER_MAIN(suite(), "haproxy", "haproxy")
