/*
 * Polls of httpbin, as Debian has it, served by Gunicorn and, in HTTP/1.0, by
 * the server that comes with Python.
 */
#include <stdio.h>

#include "bytes.h"
#include "peer_scene.h"

/* Debian's Python, for which the packages are; another one may come before it in PATH. */
#define PYTHON "/usr/bin/python3"

static struct peer *httpbin;

#define BASE "http://127.0.0.1:@PORT@"

/* A body of 0.02, and a whole number of seconds where only the length can be one. */
#define PACE           "/base64/MC4wMg=="
#define LENGTH_IS_IT   "delay-from = header:Content-Length\nmax-delay = 20ms\n"
#define INTERVAL_IS_IT "delay-from = header:X-Poll-Interval\n"

static const struct peer_answer redirects[] = {
    {.url = BASE "/redirect/1", .error = "no-delay", .status = 200, .redirects = 1},
    {.url = BASE "/redirect/5", .settings = LENGTH_IS_IT, .redirects = 5, .delay_ms = 20},
    {.url = BASE "/redirect/6",
     .error = "redirect",
     .status = 302,
     .redirects = 5,
     .detail = "more than 5 redirects"},
    {.url = BASE "/redirect/6",
     .settings = LENGTH_IS_IT "redirects = 6\n",
     .redirects = 6,
     .delay_ms = 20},
    {.url = BASE "/redirect/1",
     .settings = "redirects = 0\n",
     .error = "redirect",
     .status = 302,
     .detail = "redirects is 0"},
    {.url = BASE "/absolute-redirect/3", .settings = LENGTH_IS_IT, .redirects = 3, .delay_ms = 20},
    {.url = BASE "/relative-redirect/3", .settings = LENGTH_IS_IT, .redirects = 3, .delay_ms = 20},
    {.url = BASE "/redirect-to?url=" PACE, .redirects = 1, .delay_ms = 20},
    {.url = BASE "/redirect-to?url=.." PACE, .redirects = 1, .delay_ms = 20},
    {.url = BASE "/redirect-to?url=." PACE "%23part", .redirects = 1, .delay_ms = 20},
    {.url = BASE "/redirect-to?url=//127.0.0.1:@PORT@" PACE, .redirects = 1, .delay_ms = 20},
    {.url = BASE "/redirect-to?url=" BASE PACE "&status_code=308", .redirects = 1, .delay_ms = 20},
    {.url = BASE "/redirect-to?url=http://localhost:@PORT@" PACE, .redirects = 1, .delay_ms = 20},
    {.url = BASE "/redirect-to?url=ftp://127.0.0.1/",
     .error = "redirect",
     .status = 302,
     .detail = "what cannot be polled"},
    {.url = BASE "/redirect-to?url=http://127.0.0.1:1/",
     .error = "connect",
     .redirects = 1,
     .detail = "redirected to http://127.0.0.1:1: 127.0.0.1:1: connection refused"},
    {.url = BASE "/redirect-to?url=" PACE "&status_code=300", .error = "status", .status = 300},
    {.url = BASE "/redirect-to?url=" PACE "&status_code=303",
     .settings = "method = POST\nbody = x\n",
     .redirects = 1,
     .delay_ms = 20},
    {.url = BASE "/redirect-to?url=" PACE "&status_code=302",
     .settings = "method = POST\nbody = x\n",
     .redirects = 1,
     .delay_ms = 20},
    {.url = BASE "/redirect-to?url=" PACE "&status_code=307",
     .settings = "method = POST\nbody = x\n",
     .error = "status",
     .status = 405,
     .redirects = 1},
    {.url = BASE "/redirect-to?url=/put&status_code=302",
     .settings = "method = PUT\nbody = x\n" LENGTH_IS_IT,
     .redirects = 1,
     .delay_ms = 20},
    {.url = BASE "/cookies/set?a=b", .error = "no-delay", .status = 200, .redirects = 1},
};

static const struct peer_answer states[] = {
    {.url = BASE "/status/200", .error = "no-delay", .status = 200, .detail = "is empty"},
    {.url = BASE "/status/204", .error = "no-delay", .status = 204, .detail = "is empty"},
    {.url = BASE "/status/301", .settings = LENGTH_IS_IT, .redirects = 2, .delay_ms = 20},
    {.url = BASE "/status/304", .error = "status", .status = 304},
    {.url = BASE "/status/304", .settings = INTERVAL_IS_IT, .error = "no-delay", .status = 304},
    {.url = BASE "/status/400", .error = "status", .status = 400},
    {.url = BASE "/status/418", .error = "status", .status = 418},
    {.url = BASE "/status/500", .error = "status", .status = 500},
    {.url = BASE "/status/503", .error = "status", .status = 503},
    {.url = BASE "/status/101", .error = "protocol", .fresh = true},
    {.url = BASE "/status/600", .error = "protocol", .fresh = true},
    {.url = BASE "/bytes/100?seed=1", .error = "no-delay", .status = 200},
    {.url = BASE "/cache",
     .settings = "header = If-None-Match: x\n",
     .error = "status",
     .status = 304},
};

