/* What a running aiopoll serves of its servers, and what becomes of that with time. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "check_main.h"
#include "clock_scene.h"
#include "scene.h"

/* One request, on a connection of its own, over the rig's loop. */
struct inquiry {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    struct bytes request, answer;
    bool over;
};

static struct inquiry inquiry;
static json_t *answer;

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
    inquiry.over = true;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    static char bytes[65536];

    (void)handle, (void)size;
    *buffer = uv_buf_init(bytes, sizeof(bytes));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    if (length > 0)
        bytes_append(&inquiry.answer, buffer->base, (size_t)length);
    else if (length < 0)
        uv_close((uv_handle_t *)stream, on_closed);
}

static void on_written(uv_write_t *write, int status)
{
    ck_assert_int_eq(status, 0);
    uv_read_start(write->handle, on_alloc, on_read);
}

static void on_connected(uv_connect_t *connect, int status)
{
    uv_buf_t buffer = uv_buf_init(inquiry.request.data, (unsigned)inquiry.request.length);

    ck_assert_int_eq(status, 0);
    uv_write(&inquiry.write, connect->handle, &buffer, 1, on_written);
}

static bool is_over(void *arg)
{
    (void)arg;
    return inquiry.over;
}

static int port(void)
{
    const char *address;

    rig_wait_events(rig, "listen", NULL, 1, SCENE_LIMIT_MS);
    address = rig_string(rig_event(rig, "listen", NULL, 0), "address");
    ck_assert_int_eq(strncmp(address, "127.0.0.1:", 10), 0);
    return atoi(address + 10);
}

/* The whole answer, its fields included. By HTTP/1.0, so that no chunks are in it. */
static const char *ask(const char *target)
{
    struct sockaddr_in address;

    bytes_finish(&inquiry.request);
    bytes_finish(&inquiry.answer);
    inquiry = (struct inquiry){0};
    bytes_print(&inquiry.request, "GET %s HTTP/1.0\r\n\r\n", target);
    uv_ip4_addr("127.0.0.1", port(), &address);
    uv_tcp_init(rig_loop(rig), &inquiry.tcp);
    uv_tcp_connect(&inquiry.connect, &inquiry.tcp, (const struct sockaddr *)&address, on_connected);
    rig_wait(rig, is_over, NULL, SCENE_LIMIT_MS);
    return bytes_text(&inquiry.answer);
}

static const char *ask_body(const char *target, int status)
{
    const char *whole = ask(target), *body = strstr(whole, "\r\n\r\n");

    ck_assert_int_eq(strncmp(whole, "HTTP/1.", 7), 0);
    ck_assert_int_eq(atoi(whole + 9), status);
    ck_assert_ptr_nonnull(body);
    return body + 4;
}

