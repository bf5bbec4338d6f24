/*
 * Polls of nginx, as Debian has it: what it answers, where it listens, and what
 * happens to it.
 */
#include <signal.h>
#include <stdio.h>

#include "bytes.h"
#include "nginx.h"

static struct peer *nginx;

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
    "  " NGINX_LISTEN "\n" NGINX_PACE "  location = /gzip { alias @DIR@/static; gzip on; }\n"
    "  location = /packed { gzip_static always; }\n"
    "  location = /empty { return 204; }\n"
    "  location = /nothing { return 200; }\n"
    "  location = /moved { return 301 /pace; }\n"
    "  location = /moved/far { absolute_redirect off; return 302 ../pace; }\n"
    "  location = /moved/away { return 307 http://127.0.0.1:@PORT2@/pace; }\n"
    "  location = /moved/chain { return 303 /moved/away; }\n"
    "  location = /moved/loop { return 308 /moved/loop; }\n"
    "  location = /moved/nowhere { return 302 gopher://127.0.0.1/; }\n"
    "  location = /ssi { " NGINX_PARTS "}\n"
    "  location = /until-close { " NGINX_PARTS "chunked_transfer_encoding off; }\n"
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
    "server { listen 127.0.0.1:@PORT2@; " NGINX_PACE "  location = /ssi { " NGINX_PARTS "}\n"
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
    run_tool("printf 0.02 | gzip > %s/packed.gz", rig_directory(rig));
    nginx = nginx_start(answering);
    peer_check_answers(nginx, answers, sizeof(answers) / sizeof(answers[0]));
}
END_TEST

/* A request of each kind that is no plain GET arrives as it is to. */
START_TEST(a_request_is_what_the_settings_say)
{
    const char *log;

    nginx = nginx_start(
        "log_format asked '$request|$http_x_key|$content_length|$remote_user|$http_host';\n"
        "server { " NGINX_LISTEN "\n"
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

    bytes_print(&http, "server { " NGINX_LISTEN "\n" NGINX_PACE "location = /large {\n  set $a ");
    bytes_append_byte(&http, 'a', 1024);
    bytes_print(&http, ";\n");
    for (unsigned i = 0; i < kilobytes; i++)
        bytes_print(&http, "  add_header X-%u $a;\n", i);
    bytes_print(&http, "  return 200 0.02;\n}\n}\n");
    nginx = nginx_start(http.data);
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
    nginx = nginx_start("server { listen unix:@DIR@/nginx.sock; " NGINX_PACE
                        "location = /away { return 302 http://127.0.0.1:@PORT@/pace; } }\n"
                        "server { " NGINX_LISTEN NGINX_PACE "}\n");
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
    struct mock_server *probe;

    if (mock_server_new(&probe, rig_loop(rig), "::1", 0) != 0) {
        fprintf(stderr, "skipped: this machine has no ::1\n");
        return;
    }
    mock_server_free(probe);
    nginx = nginx_start("server { listen [::1]:@PORT@; " NGINX_PACE "}\n");
    peer_poll(nginx, 3, "[servers]\na = http://[::1]:@PORT@/pace\n");
    scene_await_exit(0);
    peer_await_good("a", 3, 20);
}
END_TEST

/* --- its life
 * -------------------------------------------------------------------------------------- */

static bool is_refused(void *arg)
{
    size_t cursor = 0;
    json_t *poll;

    (void)arg;
    while ((poll = rig_next_event(rig, &cursor, "poll", "a")) != NULL) {
        const char *error = json_string_value(json_object_get(poll, "error"));

        if (error != NULL && strcmp(error, "connect") == 0)
            return true;
    }
    return false;
}

/* In between there may also be one that was closed, as the server had just begun with it. */
START_TEST(a_server_that_comes_back_is_polled_again)
{
    size_t told;

    nginx = nginx_start("server { " NGINX_LISTEN NGINX_PACE "}\n");
    peer_poll(nginx, 0, "[defaults]\nretry = 20ms\n[servers]\na = 127.0.0.1:@PORT@/pace\n");
    peer_await_good("a", 3, 20);
    peer_stop(nginx);
    rig_wait(rig, is_refused, NULL, SCENE_LIMIT_MS);
    nginx_run(nginx);
    told = rig_count_events(rig, "poll", "a");
    scene_await_polls("a", told + 5);
    ck_assert_str_eq(rig_string(scene_poll("a", told + 4), "result"), "ok");
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
    nginx = nginx_start("server { " NGINX_LISTEN NGINX_PACE "}\n");
    peer_poll(nginx, 0,
              "[servers]\na = 127.0.0.1:@PORT@/pace\n"
              "b = 127.0.0.1:@PORT@/pace\n"
              "c = 127.0.0.1:@PORT@/pace\n");
    for (size_t i = 0; i < 5; i++) {
        size_t told = rig_count_events(rig, "poll", "a");

        scene_await_polls("a", told + 5);
        peer_signal(nginx, SIGHUP);
    }
    nginx_configure(nginx, "server { " NGINX_LISTEN "location = /pace { return 200 0.01; } }\n");
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
    tests = scene_case(suite, "life");
    tcase_add_test(tests, a_server_that_comes_back_is_polled_again);
    tcase_add_test(tests, a_reload_of_the_server_is_no_failure);
    return suite;
}

PEER_MAIN(suite(), "nginx", "nginx")