static const struct peer_answer bodies[] = {
    {.url = BASE PACE, .delay_ms = 20},
    {.url = BASE "/base64/c29vbg==", .error = "no-delay", .status = 200, .detail = "\"soon\""},
    {.url = BASE "/stream/3", .error = "no-delay", .status = 200},
    {.url = BASE "/stream/100",
     .settings = "max-body = 2k\n",
     .error = "too-large",
     .status = 200,
     .fresh = true},
    /* The two bytes that this seed gives are "60", where nobody else draws at that time. */
    {.url = BASE "/stream-bytes/2?seed=2585&chunk_size=1",
     .settings = "max-delay = 20ms\n",
     .delay_ms = 20},
    {.url = BASE "/range/26?chunk_size=5", .error = "no-delay", .status = 200},
    {.url = BASE "/drip?numbytes=5&duration=0.1", .error = "no-delay", .status = 200},
    {.url = BASE "/drip?numbytes=5&duration=0.1", .settings = LENGTH_IS_IT, .delay_ms = 20},
    {.url = BASE "/drip?numbytes=5&duration=0.1&code=503", .error = "status", .status = 503},
    {.url = BASE "/delay/1", .settings = LENGTH_IS_IT, .delay_ms = 20},
    {.url = BASE "/gzip",
     .error = "no-delay",
     .status = 200,
     .detail = "the body is coded (\"gzip\")"},
    {.url = BASE "/deflate",
     .error = "no-delay",
     .status = 200,
     .detail = "the body is coded (\"deflate\")"},
    {.url = BASE "/brotli",
     .error = "no-delay",
     .status = 200,
     .detail = "the body is coded (\"br\")"},
    {.url = BASE "/gzip", .settings = LENGTH_IS_IT, .delay_ms = 20},
    {.url = BASE "/encoding/utf8", .error = "no-delay", .status = 200},
    {.url = BASE "/image/png", .error = "no-delay", .status = 200},
    {.url = BASE "/response-headers?X-Poll-Interval=0.02",
     .settings = INTERVAL_IS_IT,
     .delay_ms = 20},
    {.url = BASE "/response-headers?X-Poll-Interval=0.02",
     .settings = INTERVAL_IS_IT "method = HEAD\n",
     .delay_ms = 20},
    {.url = BASE "/response-headers?X-Poll-Interval=1&X-Poll-Interval=2",
     .settings = INTERVAL_IS_IT,
     .error = "no-delay",
     .status = 200,
     .detail = "more than once"},
    {.url = BASE "/response-headers?X-Poll-Interval=soon",
     .settings = INTERVAL_IS_IT,
     .error = "no-delay",
     .status = 200,
     .detail = "\"soon\""},
    /* It says when to come again, but only a failure is heard in that. */
    {.url = BASE "/response-headers?Retry-After=9", .error = "no-delay", .status = 200},
    {.url = BASE "/response-headers?Retry-After=0.02",
     .settings = "delay-from = header:Retry-After\n",
     .delay_ms = 20},
};

static const struct peer_answer secrets[] = {
    {.url = BASE "/basic-auth/me/secret", .error = "status", .status = 401},
    {.url = BASE "/basic-auth/me/secret",
     .settings = "basic-auth-file = @DIR@/user\n" LENGTH_IS_IT,
     .delay_ms = 20},
    {.url = BASE "/basic-auth/me/other",
     .settings = "basic-auth-file = @DIR@/user\n",
     .error = "status",
     .status = 401},
    {.url = "http://me:secret@127.0.0.1:@PORT@/basic-auth/me/secret",
     .settings = LENGTH_IS_IT,
     .delay_ms = 20},
    {.url = BASE "/hidden-basic-auth/me/secret", .error = "status", .status = 404},
    {.url = BASE "/hidden-basic-auth/me/secret",
     .settings = "basic-auth-file = @DIR@/user\n" LENGTH_IS_IT,
     .delay_ms = 20},
    {.url = BASE "/redirect-to?url=/basic-auth/me/secret",
     .settings = "basic-auth-file = @DIR@/user\n" LENGTH_IS_IT,
     .redirects = 1,
     .delay_ms = 20},
    /* Another origin is told nothing, even where it is the same machine. */
    {.url = BASE "/redirect-to?url=http://localhost:@PORT@/basic-auth/me/secret",
     .settings = "basic-auth-file = @DIR@/user\n",
     .error = "status",
     .status = 401,
     .redirects = 1},
    {.url = BASE "/bearer", .error = "status", .status = 401},
    {.url = BASE "/bearer",
     .settings = "bearer-token-file = @DIR@/token\n" LENGTH_IS_IT,
     .delay_ms = 20},
    {.url = BASE "/bearer",
     .settings = "header = Authorization: Bearer abc.def\n" LENGTH_IS_IT,
     .delay_ms = 20},
    {.url = BASE "/redirect-to?url=http://localhost:@PORT@/bearer",
     .settings = "bearer-token-file = @DIR@/token\n",
     .error = "status",
     .status = 401,
     .redirects = 1},
    {.url = BASE "/digest-auth/auth/me/secret",
     .settings = "basic-auth-file = @DIR@/user\n",
     .error = "status",
     .status = 401},
};

