/*
 * Polls of nginx, as Debian has it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "bytes.h"
#include "certificates.h"
#include "peer_scene.h"

static struct peer *nginx;

/* Without a file of its own outside the directory. A 'user' is only for root, and nginx says so
 * to others. */
#define MAIN                                                                                       \
    "daemon off;\n"                                                                                \
    "user root;\n"                                                                                 \
    "pid @DIR@/nginx.pid;\n"                                                                       \
    "error_log stderr notice;\n"                                                                   \
    "worker_processes 1;\n"                                                                        \
    "worker_shutdown_timeout 5s;\n"                                                                \
    "events {}\n"

#define HTTP                                                                                       \
    "  access_log @DIR@/access.log;\n"                                                             \
    "  client_body_temp_path @DIR@/body;\n"                                                        \
    "  proxy_temp_path @DIR@/proxy;\n"                                                             \
    "  fastcgi_temp_path @DIR@/fastcgi;\n"                                                         \
    "  uwsgi_temp_path @DIR@/uwsgi;\n"                                                             \
    "  scgi_temp_path @DIR@/scgi;\n"                                                               \
    "  default_type text/plain;\n"                                                                 \
    "  root @DIR@;\n"

#define LISTEN "listen 127.0.0.1:@PORT@;\n"
#define GOOD   "location = /pace { return 200 0.02; }\n"

/* `http` is what stands in the block of that name. */
static void write_conf(const char *http)
{
    struct bytes conf = {0};

    bytes_print(&conf, MAIN "http {\n" HTTP "%s}\n", http);
    peer_write(nginx, "nginx.conf", conf.data);
    bytes_finish(&conf);
}

static void run_nginx(void)
{
    peer_start(nginx, "nginx", "-e", "stderr", "-c", "@DIR@/nginx.conf", NULL);
}

static void start_nginx(const char *http)
{
    nginx = peer_new(rig);
    write_conf(http);
    run_nginx();
}

