/*
 * Connections to nginx, as Debian has it: kept, given up, secure, resumed.
 */
#include <stdio.h>

#include "bytes.h"
#include "certificates.h"
#include "nginx.h"

static struct peer *nginx;

/* --- kept connections ------------------------------------------------------------------------ */

START_TEST(a_connection_is_kept)
{
    nginx = nginx_start("server { " NGINX_LISTEN NGINX_PACE "}\n");
    peer_poll(nginx, 10, "[servers]\na = 127.0.0.1:@PORT@/pace\n");
    scene_await_exit(0);
    peer_await_good("a", 10, 20);
    for (size_t i = 0; i < 10; i++)
        ck_assert_int_eq(peer_was_reused(scene_poll("a", i)), i > 0);
}
END_TEST

/* In TLS as well, where the server says its close_notify before. */
START_TEST(one_that_the_server_gave_up_is_replaced)
{
    certificate_make(rig, &(struct certificate_wish){.name = "own", .sans = "IP:127.0.0.1"});
    nginx =
        nginx_start("keepalive_timeout 50ms;\n"
                    "ssl_certificate @DIR@/own.pem;\n"
                    "ssl_certificate_key @DIR@/own.pem;\n"
                    "server { " NGINX_LISTEN "location / { return 200 0.2; } }\n"
                    "server { listen 127.0.0.1:@PORT2@ ssl; location / { return 200 0.2; } }\n");
    peer_poll(nginx, 4,
              "[servers]\na = 127.0.0.1:@PORT@\n"
              "[server b]\nurl = https://127.0.0.1:@PORT2@\nca-file = @DIR@/own.pem\n");
    scene_await_exit(0);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(!peer_was_reused(scene_poll("a", i)));
        ck_assert(!peer_was_reused(scene_poll("b", i)));
    }
}
END_TEST

/* Each request comes at about the moment when the server gives the connection up. */
START_TEST(one_that_the_server_gives_up_just_then_is_no_failure)
{
    static const char *const timeouts[] = {"18ms", "19ms", "20ms", "21ms", "22ms"};
    struct bytes http = {0};

    bytes_print(&http,
                "keepalive_timeout %s;\n"
                "server { " NGINX_LISTEN "location / { return 200 0.02; } }\n",
                timeouts[_i]);
    nginx = nginx_start(http.data);
    bytes_finish(&http);
    peer_poll(nginx, 20,
              "[servers]\na = 127.0.0.1:@PORT@\nb = 127.0.0.1:@PORT@\nc = 127.0.0.1:@PORT@\n");
    scene_await_exit(0);
    peer_await_good("a", 20, 20);
    scene_check_all_good(NULL);
}
END_TEST

START_TEST(a_connection_has_as_many_requests_as_the_server_allows)
{
    nginx = nginx_start("keepalive_requests 3;\nserver { " NGINX_LISTEN NGINX_PACE "}\n");
    peer_poll(nginx, 9, "[servers]\na = 127.0.0.1:@PORT@/pace\n");
    scene_await_exit(0);
    peer_await_good("a", 9, 20);
    for (size_t i = 0; i < 9; i++)
        ck_assert_int_eq(peer_was_reused(scene_poll("a", i)), i % 3 != 0);
}
END_TEST

/* --- TLS ----------------------------------------------------------------------------------------
 */

static const struct protocol {
    const char *settings;
} protocols[] = {
    {"ssl_protocols TLSv1.2;\n"},
    {"ssl_protocols TLSv1.2;\nssl_session_tickets off;\nssl_session_cache shared:a:1m;\n"},
    {"ssl_protocols TLSv1.3;\n"},
    {"ssl_protocols TLSv1.3;\nssl_session_tickets off;\nssl_session_cache shared:a:1m;\n"},
};

static void start_with_tls(const char *settings)
{
    struct bytes http = {0};

    certificate_make(rig, &(struct certificate_wish){.name = "ca", .is_ca = true});
    certificate_make(
        rig, &(struct certificate_wish){.name = "leaf", .issuer = "ca", .sans = "IP:127.0.0.1"});
    bytes_print(&http,
                "server {\n"
                "  listen 127.0.0.1:@PORT@ ssl;\n"
                "  ssl_certificate @DIR@/leaf.pem;\n"
                "  ssl_certificate_key @DIR@/leaf.pem;\n" NGINX_PACE
                "  location = /plain { return 302 http://127.0.0.1:@PORT@/pace; }\n"
                "  location = /until-close { " NGINX_PARTS "chunked_transfer_encoding off; }\n"
                "  %s}\n",
                settings);
    nginx = nginx_start(http.data);
    bytes_finish(&http);
}