static json_t *ask_json(const char *target, int status)
{
    json_error_t error;

    json_decref(answer);
    answer = json_loads(ask_body(target, status), JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(answer != NULL, "%s:%d: %s", target, error.line, error.text);
    return answer;
}

/* All, after 0. */
static json_t *servers_since(double change)
{
    char target[100] = "/status.json";

    if (change > 0)
        snprintf(target, sizeof(target), "/status.json?since=%.0f", change);
    return json_object_get(ask_json(target, 200), "servers");
}

static json_t *server_of(json_t *servers, const char *name)
{
    size_t index;
    json_t *server;

    json_array_foreach(servers, index,
                       server) if (strcmp(rig_string(server, "name"), name) == 0) return server;
    ck_abort_msg("there is no server %s", name);
    return NULL;
}

static void teardown(void)
{
    json_decref(answer);
    answer = NULL;
    bytes_finish(&inquiry.request);
    bytes_finish(&inquiry.answer);
}

#define LISTEN "[aiopoll]\nlisten = 127.0.0.1:0\n"

/* --- /status.json ------------------------------------------------------------------------- */

START_TEST(all_servers_are_told_in_their_order)
{
    json_t *servers, *server;
    const json_t *poll;

    scene_start(LISTEN "[servers]\nz = @/z?delay=60\na = @/a?status=404\nm = @/m?delay=0.05\n");
    scene_await_polls("m", 5);
    servers = servers_since(0);
    ck_assert_uint_eq(json_array_size(servers), 3);
    ck_assert_int_eq((int)rig_number(answer, "ok"), 2);
    ck_assert_int_eq((int)rig_number(answer, "failing"), 1);
    ck_assert_int_eq((int)rig_number(answer, "overdue"), 0);
    ck_assert_int_eq((int)rig_number(answer, "pid"), rig_pid(rig));
    ck_assert(rig_number(answer, "now") > rig_number(answer, "started"));
    ck_assert_double_eq_tol(rig_number(answer, "now") - rig_number(answer, "started"),
                            rig_number(answer, "up"), 0.1);
    ck_assert_int_eq((int)rig_number(answer, "early"), 0);
    ck_assert_str_eq(rig_string(json_array_get(servers, 0), "name"), "z");
    ck_assert_str_eq(rig_string(json_array_get(servers, 2), "name"), "m");

    server = server_of(servers, "z");
    poll = scene_poll("z", 0);
    ck_assert_str_eq(rig_string(server, "state"), "ok");
    ck_assert_str_eq(rig_string(server, "url"), rig_string(poll, "url"));
    ck_assert(rig_number(server, "delay") == 60);
    ck_assert_int_eq((int)rig_number(server, "status"), 200);
    ck_assert_int_eq((int)rig_number(server, "polls"), 1);
    ck_assert(rig_number(server, "next") - rig_number(server, "last") > 59.5);
    ck_assert(rig_number(server, "next") - rig_number(server, "last") < 60.5);
    ck_assert_double_eq_tol(rig_number(server, "late"), rig_number(poll, "late"), 1e-6);
    ck_assert_ptr_null(json_object_get(server, "error"));

    server = server_of(servers, "a");
    poll = scene_poll("a", 0);
    ck_assert_str_eq(rig_string(server, "state"), "failing");
    ck_assert_str_eq(rig_string(server, "error"), "status");
    ck_assert_str_eq(rig_string(server, "detail"), rig_string(poll, "detail"));
    ck_assert(rig_number(server, "failures") >= 1);
    ck_assert(rig_number(server, "attempt") >= 1);
}
END_TEST

START_TEST(since_a_change_only_what_came_after_it)
{
    json_t *servers;
    double change;

    scene_start(LISTEN "[servers]\nstill = @/still?delay=60\nbusy = @/busy?delay=0.05\n");
    scene_await_polls("still", 1);
    ck_assert_uint_eq(json_array_size(servers_since(0)), 2);
    change = rig_number(answer, "change");
    scene_await_polls("busy", rig_count_events(rig, "poll", "busy") + 2);
    servers = servers_since(change);
    ck_assert_uint_eq(json_array_size(servers), 1);
    ck_assert_str_eq(rig_string(json_array_get(servers, 0), "name"), "busy");
    ck_assert_int_eq((int)rig_number(answer, "ok"), 2);
    ck_assert_double_ge(rig_number(answer, "change"), change + 2);
}
END_TEST

static const char *const no_changes[] = {"0",  "",  "-1",          "+1",
                                         "1x", "x", "99999999999", "99999999999999999999999"};

/* As one of an earlier life of the daemon is. */
START_TEST(since_none_all_is_told)
{
    char target[100];

    scene_start(LISTEN "[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    snprintf(target, sizeof(target), "/status.json?since=%s", no_changes[_i]);
    ck_assert_uint_eq(json_array_size(json_object_get(ask_json(target, 200), "servers")), 1);
}
END_TEST

/* What has changed, and how long the daemon runs, is told by no clock that can be set. */
START_TEST(the_clock_is_set)
{
    static const double steps[] = {-3600, 3600, -0.5, 0.5};
    json_t *server;
    double now, change;

    clock_scene_begin();
    scene_start(LISTEN "[servers]\na = @/a?delay=0.1,60\n");
    scene_await_polls("a", 1);
    servers_since(0);
    change = rig_number(answer, "change");
    clock_scene_set_wall((int64_t)(steps[_i] * 1e9));
    scene_await_polls("a", 2);
    ck_assert_uint_eq(json_array_size(servers_since(change)), 1);
    server = server_of(servers_since(0), "a");
    now = rig_number(answer, "now");
    ck_assert_double_lt(now - rig_number(server, "last"), 60);
    ck_assert_double_ge(now - rig_number(server, "last"), 0);
    ck_assert_double_lt(rig_number(server, "next") - now, 61);
    ck_assert_double_lt(now - rig_number(server, "since"), 60);
    ck_assert_double_lt(rig_number(answer, "up"), 60);
}
END_TEST

START_TEST(one_that_is_being_polled_is_told_again)
{
    double change;

    scene_start(LISTEN "[servers]\na = @/a?silent\n");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    ck_assert_uint_eq(json_array_size(servers_since(0)), 1);
    change = rig_number(answer, "change");
    ck_assert(json_is_true(json_object_get(server_of(servers_since(change), "a"), "busy")));
}
END_TEST

START_TEST(a_reload_is_another_generation)
{
    scene_start(LISTEN "[servers]\na = @/a?delay=0.05\nb = @/b?delay=0.05\n");
    scene_await_polls("b", 2);
    servers_since(0);
    ck_assert_int_eq((int)rig_number(answer, "generation"), 1);
    scene_reload(LISTEN "[servers]\nc = @/c?delay=0.05\na = @/a?delay=0.05\n");
    scene_await_polls("c", 2);
    servers_since(0);
    ck_assert_int_eq((int)rig_number(answer, "generation"), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "servers")), 2);
    json_t *added = server_of(json_object_get(answer, "servers"), "c"); /* in the place of b */
    ck_assert(rig_number(added, "since") > rig_number(answer, "started") + 0.05);
    ck_assert_int_gt((int)rig_number(server_of(json_object_get(answer, "servers"), "a"), "polls"),
                     1);
}
END_TEST

