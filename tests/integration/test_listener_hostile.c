/*
 * Clients of the listener that mean no good, or are slow, or are too many: each has its limit, none
 * keeps others out, and polls have their turn between. The program's objects are linked as they
 * are, and their time limits pass faster.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check_main.h"
#include "listener_scene.h"

#define HOST        "Host: localhost\r\n"
#define GET         "GET / HTTP/1.1\r\n" HOST "\r\n"
#define GET_ENDLESS "GET /endless HTTP/1.1\r\n" HOST "\r\n"

enum { MANY = 200, HASTE = 100, SOME_HASTE = 20 };

static struct listener_scene scene;
static struct listener_client *clients[MANY];

static void setup(void)
{
    listener_scene_start(&scene, "127.0.0.1:0");
}

static void free_clients(void)
{
    for (size_t i = 0; i < MANY; i++)
        if (clients[i] != NULL)
            listener_client_free(clients[i]);
    memset(clients, 0, sizeof clients);
}

static void teardown(void)
{
    free_clients();
    listener_scene_stop(&scene);
}

static void turn(int times)
{
    for (int i = 0; i < times; i++)
        listener_scene_turn(&scene);
}

static void assert_starts(const struct listener_client *client, const char *text)
{
    const char *received = bytes_text(&client->received);

    ck_assert_msg(strncmp(received, text, strlen(text)) == 0, "not \"%s\": \"%s\"", text, received);
}

static bool no_page_is_open(void *arg)
{
    (void)arg;
    return scene.open == 0;
}

static bool a_page_is_open(void *arg)
{
    (void)arg;
    return scene.open > 0;
}

static void assert_served(void)
{
    char *response = listener_scene_ask(&scene, "GET / HTTP/1.0\r\n\r\n");

    ck_assert_msg(strstr(response, "\r\n\r\nhello\n") != NULL, "\"%s\"", response);
    free(response);
}

/* --- too much ------------------------------------------------------------------------------- */

START_TEST(ten_megabytes_of_header)
{
    enum { SIZE = 10 << 20 };
    struct listener_client *client = clients[0] = listener_client_new(&scene);
    char *header = malloc(SIZE);

    ck_assert_ptr_nonnull(header);
    memset(header, 'a', SIZE);
    listener_client_say(client, "GET / HTTP/1.1\r\n" HOST "A: ");
    listener_client_send(client, header, SIZE);
    listener_client_await(client, "\r\n\r\n");
    assert_starts(client, "HTTP/1.1 431 ");
    listener_client_await_end(client);
    free(header);
}
END_TEST

START_TEST(ten_megabytes_of_target)
{
    enum { SIZE = 10 << 20 };
    struct listener_client *client = clients[0] = listener_client_new(&scene);
    char *target = malloc(SIZE);

    ck_assert_ptr_nonnull(target);
    memset(target, '/', SIZE);
    listener_client_say(client, "GET ");
    listener_client_send(client, target, SIZE);
    listener_client_await(client, "\r\n\r\n");
    assert_starts(client, "HTTP/1.1 414 ");
    free(target);
}
END_TEST

/* What it sends in vain is read, so that the refusal is not overtaken by a reset. */
START_TEST(a_refusal_arrives)
{
    enum { SIZE = 200 << 10 };
    struct listener_client *client = clients[0] = listener_client_new(&scene);
    char body[SIZE] = "";

    listener_client_say(client, "POST / HTTP/1.1\r\n" HOST "Content-Length: 204800\r\n\r\n");
    ck_assert_uint_eq(listener_client_send(client, body, SIZE), SIZE);
    shutdown(client->fd, SHUT_WR);
    listener_client_await_end(client);
    assert_starts(client, "HTTP/1.1 405 ");
    ck_assert(!client->reset);
}
END_TEST

static const struct {
    const char *bytes;
    size_t length;
} noise[] = {
    {"\0", 1},
    {"GET /\0 HTTP/1.1\r\n", 18},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}, /* a ClientHello */
    {"GET / HTTP/1.1\n"
     "Host: localhost\n\n",
     33},
    {"GET / HTTP/1.1\r\n" HOST "A: b\r\n c: d\r\n\r\n", 49},
    {"\xff\xff\xff\xff", 4},
};

START_TEST(noise_is_refused)
{
    struct listener_client *client = clients[0] = listener_client_new(&scene);

    listener_client_send(client, noise[_i].bytes, noise[_i].length);
    listener_client_await_end(client);
    assert_starts(client, "HTTP/1.1 400 ");
    ck_assert_uint_eq(scene.found, 0);
    assert_served();
}
END_TEST

/* --- too slow --------------------------------------------------------------------------------- */