#define TRUSTED "[defaults]\nca-file = @DIR@/ca.pem\n"

START_TEST(a_secure_connection_is_kept)
{
    start_with_tls(protocols[_i].settings);
    peer_poll(nginx, 10, TRUSTED "[servers]\na = https://127.0.0.1:@PORT@/pace\n");
    scene_await_exit(0);
    peer_await_good("a", 10, 20);
    ck_assert_uint_eq(peer_handshakes().all, 1);
    for (size_t i = 1; i < 10; i++)
        ck_assert(peer_was_reused(scene_poll("a", i)));
}
END_TEST

START_TEST(a_secure_connection_is_resumed)
{
    start_with_tls(protocols[_i].settings);
    peer_poll(nginx, 10, TRUSTED "keep-alive = 0\n[servers]\na = https://127.0.0.1:@PORT@/pace\n");
    scene_await_exit(0);
    peer_await_good("a", 10, 20);
    ck_assert_uint_eq(peer_handshakes().all, 10);
    ck_assert_uint_eq(peer_handshakes().resumed, 9);
}
END_TEST

START_TEST(tls_and_plain_are_not_mixed_up)
{
    static const struct peer_answer mixed[] = {
        {.url = "https://127.0.0.1:@PORT@/pace",
         .error = "tls",
         .detail = "issuer",
         .settings = "ca-file = @DIR@/other.pem\n"},
        {.url = "https://127.0.0.1:@PORT@/pace", .settings = "verify = no\n", .delay_ms = 20},
        {.url = "http://127.0.0.1:@PORT@/pace", .error = "status", .status = 400, .fresh = true},
        {.url = "https://127.0.0.1:@PORT2@/pace", .error = "tls"},
        {.url = "https://127.0.0.1:@PORT@/plain",
         .settings = "verify = no\n",
         .error = "redirect",
         .status = 302,
         .detail = "https to http"},
        {.url = "http://127.0.0.1:@PORT2@/secure",
         .settings = "ca-file = @DIR@/ca.pem\n",
         .delay_ms = 20,
         .redirects = 1},
        {.url = "https://127.0.0.1:@PORT@/until-close",
         .settings = "ca-file = @DIR@/ca.pem\n",
         .delay_ms = 20,
         .fresh = true},
        {.url = "https://127.0.0.1:@PORT3@/",
         .settings = "ca-file = @DIR@/ca.pem\n",
         .error = "status",
         .status = 400},
        {.url = "https://127.0.0.1:@PORT3@/",
         .settings = "ca-file = @DIR@/ca.pem\ncert-file = @DIR@/me.pem\n",
         .delay_ms = 20},
    };

    certificate_make(rig, &(struct certificate_wish){.name = "other", .is_ca = true});
    start_with_tls("}\n"
                   "server { listen 127.0.0.1:@PORT2@;\n" NGINX_PACE
                   "  location = /secure { return 302 https://127.0.0.1:@PORT@/pace; }\n"
                   "}\n"
                   "server { listen 127.0.0.1:@PORT3@ ssl http2;\n"
                   "  ssl_certificate @DIR@/leaf.pem;\n"
                   "  ssl_certificate_key @DIR@/leaf.pem;\n"
                   "  ssl_verify_client on;\n"
                   "  ssl_client_certificate @DIR@/ca.pem;\n"
                   "  location / { return 200 0.02; }\n"
                   "}\n"
                   "server { listen 127.0.0.1:@PORT4@;\n");
    certificate_make(rig, &(struct certificate_wish){.name = "me", .issuer = "ca"});
    peer_check_answers(nginx, mixed, sizeof(mixed) / sizeof(mixed[0]));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("nginx connections");
    TCase *tests = scene_case(suite, "keep-alive");

    tcase_add_test(tests, a_connection_is_kept);
    tcase_add_test(tests, one_that_the_server_gave_up_is_replaced);
    tcase_add_loop_test(tests, one_that_the_server_gives_up_just_then_is_no_failure, 0, 5);
    tcase_add_test(tests, a_connection_has_as_many_requests_as_the_server_allows);
    tests = scene_case(suite, "tls");
    tcase_add_loop_test(tests, a_secure_connection_is_kept, 0, 4);
    tcase_add_loop_test(tests, a_secure_connection_is_resumed, 0, 4);
    tcase_add_test(tests, tls_and_plain_are_not_mixed_up);
    return suite;
}

PEER_MAIN(suite(), "nginx", "nginx")