START_TEST(many_servers_come_in_pieces)
{
    enum { MANY = 3000 };
    struct bytes list = {0};

    for (int i = 0; i < MANY; i++)
        bytes_print(&list, "server-%d = @/%d?delay=60\n", i, i);
    scene_set_level("info");
    scene_start(LISTEN "start-rate = 100000\n[servers]\n%s", list.data);
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    for (int n = 0; n < 2; n++) {
        json_t *servers = servers_since(0);

        ck_assert_uint_eq(json_array_size(servers), MANY);
        for (int i = 0; i < MANY; i++) {
            char name[40];

            snprintf(name, sizeof(name), "server-%d", i);
            ck_assert_str_eq(rig_string(json_array_get(servers, (size_t)i), "name"), name);
        }
    }
    bytes_finish(&list);
}
END_TEST

/* --- /servers/NAME.json -------------------------------------------------------------------- */

START_TEST(one_is_told_with_its_history_and_why)
{
    json_t *server, *history, *why;

    scene_start(LISTEN "[server a]\nurl = @/a?delay=0.05,0.1,500&status=200,200,200,500\n"
                       "max-delay = 0.2\nretry = 100ms\n");
    scene_await_polls("a", 3);
    server = ask_json("/servers/a.json", 200);
    history = json_object_get(server, "history");
    ck_assert_uint_ge(json_array_size(history), 3);
    ck_assert(json_number_value(json_array_get(json_array_get(history, 0), 1)) > 0.0499);
    ck_assert(json_number_value(json_array_get(json_array_get(history, 1), 1)) > 0.0999);
    for (size_t i = 1; i < json_array_size(history); i++)
        ck_assert(json_number_value(json_array_get(json_array_get(history, i), 0)) >=
                  json_number_value(json_array_get(json_array_get(history, i - 1), 0)));
    if (json_array_size(history) == 3) { /* or else the machine is slow */
        ck_assert_str_eq(rig_string(json_object_get(server, "explain"), "clamped-to"), "max-delay");
        ck_assert_str_eq(rig_string(json_object_get(server, "explain"), "raw"), "500");
    }
    scene_await_polls("a", 4);
    server = ask_json("/servers/a.json", 200);
    why = json_object_get(server, "why");
    ck_assert_uint_ge(json_array_size(why), 3);
    ck_assert_str_eq(json_string_value(json_array_get(why, 0)),
                     "The last poll failed (status): the server answered with status 500.");
}
END_TEST

/* Of the last poll, by whatever settings that was. */
START_TEST(other_settings_do_not_change_why)
{
    const json_t *why;

    scene_start(LISTEN "[servers]\na = @/a?delay=50\n");
    scene_await_polls("a", 1);
    scene_reload(LISTEN "[server a]\nurl = @/a?delay=50\ndelay-from = header:X-Next\n"
                        "delay-scale = 0.33\n");
    why = json_object_get(ask_json("/servers/a.json", 200), "why");
    ck_assert_str_eq(json_string_value(json_array_get(why, 0)),
                     "The server said \"50\", in body: 50s.");
    ck_assert_str_eq(json_string_value(json_array_get(why, 1)),
                     "So the next request leaves 50s after the end of the last poll.");
}
END_TEST