START_TEST(a_client_that_says_nothing_is_closed)
{
    listener_scene_haste = HASTE;
    clients[0] = listener_client_new(&scene);
    listener_client_await_end(clients[0]);
    ck_assert_uint_eq(clients[0]->received.length, 0);
}
END_TEST

START_TEST(so_is_one_that_has_no_further_request)
{
    listener_scene_haste = HASTE;
    clients[0] = listener_client_new(&scene);
    listener_client_say(clients[0], "GET / HTTP/1.1\r\n" HOST "\r\n");
    listener_client_await(clients[0], "hello\n");
    listener_client_await_end(clients[0]);
    ck_assert_str_eq(strstr(bytes_text(&clients[0]->received), "hello\n"), "hello\n");
}
END_TEST

START_TEST(a_request_that_is_never_whole)
{
    listener_scene_haste = HASTE;
    clients[0] = listener_client_new(&scene);
    listener_client_say(clients[0], "GET / HTTP/1.1\r\n" HOST);
    listener_client_await_end(clients[0]);
    assert_starts(clients[0], "HTTP/1.1 408 ");
}
END_TEST

/* The limit is that of the request: a byte now and then does not put it off. */
START_TEST(a_request_byte_by_byte_without_an_end)
{
    struct listener_client *client = clients[0] = listener_client_new(&scene);

    listener_scene_haste = 10 * HASTE;
    listener_client_say(client, "GET / HTTP/1.1\r\n" HOST "A: ");
    while (client->received.length == 0 && !client->ended) {
        listener_client_send(client, "b", 1);
        listener_client_read(client);
    }
    listener_client_await_end(client);
    assert_starts(client, "HTTP/1.1 408 ");
}
END_TEST

START_TEST(a_reader_that_never_reads)
{
    listener_scene_haste = HASTE;
    clients[0] = listener_client_new(&scene);
    listener_client_say(clients[0], GET_ENDLESS);
    listener_scene_wait(&scene, a_page_is_open, NULL);
    listener_scene_wait(&scene, no_page_is_open, NULL);
    listener_client_await_end(clients[0]);
    ck_assert(clients[0]->reset);
}
END_TEST

/* For twice as long as it may not read at all. */
START_TEST(a_slow_reader_is_served)
{
    int64_t stop = clock_now() + 2 * LISTENER_READER_LIMIT / SOME_HASTE;

    listener_scene_haste = SOME_HASTE;
    clients[0] = listener_client_new(&scene);
    listener_client_say(clients[0], GET_ENDLESS);
    while (clock_now() < stop) {
        turn(10);
        listener_client_read(clients[0]);
    }
    ck_assert(!clients[0]->ended);
    ck_assert_uint_eq(scene.open, 1);
}
END_TEST

START_TEST(after_the_last_response_it_is_not_waited_for_long)
{
    listener_scene_haste = HASTE;
    clients[0] = listener_client_new(&scene);
    listener_client_say(clients[0], "BAD\r\n");
    listener_client_await_end(clients[0]);
    for (int64_t stop = clock_now() + 10 * SECOND; !clients[0]->reset; turn(1)) {
        ck_assert_int_lt(clock_now(), stop);
        if (send(clients[0]->fd, "a", 1, MSG_NOSIGNAL) < 0)
            break;
    }
}
END_TEST

/* --- too many -----------------------------------------------------------------------------------
 */

static void connect_all(const char *request)
{
    for (size_t i = 0; i < MANY; i++) {
        clients[i] = listener_client_new(&scene);
        listener_client_send(clients[i], request, strlen(request));
        turn(2);
    }
}

static void pass(int64_t span)
{
    for (int64_t stop = clock_now() + span; clock_now() < stop;)
        turn(1);
}

/* The one that has been so for longest, and for a moment. */
START_TEST(idle_ones_make_room)
{
    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
        clients[i] = listener_client_new(&scene);
        turn(2);
    }
    pass(2 * LISTENER_GRACE);
    assert_served();
    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
        listener_client_read(clients[i]);
        ck_assert_int_eq(clients[i]->ended, i == 0);
    }
}
END_TEST

/* Those that have come first are not sent away before they could ask, however many follow; where
 * the machine took so long that they could have, it is tried again. */
START_TEST(a_crowd_does_not_drive_itself_out)
{
    bool quick = false;

    while (!quick) {
        int64_t began = clock_now();

        free_clients();
        turn(50);
        for (size_t i = 0; i < MANY; i++) {
            clients[i] = listener_client_new(&scene);
            turn(i % 50 == 49 ? 20 : 0);
        }
        quick = clock_now() - began < LISTENER_GRACE;
    }
    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
        listener_client_say(clients[i], GET);
        listener_client_await(clients[i], "hello\n");
    }
}
END_TEST