static const struct table {
    const struct peer_answer *answers;
    size_t count;
} tables[] = {
    {redirects, sizeof(redirects) / sizeof(redirects[0])},
    {states, sizeof(states) / sizeof(states[0])},
    {bodies, sizeof(bodies) / sizeof(bodies[0])},
    {secrets, sizeof(secrets) / sizeof(secrets[0])},
};

static void start_gunicorn(void)
{
    httpbin = peer_new(rig);
    peer_start(httpbin, PYTHON, "-m", "gunicorn", "-b", "127.0.0.1:@PORT@", "--worker-class",
               "gthread", "--threads", "32", "--keep-alive", "30", "--graceful-timeout", "0",
               "httpbin:app", NULL);
}

/* All with one start of it, which is what takes longest. */
START_TEST(an_answer_is_taken_for_what_it_is)
{
    rig_write(rig, "user", "me:secret\n");
    rig_write(rig, "token", "abc.def\n");
    start_gunicorn();
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        peer_check_answers(httpbin, tables[i].answers, tables[i].count);
}
END_TEST

START_TEST(a_connection_is_kept)
{
    start_gunicorn();
    peer_poll(httpbin, 5,
              "[servers]\n"
              "a = " BASE PACE "\n"
              "b = " BASE "/redirect-to?url=" PACE "\n");
    scene_await_exit(0);
    peer_await_good("a", 5, 20);
    peer_await_good("b", 5, 20);
    for (size_t i = 1; i < 5; i++) {
        ck_assert(peer_was_reused(scene_poll("a", i)));
        ck_assert(peer_was_reused(scene_poll("b", i)));
    }
}
END_TEST

START_TEST(a_slow_answer_is_cut_off)
{
    static const struct peer_answer slow[] = {
        {.url = BASE "/drip?numbytes=30&duration=30",
         .error = "timeout",
         .status = 200,
         .detail = "in the middle of the response",
         .fresh = true},
        {.url = BASE "/delay/10",
         .error = "timeout",
         .detail = "waiting for the response",
         .fresh = true},
    };

    start_gunicorn();
    peer_check_answers_with(httpbin, "timeout = 4s\n", slow, sizeof(slow) / sizeof(slow[0]));
}
END_TEST

/* It has one connection at a time. */
START_TEST(http_1_0_is_understood)
{
    static const struct peer_answer plain[] = {
        {.url = BASE PACE, .delay_ms = 20, .fresh = true},
        {.url = BASE "/stream/3", .error = "no-delay", .status = 200, .fresh = true},
        {.url = BASE "/redirect/2", .settings = LENGTH_IS_IT, .redirects = 2, .delay_ms = 20},
        {.url = BASE "/status/404", .error = "status", .status = 404, .fresh = true},
    };

    httpbin = peer_new(rig);
    peer_start(httpbin, PYTHON, "-c",
               "import httpbin, wsgiref.simple_server as simple_server\n"
               "simple_server.make_server('127.0.0.1', @PORT@, httpbin.app).serve_forever()",
               NULL);
    peer_check_answers(httpbin, plain, sizeof(plain) / sizeof(plain[0]));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("httpbin");
    TCase *tests = scene_case(suite, "httpbin");

    tcase_add_test(tests, an_answer_is_taken_for_what_it_is);
    tcase_add_test(tests, a_connection_is_kept);
    tcase_add_test(tests, a_slow_answer_is_cut_off);
    tcase_add_test(tests, http_1_0_is_understood);
    return suite;
}

int main(void)
{
    if (system(PYTHON " -c 'import httpbin, gunicorn' 2>/dev/null") == 0)
        return check_main(suite());
    fprintf(stderr, "skipped: " PYTHON " lacks httpbin or gunicorn (Debian's packages "
                    "python3-httpbin and python3-gunicorn)\n");
    return 77;
}