static const char *why_of(const char *target, size_t sentence)
{
    return json_string_value(
        json_array_get(json_object_get(ask_json(target, 200), "why"), sentence));
}

START_TEST(another_url_is_a_new_one)
{
    scene_start(LISTEN "[servers]\na = @/a?delay=0.05\n");
    scene_await_polls("a", 3);
    scene_reload(LISTEN "[servers]\na = @/b?silent\n");
    rig_wait_requests(rig, mock, "b", 1, SCENE_LIMIT_MS);
    ck_assert_str_eq(
        why_of("/servers/a.json", 0),
        "It has not been polled since aiopoll was started, or a reload gave it this URL.");
    ck_assert_str_eq(why_of("/servers/a.json", 1), "The first poll is under way.");
}
END_TEST

/* The page and the log have the same facts. */
START_TEST(what_explains_is_what_the_log_says)
{
    static const char *const of_the_log_only[] = {"time", "level", "event", "server", "next"};
    json_t *event, *facts;

    scene_start(LISTEN "[server a]\nurl = @/a?delay=0.1,500\nmax-delay = 60\n"
                       "delay-scale = 0.5\n"
                       "[server b]\nurl = @/b?status=200,503&delay=0.1&retry-after=70\n"
                       "max-delay = 65\n"
                       "[server c]\nurl = @/c?delay=60\nmin-delay = 70\nmax-delay = 70\n");
    for (const char *name = "a\0b\0c\0"; *name != '\0'; name += 2) {
        char target[] = "/servers/?.json";
        target[9] = *name;
        scene_await_polls(name, *name == 'c' ? 1 : 2);
        event = json_deep_copy(rig_event(rig, "explain", name, *name == 'c' ? 0 : 1));
        facts = json_object_get(ask_json(target, 200), "explain");
        for (size_t i = 0; i < sizeof(of_the_log_only) / sizeof(*of_the_log_only); i++)
            json_object_del(event, of_the_log_only[i]);
        if (json_object_get(event, "prepare") != NULL) /* which the log rounds */
            json_object_set(event, "prepare", json_object_get(facts, "prepare"));
        ck_assert_msg(json_equal(event, facts), "%s is not %s", json_dumps(event, JSON_COMPACT),
                      json_dumps(facts, JSON_COMPACT));
        json_decref(event);
    }
}
END_TEST

START_TEST(what_was_promised_in_an_earlier_life)
{
    const json_t *server;

    for (int life = 0; life < 2; life++) {
        scene_start("[aiopoll]\nlisten = 127.0.0.1:0\nstate-file = schedule\n"
                    "[servers]\na = @/a?delay=60\n");
        if (life == 0)
            scene_await_polls("a", 1);
        else
            rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
        server = ask_json("/servers/a.json", 200);
        if (life == 0)
            rig_stop(rig);
    }
    ck_assert_int_eq((int)rig_number(server, "polls"), 0);
    ck_assert(rig_number(server, "next") > rig_number(server, "now") + 30);
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_array_get(json_object_get(server, "why"), 1)),
               "was promised before"));
}
END_TEST

START_TEST(the_history_is_a_ring)
{
    json_t *history;

    scene_set_level("info");
    scene_start(LISTEN "[servers]\na = @/a?delay=0.005\n");
    scene_await_polls("a", 80);
    history = json_object_get(ask_json("/servers/a.json", 200), "history");
    ck_assert_uint_eq(json_array_size(history), 32);
    for (size_t i = 1; i < 32; i++)
        ck_assert(json_number_value(json_array_get(json_array_get(history, i), 0)) >=
                  json_number_value(json_array_get(json_array_get(history, i - 1), 0)));
}
END_TEST

START_TEST(a_name_that_is_none)
{
    scene_start(LISTEN "[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    ck_assert_str_eq(rig_string(ask_json("/servers/b.json", 404), "error"),
                     "there is no server \"b\"");
    ask_json("/servers/%22%3Cb%3E.json", 404);
    ask_body("/servers/.json", 404);
    ask_body("/servers/a", 404);
    ask_body("/servers/../status.json", 400);
}
END_TEST