START_TEST(in_a_crowd_a_connection_is_not_kept)
{
    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
        clients[i] = listener_client_new(&scene);
        turn(2);
    }
    listener_client_say(clients[9], GET);
    listener_client_await_end(clients[9]);
    ck_assert_ptr_nonnull(strstr(bytes_text(&clients[9]->received), "\r\nConnection: close\r\n"));
    listener_client_free(clients[9]);
    clients[9] = NULL;
    turn(10);
    listener_client_say(clients[8], GET);
    listener_client_await(clients[8], "hello\n");
    ck_assert_ptr_null(strstr(bytes_text(&clients[8]->received), "\r\nConnection: close\r\n"));
}
END_TEST

static bool is_served(void *arg)
{
    struct listener_client *client = listener_client_new(&scene);
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    bool served = false;

    (void)arg;
    listener_client_send(client, request, sizeof request - 1);
    while (!client->ended) {
        turn(1);
        listener_client_read(client);
    }
    served = strstr(bytes_text(&client->received), "hello\n") != NULL;
    listener_client_free(client);
    return served;
}

static bool pieces_have_stopped(void *arg)
{
    unsigned *before = arg;
    bool stopped = scene.pieces > 0 && *before == scene.pieces;

    *before = scene.pieces;
    turn(50);
    return stopped;
}

/* Those that do not read hold one piece each, besides what the system takes; and after a while
 * another one is served nevertheless. */
START_TEST(readers_that_never_read_keep_nobody_out)
{
    int64_t began = clock_now();
    unsigned pieces = 0;

    connect_all(GET_ENDLESS);
    listener_scene_wait(&scene, pieces_have_stopped, &pieces);
    ck_assert_uint_le(scene.open, LISTENER_CONNECTIONS);
    ck_assert_uint_ge(scene.open, LISTENER_CONNECTIONS - 1);
    ck_assert_uint_lt(scene.pieces, (4u << 20) / PAGE_PIECE * MANY);
    listener_scene_wait(&scene, is_served, NULL);
    ck_assert_int_lt(clock_now() - began,
                     LISTENER_READER_LIMIT); /* which would have let it in, too */
}
END_TEST

static bool is_served_beside_one_that_has_just_come(void *arg)
{
    struct listener_client **fresh = arg;

    listener_client_free(*fresh);
    turn(5);
    *fresh = listener_client_new(&scene);
    turn(5);
    return is_served(NULL);
}

/* That one may not be sent away yet, and they may. */
START_TEST(one_that_has_just_come_does_not_keep_those_that_are_stalled)
{
    size_t last = LISTENER_CONNECTIONS - 1;

    for (size_t i = 0; i < last; i++) {
        clients[i] = listener_client_new(&scene);
        listener_client_say(clients[i], GET_ENDLESS);
        turn(5);
    }
    clients[last] = listener_client_new(&scene);
    listener_scene_wait(&scene, is_served_beside_one_that_has_just_come, &clients[last]);
}
END_TEST

/* --- polls between -------------------------------------------------------------------------------
 */

/* However many wait for a piece, a turn makes no more of them than it has time for. */
START_TEST(a_turn_makes_few_pieces)
{
    unsigned most = 0, before;

    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
        clients[i] = listener_client_new(&scene);
        listener_client_say(clients[i], "GET /heavy HTTP/1.1\r\n" HOST "\r\n");
    }
    before = scene.pieces;
    for (int i = 0; i < 1000; i++) {
        unsigned at_first = scene.pieces;

        uv_run(&scene.loop, UV_RUN_NOWAIT);
        most = scene.pieces - at_first > most ? scene.pieces - at_first : most;
        if (i % LISTENER_CONNECTIONS == 0)
            for (size_t j = 0; j < LISTENER_CONNECTIONS; j++)
                listener_client_read(clients[j]);
    }
    ck_assert_uint_gt(scene.pieces, before + LISTENER_CONNECTIONS);
    ck_assert_uint_eq(most, 1);
}
END_TEST

/* All of them get on. */
START_TEST(pieces_are_dealt_out_in_turn)
{
    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
        clients[i] = listener_client_new(&scene);
        listener_client_say(clients[i], GET_ENDLESS);
    }
    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++)
        while (clients[i]->received.length < (1 << 20)) {
            turn(1);
            for (size_t j = 0; j < LISTENER_CONNECTIONS; j++)
                listener_client_read(clients[j]);
        }
}
END_TEST

/* The loop would wait. */
static bool is_quiet(void *arg)
{
    struct pollfd ready = {.fd = uv_backend_fd(&scene.loop), .events = POLLIN};

    (void)arg;
    return uv_backend_timeout(&scene.loop) != 0 && poll(&ready, 1, 0) == 0;
}