static void run_tool(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run_tool(const char *format, ...)
{
    struct bytes line = {0};
    va_list args;

    va_start(args, format);
    bytes_print_args(&line, format, args);
    va_end(args);
    ck_assert_msg(system(line.data) == 0, "failed: %s", line.data);
    bytes_finish(&line);
}

/* --- answers --------------------------------------------------------------------------- */

#define BASE "http://127.0.0.1:@PORT@"

static const char answering[] =
    "gzip_types *;\n"
    "gzip_min_length 1;\n"
    "server {\n"
    "  " LISTEN "\n" GOOD "  location = /gzip { alias @DIR@/static; gzip on; }\n"
    "  location = /packed { gzip_static always; }\n"
    "  location = /empty { return 204; }\n"
    "  location = /nothing { return 200; }\n"
    "  location = /moved { return 301 /pace; }\n"
    "  location = /moved/far { absolute_redirect off; return 302 ../pace; }\n"
    "  location = /moved/away { return 307 http://127.0.0.1:@PORT2@/pace; }\n"
    "  location = /moved/chain { return 303 /moved/away; }\n"
    "  location = /moved/loop { return 308 /moved/loop; }\n"
    "  location = /moved/nowhere { return 302 gopher://127.0.0.1/; }\n"
    "  location = /ssi { alias @DIR@/ssi; ssi on; ssi_types *; }\n"
    "  location = /until-close { alias @DIR@/ssi; ssi on; ssi_types *;\n"
    "                            chunked_transfer_encoding off; }\n"
    "  location = /proxied { proxy_pass http://127.0.0.1:@PORT2@/ssi; }\n"
    "  location = /proxied/1.1 { proxy_http_version 1.1; proxy_pass http://127.0.0.1:@PORT2@/ssi; "
    "}\n"
    "  location = /proxied/to/nobody { proxy_pass http://127.0.0.1:1; }\n"
    "  location = /closing { alias @DIR@/static; keepalive_timeout 0; }\n"
    "  location = /busy { add_header Retry-After 1 always; return 503; }\n"
    "  location = /dropped { return 444; }\n"
    "  location = /secret { return 403; }\n"
    "  location = /slow { alias @DIR@/large; limit_rate 1k; }\n"
    "  location = /head { add_header X-Poll-Interval 0.02; alias @DIR@/static; }\n"
    "  location = /twice { add_header X-Poll-Interval 1; add_header X-Poll-Interval 2; return 200 "
    "5; }\n"
    "}\n"
    "server { listen 127.0.0.1:@PORT2@; " GOOD
    "  location = /ssi { alias @DIR@/ssi; ssi on; ssi_types *; }\n"
    "}\n";

static const struct peer_answer answers[] = {
    {.url = BASE "/static", .delay_ms = 20},
    {.url = BASE "/pace", .delay_ms = 20},
    {.url = BASE "/gzip", .delay_ms = 20},
    {.url = BASE "/gzip",
     .settings = "header = Accept-Encoding: gzip\n",
     .error = "no-delay",
     .status = 200,
     .detail = "the body is coded (\"gzip\")"},
    {.url = BASE "/packed",
     .error = "no-delay",
     .status = 200,
     .detail = "the body is coded (\"gzip\")"},
    {.url = BASE "/empty", .error = "no-delay", .status = 204, .detail = "is empty"},
    {.url = BASE "/nothing", .error = "no-delay", .status = 200, .detail = "is empty"},
    {.url = BASE "/moved", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/moved/far", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/moved/away", .delay_ms = 20, .redirects = 1},
    {.url = BASE "/moved/chain", .delay_ms = 20, .redirects = 2},
    {.url = BASE "/moved/loop", .error = "redirect", .status = 308, .redirects = 5},
    {.url = BASE "/moved/chain",
     .settings = "redirects = 1\n",
     .error = "redirect",
     .status = 307,
     .redirects = 1},
    {.url = BASE "/moved",
     .settings = "redirects = 0\n",
     .error = "redirect",
     .status = 301,
     .detail = "redirects is 0"},
    {.url = BASE "/moved/nowhere",
     .error = "redirect",
     .status = 302,
     .detail = "what cannot be polled"},
    {.url = BASE "/ssi", .delay_ms = 20},
    {.url = BASE "/until-close", .delay_ms = 20, .fresh = true},
    {.url = BASE "/proxied", .delay_ms = 20},
    {.url = BASE "/proxied/1.1", .delay_ms = 20},
    {.url = BASE "/proxied/to/nobody", .error = "status", .status = 502},
    {.url = BASE "/closing", .delay_ms = 20, .fresh = true},
    {.url = BASE "/busy", .error = "status", .status = 503, .delay_ms = 1000},
    {.url = BASE "/dropped", .error = "closed", .fresh = true},
    {.url = BASE "/secret", .error = "status", .status = 403},
    {.url = BASE "/missing", .error = "status", .status = 404},
    {.url = BASE "/static",
     .settings = "method = POST\nbody = x\n",
     .error = "status",
     .status = 405},
    {.url = BASE "/pace", .settings = "method = POST\nbody = x\n", .delay_ms = 20},
    {.url = BASE "/pace", .settings = "method = PUT\n", .delay_ms = 20},
    {.url = BASE "/slow", .settings = "timeout = 1s\n", .error = "timeout", .status = 200},
    {.url = BASE "/large", .settings = "max-body = 40000\n", .error = "too-large", .fresh = true},
    {.url = BASE "/head",
     .settings = "method = HEAD\ndelay-from = header:X-Poll-Interval\n",
     .delay_ms = 20},
    {.url = BASE "/head", .settings = "delay-from = header:x-poll-interval\n", .delay_ms = 20},
    {.url = BASE "/head",
     .settings = "delay-from = header:X-Poll-Interval\nheader = If-None-Match: *\n",
     .status = 304,
     .delay_ms = 20},
    {.url = BASE "/twice",
     .settings = "delay-from = header:X-Poll-Interval\n",
     .error = "no-delay",
     .status = 200,
     .detail = "more than once"},
};

START_TEST(an_answer_is_taken_for_what_it_is)
{
    struct bytes large = {0};

    bytes_append_byte(&large, '1', 50000);
    rig_write(rig, "large", "%s", large.data);
    bytes_finish(&large);
    rig_write(rig, "static", "0.02\n");
    rig_write(rig, "ssi", "<!--#set var=\"pace\" value=\"0.02\"--><!--#echo var=\"pace\"-->\n");
    run_tool("printf 0.02 | gzip > %s/packed.gz", rig_directory(rig));
    start_nginx(answering);
    peer_check_answers(nginx, answers, sizeof(answers) / sizeof(answers[0]));
}
END_TEST

/* A request of each kind that is no plain GET arrives as it is to. */
START_TEST(a_request_is_what_the_settings_say)
{
    const char *log;

    start_nginx("log_format asked '$request|$http_x_key|$content_length|$remote_user|$http_host';\n"
                "server { " LISTEN "\n"
                "  access_log @DIR@/asked.log asked;\n"
                "  location / { add_header X-Poll-Interval 0.02; return 200 0.02; }\n"
                "}\n");
    peer_poll(nginx, 1,
              "[aiopoll]\nstart-rate = 10\n"
              "[server get]\n"
              "url = http://me:secret@127.0.0.1:@PORT@/get?a=%20b\n"
              "header = X-Key: 1 2\n"
              "[server head]\n"
              "url = 127.0.0.1:@PORT@/head\n"
              "method = HEAD\n"
              "delay-from = header:X-Poll-Interval\n"
              "[server post]\n"
              "url = 127.0.0.1:@PORT@/post\n"
              "method = POST\n"
              "body = hello\n"
              "header = Host: other.test\n"
              "[server put]\n"
              "url = 127.0.0.1:@PORT@\n"
              "method = PUT\n");
    scene_await_exit(0);
    peer_stop(nginx);
    log = rig_read(rig, "asked.log");
    ck_assert_ptr_nonnull(strstr(log, "GET /get?a=%20b HTTP/1.1|1 2|-|me|127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(log, "HEAD /head HTTP/1.1|-|-|-|127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(log, "POST /post HTTP/1.1|-|5|-|other.test\n"));
    ck_assert_ptr_nonnull(strstr(log, "PUT / HTTP/1.1|-|0|-|127.0.0.1:"));
}
END_TEST

/* A header of that many kilobytes. */
static void start_with_header(unsigned kilobytes)
{
    struct bytes http = {0};

    bytes_print(&http, "server { " LISTEN "\n" GOOD "location = /large {\n  set $a ");
    bytes_append_byte(&http, 'a', 1024);
    bytes_print(&http, ";\n");
    for (unsigned i = 0; i < kilobytes; i++)
        bytes_print(&http, "  add_header X-%u $a;\n", i);
    bytes_print(&http, "  return 200 0.02;\n}\n}\n");
    start_nginx(http.data);
    bytes_finish(&http);
}

START_TEST(a_large_header_is_read)
{
    static const struct peer_answer large = {.url = BASE "/large", .delay_ms = 20};

    start_with_header(60);
    peer_check_answers(nginx, &large, 1);
}
END_TEST

START_TEST(too_large_a_header_is_not)
{
    static const struct peer_answer large = {
        .url = BASE "/large", .error = "too-large", .fresh = true};

    start_with_header(70);
    peer_check_answers(nginx, &large, 1);
}
END_TEST

/* --- where it listens --------------------------------------------------------------------- */

START_TEST(a_unix_socket_is_connected_to)
{
    nginx = peer_new(rig);
    write_conf("server { listen unix:@DIR@/nginx.sock; " GOOD
               "location = /away { return 302 http://127.0.0.1:@PORT@/pace; } }\n"
               "server { " LISTEN GOOD "}\n");
    run_nginx();
    peer_poll(nginx, 4,
              "[defaults]\nunix-socket = @DIR@/nginx.sock\n"
              "[servers]\n"
              "a = http://example.net/pace\n"
              "b = http://example.net/away\n");
    scene_await_exit(0);
    peer_await_good("a", 4, 20);
    peer_await_good("b", 4, 20);
    for (size_t i = 1; i < 4; i++) {
        ck_assert(peer_was_reused(scene_poll("a", i)));
        ck_assert_int_eq((int)rig_number(scene_poll("b", i), "redirects"), 1);
    }
}
END_TEST

START_TEST(ipv6_is_spoken)
{
    start_nginx("server { listen [::1]:@PORT@; " GOOD "}\n");
    peer_poll(nginx, 3, "[servers]\na = http://[::1]:@PORT@/pace\n");
    scene_await_exit(0);
    peer_await_good("a", 3, 20);
}
END_TEST

/* --- kept connections ------------------------------------------------------------------------ */

START_TEST(a_connection_is_kept)
{
    start_nginx("server { " LISTEN GOOD "}\n");
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
    start_nginx("keepalive_timeout 50ms;\n"
                "ssl_certificate @DIR@/own.pem;\n"
                "ssl_certificate_key @DIR@/own.pem;\n"
                "server { " LISTEN "location / { return 200 0.2; } }\n"
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
                "server { " LISTEN "location / { return 200 0.02; } }\n",
                timeouts[_i]);
    start_nginx(http.data);
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
    start_nginx("keepalive_requests 3;\nserver { " LISTEN GOOD "}\n");
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
                "  ssl_certificate_key @DIR@/leaf.pem;\n" GOOD
                "  location = /plain { return 302 http://127.0.0.1:@PORT@/pace; }\n"
                "  location = /until-close { alias @DIR@/ssi; ssi on; ssi_types *;\n"
                "                            chunked_transfer_encoding off; }\n"
                "  %s}\n",
                settings);
    start_nginx(http.data);
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
    rig_write(rig, "ssi", "<!--#set var=\"pace\" value=\"0.02\"--><!--#echo var=\"pace\"-->\n");
    start_with_tls("}\n"
                   "server { listen 127.0.0.1:@PORT2@;\n" GOOD
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

/* --- its life
 * -------------------------------------------------------------------------------------- */

static bool is_failing(void *arg)
{
    size_t cursor = 0;
    json_t *poll;

    (void)arg;
    while ((poll = rig_next_event(rig, &cursor, "poll", "a")) != NULL) {
        if (strcmp(rig_string(poll, "result"), "error") == 0)
            return true;
    }
    return false;
}

START_TEST(a_server_that_comes_back_is_polled_again)
{
    size_t told;
    json_t *failure;

    start_nginx("server { " LISTEN GOOD "}\n");
    peer_poll(nginx, 0, "[defaults]\nretry = 20ms\n[servers]\na = 127.0.0.1:@PORT@/pace\n");
    peer_await_good("a", 3, 20);
    peer_stop(nginx);
    rig_wait(rig, is_failing, NULL, SCENE_LIMIT_MS);
    failure = rig_event(rig, "poll", "a", rig_count_events(rig, "poll", "a") - 1);
    ck_assert_str_eq(rig_string(failure, "error"), "connect");
    run_nginx();
    told = rig_count_events(rig, "poll", "a");
    scene_await_polls("a", told + 3);
    ck_assert_str_eq(rig_string(scene_poll("a", told + 2), "result"), "ok");
}
END_TEST

static bool has_new_pace(void *arg)
{
    json_t *poll = scene_poll("a", rig_count_events(rig, "poll", "a") - 1);

    (void)arg;
    return scene_ns(poll, "delay") == 10000000;
}

/* While it is polled: no poll fails, and the new configuration's word is heard. */
START_TEST(a_reload_of_the_server_is_no_failure)
{
    start_nginx("server { " LISTEN GOOD "}\n");
    peer_poll(nginx, 0,
              "[servers]\na = 127.0.0.1:@PORT@/pace\n"
              "b = 127.0.0.1:@PORT@/pace\n"
              "c = 127.0.0.1:@PORT@/pace\n");
    for (size_t i = 0; i < 5; i++) {
        size_t told = rig_count_events(rig, "poll", "a");

        scene_await_polls("a", told + 5);
        peer_signal(nginx, SIGHUP);
    }
    write_conf("server { " LISTEN "location = /pace { return 200 0.01; } }\n");
    peer_signal(nginx, SIGHUP);
    rig_wait(rig, has_new_pace, NULL, SCENE_LIMIT_MS);
    rig_stop(rig);
    scene_check_all_good(NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("nginx");
    TCase *tests = scene_case(suite, "answers");

    tcase_add_test(tests, an_answer_is_taken_for_what_it_is);
    tcase_add_test(tests, a_request_is_what_the_settings_say);
    tcase_add_test(tests, a_large_header_is_read);
    tcase_add_test(tests, too_large_a_header_is_not);
    tests = scene_case(suite, "listening");
    tcase_add_test(tests, a_unix_socket_is_connected_to);
    tcase_add_test(tests, ipv6_is_spoken);
    tests = scene_case(suite, "keep-alive");
    tcase_add_test(tests, a_connection_is_kept);
    tcase_add_test(tests, one_that_the_server_gave_up_is_replaced);
    tcase_add_loop_test(tests, one_that_the_server_gives_up_just_then_is_no_failure, 0, 5);
    tcase_add_test(tests, a_connection_has_as_many_requests_as_the_server_allows);
    tests = scene_case(suite, "tls");
    tcase_add_loop_test(tests, a_secure_connection_is_kept, 0, 4);
    tcase_add_loop_test(tests, a_secure_connection_is_resumed, 0, 4);
    tcase_add_test(tests, tls_and_plain_are_not_mixed_up);
    tests = scene_case(suite, "life");
    tcase_add_test(tests, a_server_that_comes_back_is_polled_again);
    tcase_add_test(tests, a_reload_of_the_server_is_no_failure);
    return suite;
}

PEER_MAIN(suite(), "nginx", "nginx")