/* What a server sends, and what is secret. */
START_TEST(what_is_hostile_is_escaped_and_what_is_secret_not_told)
{
    const char *whole;

    rig_set_env(rig, "TOKEN", "s3cret");
    scene_start(LISTEN "[servers]\na = @/a?delay=%%3Cscript%%3E%%22%%0A%%FF\n"
                       "b = @/b?delay=60&token=${TOKEN}\n");
    scene_await_polls("b", 1);
    rig_wait_events(rig, "change", "a", 1, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_string(ask_json("/servers/a.json", 200), "error"), "no-delay");
    whole = ask("/status.json");
    ck_assert_ptr_null(strstr(whole, "s3cret"));
    whole = ask("/servers/b.json");
    ck_assert_ptr_null(strstr(whole, "s3cret"));
    ck_assert_ptr_nonnull(strstr(whole, "/...\""));
}
END_TEST

/* --- /healthz --------------------------------------------------------------------------------- */

START_TEST(health_is_lost_with_an_overdue_server)
{
    scene_start(LISTEN "[defaults]\noverdue-after = 300ms\n"
                       "[servers]\nfine = @/a?delay=0.1\nbad = @/b?status=500\n");
    rig_wait_events(rig, "change", "bad", 1, SCENE_LIMIT_MS);
    rig_wait_events(rig, "change", "bad", 2, SCENE_LIMIT_MS);
    ck_assert_str_eq(ask_body("/healthz", 503), "overdue: bad\n");
    scene_reload(LISTEN "[servers]\nfine = @/a?delay=0.1\n");
    ck_assert_str_eq(ask_body("/healthz", 200), "ok\n");
}
END_TEST

/* --- start and stop ----------------------------------------------------------------------------
 */

START_TEST(a_port_that_is_taken)
{
    const struct rig_result *result;
    char argument[60];

    scene_start(LISTEN "[servers]\na = @/a?delay=60\n");
    snprintf(argument, sizeof(argument), "--listen=127.0.0.1:%d", port());
    result = rig_run(rig, argument, mock_server_authority(mock), NULL);
    ck_assert_int_eq(result->exit.status, 1);
    ck_assert_ptr_nonnull(strstr(result->err, "aiopoll: cannot listen on 127.0.0.1:"));
}
END_TEST

START_TEST(others_may_ask_which_is_warned_of)
{
    scene_start("[aiopoll]\nlisten = 0.0.0.0:0\n[servers]\na = @/a?delay=60\n");
    rig_wait_events(rig, "listen", NULL, 1, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_string(rig_event(rig, "listen", NULL, 0), "level"), "warning");
}
END_TEST

START_TEST(another_address_needs_a_start)
{
    scene_start(LISTEN "[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    scene_reload("[servers]\na = @/a?delay=60\n");
    ck_assert_ptr_nonnull(strstr(rig_string(rig_event(rig, "problem", NULL, 0), "detail"),
                                 "another listen is taken at the next start"));
    ask_body("/healthz", 200);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("status pages");
    TCase *tests = scene_case(suite, "pages");

    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, all_servers_are_told_in_their_order);
    tcase_add_test(tests, since_a_change_only_what_came_after_it);
    tcase_add_loop_test(tests, since_none_all_is_told, 0, sizeof(no_changes) / sizeof(*no_changes));
    tcase_add_loop_test(tests, the_clock_is_set, 0, 4);
    tcase_add_test(tests, one_that_is_being_polled_is_told_again);
    tcase_add_test(tests, a_reload_is_another_generation);
    tcase_add_test(tests, many_servers_come_in_pieces);
    tcase_add_test(tests, one_is_told_with_its_history_and_why);
    tcase_add_test(tests, other_settings_do_not_change_why);
    tcase_add_test(tests, another_url_is_a_new_one);
    tcase_add_test(tests, what_explains_is_what_the_log_says);
    tcase_add_test(tests, what_was_promised_in_an_earlier_life);
    tcase_add_test(tests, the_history_is_a_ring);
    tcase_add_test(tests, a_name_that_is_none);
    tcase_add_test(tests, what_is_hostile_is_escaped_and_what_is_secret_not_told);
    tcase_add_test(tests, health_is_lost_with_an_overdue_server);
    tcase_add_test(tests, a_port_that_is_taken);
    tcase_add_test(tests, others_may_ask_which_is_warned_of);
    tcase_add_test(tests, another_address_needs_a_start);
    return suite;
}

CHECK_MAIN(suite())