/* Nothing to do is nothing done. */
START_TEST(a_stalled_reader_does_not_keep_the_loop_busy)
{
    unsigned pieces = 0;

    clients[0] = listener_client_new(&scene);
    clients[1] = listener_client_new(&scene);
    listener_client_say(clients[0], GET_ENDLESS);
    listener_client_say(clients[1], "GET / HTTP/1.1\r\n");
    listener_scene_wait(&scene, pieces_have_stopped, &pieces);
    listener_scene_wait(&scene, is_quiet, NULL); /* on a slow machine bytes are still under way */
    pieces = scene.pieces;
    turn(50);
    ck_assert_uint_eq(scene.pieces, pieces);
}
END_TEST

/* --- ends
 * ------------------------------------------------------------------------------------------ */

static void reset(struct listener_client **client)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};

    ck_assert_int_eq(setsockopt((*client)->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    listener_client_free(*client);
    *client = NULL;
}

static const char *const begun[] = {"",
                                    "GET / HT",
                                    "GET / HTTP/1.1\r\nHost",
                                    GET_ENDLESS,
                                    "GET /endless HTTP/1.0\r\n\r\n",
                                    "BAD\r\n",
                                    "GET / HTTP/1.1\r\n" HOST "\r\n"};

START_TEST(a_reset_anywhere)
{
    for (int turns = 0; turns < 20; turns++) {
        clients[0] = listener_client_new(&scene);
        if (send(clients[0]->fd, begun[_i], strlen(begun[_i]), MSG_NOSIGNAL) < 0)
            ck_abort_msg("the request was not taken");
        turn(turns);
        reset(&clients[0]);
        turn(3);
    }
    listener_scene_wait(&scene, no_page_is_open, NULL);
    assert_served();
}
END_TEST

/* With one of its connections in each state. */
START_TEST(the_listener_is_closed_anywhere)
{
    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++) {
        clients[i] = listener_client_new(&scene);
        send(clients[i]->fd, begun[i], strlen(begun[i]), MSG_NOSIGNAL);
    }
    turn(_i);
    listener_close(scene.listener);
    scene.listener = NULL;
    turn(3);
    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++)
        listener_client_await_end(clients[i]);
}
END_TEST

/* --- no descriptors
 * --------------------------------------------------------------------------------- */

static void allow_descriptors(rlim_t count)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = count;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* It is tried again later, and the loop waits meanwhile. */
START_TEST(without_a_descriptor_a_connection_waits)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    struct rlimit before;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    clients[0] = listener_client_new(&scene);
    ck_assert_int_gt(send(clients[0]->fd, request, sizeof request - 1, 0), 0);
    allow_descriptors((rlim_t)clients[0]->fd + 1);
    turn(10);
    ck_assert(is_quiet(NULL));
    ck_assert_uint_eq(scene.found, 0);
    allow_descriptors(before.rlim_cur);
    listener_client_await(clients[0], "hello\n");
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *suite(void)
{
    Suite *suite = suite_create("listener_hostile");
    TCase *tests = tcase_create("listener_hostile");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, ten_megabytes_of_header);
    tcase_add_test(tests, ten_megabytes_of_target);
    tcase_add_test(tests, a_refusal_arrives);
    tcase_add_loop_test(tests, noise_is_refused, 0, COUNT(noise));
    tcase_add_test(tests, a_client_that_says_nothing_is_closed);
    tcase_add_test(tests, so_is_one_that_has_no_further_request);
    tcase_add_test(tests, a_request_that_is_never_whole);
    tcase_add_test(tests, a_request_byte_by_byte_without_an_end);
    tcase_add_test(tests, a_reader_that_never_reads);
    tcase_add_test(tests, a_slow_reader_is_served);
    tcase_add_test(tests, after_the_last_response_it_is_not_waited_for_long);
    tcase_add_test(tests, idle_ones_make_room);
    tcase_add_test(tests, a_crowd_does_not_drive_itself_out);
    tcase_add_test(tests, one_that_has_just_come_does_not_keep_those_that_are_stalled);
    tcase_add_test(tests, in_a_crowd_a_connection_is_not_kept);
    tcase_add_test(tests, readers_that_never_read_keep_nobody_out);
    tcase_add_test(tests, a_turn_makes_few_pieces);
    tcase_add_test(tests, pieces_are_dealt_out_in_turn);
    tcase_add_test(tests, a_stalled_reader_does_not_keep_the_loop_busy);
    tcase_add_loop_test(tests, a_reset_anywhere, 0, COUNT(begun));
    tcase_add_loop_test(tests, the_listener_is_closed_anywhere, 0, 12);
    tcase_add_test(tests, without_a_descriptor_a_connection_waits);
    suite_add_tcase(suite, tests);
    return suite;
}

/* The linker calls this in place of main(), which is the program's. */
int __wrap_main(void);

int __wrap_main(void)
{
    return check_main(suite());
}
