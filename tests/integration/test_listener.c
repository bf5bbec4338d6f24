/*
 * What the listener serves, over real sockets: methods, versions, framing, connections that are
 * kept, caching, hosts, addresses. The program's objects are linked as they are.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check_main.h"
#include "listener_scene.h"
#include "scratch.h"

#define HOST  "Host: localhost\r\n"
#define CLOSE HOST "Connection: close\r\n"

static struct listener_scene scene;

static void setup(void)
{
    listener_scene_start(&scene, "127.0.0.1:0");
}

static void teardown(void)
{
    listener_scene_stop(&scene);
}

static void assert_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in \"%s\"", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "\"%s\" in \"%s\"", part, text);
}

static const char *body_of(const char *response)
{
    const char *end = strstr(response, "\r\n\r\n");

    ck_assert_msg(end != NULL, "\"%s\"", response);
    return end + 4;
}

static void assert_status(const char *response, int status)
{
    char line[32];

    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    ck_assert_msg(strncmp(response, line, strlen(line)) == 0, "not %d: \"%s\"", status, response);
}

static void assert_answer(const char *request, int status, const char *body)
{
    char *response = listener_scene_ask(&scene, request);

    assert_status(response, status);
    ck_assert_str_eq(body_of(response), body);
    free(response);
}

/* --- responses ---------------------------------------------------------------------------- */

START_TEST(a_page_of_known_length)
{
    char *response = listener_scene_ask(&scene, "GET / HTTP/1.1\r\n" CLOSE "\r\n");

    assert_status(response, 200);
    assert_has(response, "\r\nDate: ");
    assert_has(response, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    assert_has(response, "\r\nContent-Length: 6\r\n");
    assert_has(response, "\r\nETag: \"v1\"\r\n");
    assert_has(response, "\r\nContent-Security-Policy: default-src 'none'; ");
    assert_has(response, "\r\nX-Content-Type-Options: nosniff\r\n");
    assert_has(response, "\r\nConnection: close\r\n");
    assert_lacks(response, "chunked");
    ck_assert_str_eq(body_of(response), "hello\n");
    free(response);
}
END_TEST

START_TEST(a_page_in_pieces)
{
    char *response = listener_scene_ask(&scene, "GET /three HTTP/1.1\r\n" CLOSE "\r\n");

    assert_status(response, 200);
    assert_has(response, "\r\nTransfer-Encoding: chunked\r\n");
    assert_has(response, "\r\nCache-Control: no-store\r\n");
    assert_lacks(response, "Content-Length");
    ck_assert_str_eq(body_of(response), "00000004\r\none\n\r\n00000004\r\ntwo\n\r\n"
                                        "00000006\r\nthree\n\r\n0\r\n\r\n");
    free(response);
}
END_TEST

START_TEST(to_1_0_pieces_end_with_the_connection)
{
    char *response =
        listener_scene_ask(&scene, "GET /three HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

    assert_status(response, 200);
    assert_lacks(response, "chunked");
    assert_lacks(response, "keep-alive");
    assert_has(response, "\r\nConnection: close\r\n");
    ck_assert_str_eq(body_of(response), "one\ntwo\nthree\n");
    free(response);
}
END_TEST

START_TEST(other_pages)
{
    assert_answer("GET /empty HTTP/1.1\r\n" CLOSE "\r\n", 200, "");
    assert_answer("GET /none HTTP/1.1\r\n" CLOSE "\r\n", 404, "There is no such page.\n");
    assert_answer("GET /unwell HTTP/1.0\r\n\r\n", 503, "one\ntwo\nthree\n");
    assert_answer("GET /echo/%41%20b?c=%41&d HTTP/1.0\r\n\r\n", 200, "/echo/A b c=%41&d\n");
    assert_answer("GET /echo HTTP/1.0\r\n\r\n", 200, "/echo -\n");
    assert_answer("GET http://localhost/echo HTTP/1.1\r\n" CLOSE "\r\n", 200, "/echo -\n");
    ck_assert_uint_eq(scene.open, 0);
}
END_TEST

static char *ask_for(const char *method, const char *path)
{
    char request[128];

    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\n" CLOSE "\r\n", method, path);
    return listener_scene_ask(&scene, request);
}

static const char *const paths[] = {"/", "/three", "/none", "/unwell", "/empty"};

/* The same fields, of which Date alone may differ, and nothing else. */
START_TEST(head_is_get_without_the_content)
{
    char *get = ask_for("GET", paths[_i]), *head = ask_for("HEAD", paths[_i]);
    const char *type = strstr(head, "Content-Type");
    size_t length = (size_t)(body_of(get) - get);

    ck_assert_uint_eq(strlen(head), length);
    ck_assert_ptr_nonnull(type);
    ck_assert_int_eq(strncmp(get, head, strlen("HTTP/1.1 200")), 0);
    ck_assert_mem_eq(type, get + (type - head), length - (size_t)(type - head));
    free(get);
    free(head);
}
END_TEST

START_TEST(for_head_no_piece_is_made)
{
    char *head = ask_for("HEAD", "/endless");

    assert_has(head, "\r\nTransfer-Encoding: chunked\r\n");
    ck_assert_str_eq(body_of(head), "");
    ck_assert_uint_eq(scene.pieces, 0);
    ck_assert_uint_eq(scene.open, 0);
    free(head);
}
END_TEST

static const struct {
    const char *list;
    int status;
} conditions[] = {{"\"v1\"", 304}, {"\"v0\", W/\"v1\"", 304}, {"*", 304}, {"\"v0\"", 200}};

START_TEST(what_the_client_has_is_not_sent_again)
{
    char request[128];
    char *response;

    snprintf(request, sizeof request, "GET / HTTP/1.1\r\n" CLOSE "If-None-Match: %s\r\n\r\n",
             conditions[_i].list);
    response = listener_scene_ask(&scene, request);
    assert_status(response, conditions[_i].status);
    assert_has(response, "\r\nETag: \"v1\"\r\n");
    ck_assert_str_eq(body_of(response), conditions[_i].status == 304 ? "" : "hello\n");
    free(response);
    assert_answer("GET /echo HTTP/1.1\r\n" CLOSE "If-None-Match: *\r\n\r\n", 200, "/echo -\n");
}
END_TEST

/* --- what is refused: all of it is in tests/unit/test_listener_request.c -------------------- */

static const struct {
    const char *request;
    int status;
    const char *part;
} refused[] = {
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 405, "\r\nAllow: GET, HEAD\r\n"},
    {"GET / HTTP/1.1\r\n\r\n", 400, "The request is refused: it has no Host.\n"},
    {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, "localhost.\n"},
    {"GET / HTTP/1.1\n\n", 400, "The request is refused: "},
    {"GET /../a HTTP/1.1\r\n" HOST "\r\n", 400, "The request is refused: "},
    {"GET / HTTP/2.0\r\n\r\n", 505, "The request is refused: "},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 413, "The request is refused: "},
    {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 400,
     "The request is refused: "},
};

/* And what follows is no request. */
START_TEST(a_wrong_request_is_refused_and_the_last)
{
    char request[512];
    char *response;

    snprintf(request, sizeof request, "%sGET / HTTP/1.1\r\n" HOST "\r\n", refused[_i].request);
    response = listener_scene_ask(&scene, request);
    assert_status(response, refused[_i].status);
    assert_has(response, refused[_i].part);
    assert_has(response, "\r\nConnection: close\r\n");
    assert_has(response, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    assert_lacks(body_of(response), "hello");
    ck_assert_uint_eq(scene.found, 0);
    free(response);
}
END_TEST

START_TEST(to_a_refused_head_nothing_is_said)
{
    assert_answer("HEAD / HTTP/1.1\r\n\r\n", 400, "");
}
END_TEST

/* --- connections that are kept ---------------------------------------------------------------- */

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part))
        count++;
    return count;
}

START_TEST(requests_one_after_the_other)
{
    struct listener_client *client = listener_client_new(&scene);

    listener_client_say(client, "GET /three HTTP/1.1\r\n" HOST "\r\n");
    listener_client_await(client, "\r\n0\r\n\r\n");
    listener_client_say(client, "HEAD / HTTP/1.1\r\n" HOST "\r\n");
    listener_client_await(client, "Content-Length: 6");
    listener_client_say(client, "GET /none HTTP/1.1\r\n" HOST "\r\n");
    listener_client_await(client, "no such page.\n");
    listener_client_say(client, "GET / HTTP/1.1\r\n" HOST "If-None-Match: *\r\n\r\n");
    listener_client_await(client, " 304 ");
    listener_client_say(client, "\r\nGET / HTTP/1.1\r\n" CLOSE "\r\n");
    listener_client_await_end(client);
    assert_has(bytes_text(&client->received), "\r\n\r\nhello\n");
    ck_assert_uint_eq(count_of(bytes_text(&client->received), "Connection: close"), 1);
    ck_assert(!client->reset);
    listener_client_free(client);
}
END_TEST

START_TEST(with_1_0_too_where_that_is_asked_for)
{
    struct listener_client *client = listener_client_new(&scene);

    listener_client_say(client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    listener_client_await(client, "hello\n");
    assert_has(bytes_text(&client->received), "\r\nConnection: keep-alive\r\n");
    listener_client_say(client, "GET / HTTP/1.0\r\n\r\n");
    listener_client_await_end(client);
    ck_assert_uint_eq(count_of(bytes_text(&client->received), "hello\n"), 2);
    listener_client_free(client);
}
END_TEST

START_TEST(many_requests_at_once_are_answered_in_order)
{
    enum { COUNT = 1000 };
    struct listener_client *client = listener_client_new(&scene);
    struct bytes all = {0};
    const char *at;

    for (int i = 0; i < COUNT; i++)
        bytes_print(&all, "GET /echo/%d HTTP/1.1\r\n" HOST "\r\n", i);
    bytes_print(&all, "GET / HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_uint_eq(listener_client_send(client, all.data, all.length), all.length);
    listener_client_await_end(client);
    at = bytes_text(&client->received);
    for (int i = 0; i < COUNT; i++) {
        char body[32];

        snprintf(body, sizeof body, "\r\n\r\n/echo/%d -\n", i);
        ck_assert_ptr_nonnull(at = strstr(at, body));
    }
    assert_has(at, "hello\n");
    bytes_finish(&all);
    listener_client_free(client);
}
END_TEST

START_TEST(a_request_byte_by_byte)
{
    static const char request[] = "GET /echo HTTP/1.1\r\n" CLOSE "\r\n";
    struct listener_client *client = listener_client_new(&scene);

    for (size_t i = 0; i < sizeof request - 1; i++)
        ck_assert_uint_eq(listener_client_send(client, request + i, 1), 1);
    listener_client_await_end(client);
    assert_has(bytes_text(&client->received), "/echo -\n");
    listener_client_free(client);
}
END_TEST

/* It has nothing more to say, but waits for the answer. */
START_TEST(a_client_that_has_shut_down_its_side)
{
    struct listener_client *client = listener_client_new(&scene);

    listener_client_say(client, "GET /three HTTP/1.1\r\n" HOST "\r\n");
    shutdown(client->fd, SHUT_WR);
    listener_client_await_end(client);
    assert_has(bytes_text(&client->received), "\r\n0\r\n\r\n");
    ck_assert(!client->reset);
    listener_client_free(client);
}
END_TEST

/* --- long ones ---------------------------------------------------------------------------------
 */

/* Without an assertion a byte, as each of those is a system call. */
static void assert_bytes(const char *bytes, size_t place, size_t length)
{
    size_t i = 0;

    while (i < length && bytes[i] == listener_scene_byte(place + i))
        i++;
    ck_assert_uint_eq(i, length);
}

static void assert_long_page(const char *request, size_t length)
{
    struct listener_client *client = listener_client_new(&scene);
    const char *body;

    listener_client_say(client, request);
    listener_client_await_end(client);
    body = body_of(client->received.data);
    ck_assert_uint_eq(client->received.length - (size_t)(body - client->received.data), length);
    assert_bytes(body, 0, length);
    listener_client_free(client);
}

START_TEST(long_pages_come_whole)
{
    assert_long_page("GET /large HTTP/1.1\r\n" CLOSE "\r\n", LARGE);
    assert_long_page("GET /big HTTP/1.0\r\n\r\n", BIG);
}
END_TEST

START_TEST(so_do_chunks)
{
    struct listener_client *client = listener_client_new(&scene);
    size_t total = 0, size;
    char *at;

    listener_client_say(client, "GET /big HTTP/1.1\r\n" CLOSE "\r\n");
    listener_client_await_end(client);
    at = (char *)body_of(client->received.data);
    while ((size = strtoul(at, &at, 16)) > 0) {
        assert_bytes(at + 2, total, size);
        total += size;
        at += 2 + size + 2;
    }
    ck_assert_uint_eq(total, BIG);
    ck_assert_str_eq(at, "\r\n\r\n");
    listener_client_free(client);
}
END_TEST

/* The reader must not take it for the whole. */
START_TEST(a_page_for_which_memory_is_short_is_cut)
{
    struct listener_client *client = listener_client_new(&scene);

    listener_client_say(client, "GET /broken HTTP/1.0\r\n\r\n");
    listener_client_await_end(client);
    ck_assert(client->reset);
    listener_client_free(client);
    ck_assert_uint_eq(scene.open, 0);
}
END_TEST

/* --- addresses ---------------------------------------------------------------------------------
 */

static struct scratch *scratch;
static char unix_address[LISTEN_ADDRESS_SIZE];
static const char *unix_path;

static void setup_unix(void)
{
    scratch = scratch_new();
    unix_path = scratch_path(scratch, "aiopoll.sock");
    snprintf(unix_address, sizeof unix_address, "unix:%s", unix_path);
}

static void teardown_unix(void)
{
    scratch_free(scratch);
}

static int try_to_start(const char *address, char *why, size_t why_size)
{
    const struct listener_site site = {0};
    struct listener *listener;

    return listener_start(&listener, &scene.loop, &scene.wakeups, address, LISTENER_CONNECTIONS,
                          &site, why, why_size);
}

static void leave_socket_behind(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_uint_lt(strlen(unix_path), sizeof address.sun_path);
    memcpy(address.sun_path, unix_path, strlen(unix_path) + 1);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

START_TEST(a_socket_in_the_file_system)
{
    mode_t umask_before = umask(0077);
    struct stat info;

    leave_socket_behind();
    listener_scene_start(&scene, unix_address);
    ck_assert_int_eq(umask(umask_before), 0077);
    ck_assert_str_eq(scene.address, unix_address);
    ck_assert_int_eq(stat(unix_path, &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0660);
    assert_answer("GET /echo HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n", 200,
                  "/echo -\n");
    listener_scene_stop(&scene);
    ck_assert_int_ne(stat(unix_path, &info), 0);
}
END_TEST

START_TEST(one_that_somebody_listens_on_is_left_alone)
{
    char why[256] = "";
    struct stat info;

    listener_scene_start(&scene, unix_address);
    ck_assert_int_eq(try_to_start(unix_address, why, sizeof why), UV_EADDRINUSE);
    assert_has(why, "another process listens there");
    ck_assert_int_eq(stat(unix_path, &info), 0);
    assert_answer("GET /echo HTTP/1.0\r\n\r\n", 200, "/echo -\n");
    listener_scene_stop(&scene);
}
END_TEST

START_TEST(one_that_is_of_another_now_is_not_removed)
{
    struct stat info;

    listener_scene_start(&scene, unix_address);
    ck_assert_int_eq(unlink(unix_path), 0);
    leave_socket_behind();
    listener_scene_stop(&scene);
    ck_assert_int_eq(stat(unix_path, &info), 0);
}
END_TEST

static void write_file(struct scratch *files, const char *name, ...)
{
    va_list none;

    va_start(none, name);
    scratch_write(files, name, "precious", none);
    va_end(none);
}

START_TEST(another_file_is_not_replaced)
{
    char why[256] = "";

    write_file(scratch, "aiopoll.sock");
    setup();
    ck_assert_int_eq(try_to_start(unix_address, why, sizeof why), UV_EEXIST);
    assert_has(why, "not of a socket");
    ck_assert_str_eq(scratch_read(scratch, "aiopoll.sock"), "precious");
    teardown();
}
END_TEST

START_TEST(what_cannot_be_listened_on_gets_a_sentence)
{
    char why[256] = "";

    ck_assert_int_eq(try_to_start(scene.address, why, sizeof why), UV_EADDRINUSE);
    ck_assert_str_eq(why, "it cannot be listened on: address already in use");
    ck_assert_int_eq(try_to_start("192.0.2.1:0", why, sizeof why), UV_EADDRNOTAVAIL);
    ck_assert_int_eq(try_to_start("unix:/nowhere/at/all", why, sizeof why), UV_ENOENT);
    ck_assert_int_eq(try_to_start("example.net:80", why, sizeof why), UV_EINVAL);
    assert_has(why, "not looked up");
}
END_TEST

/* Other machines may know this one by any name. */
START_TEST(an_address_for_all_serves_any_host)
{
    listener_scene_start(&scene, "0.0.0.0:0");
    assert_answer("GET /echo HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n", 200,
                  "/echo -\n");
    listener_scene_stop(&scene);
}
END_TEST

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;

    close(fd);
    return has;
}

START_TEST(an_ipv6_address)
{
    if (!has_ipv6())
        return;
    listener_scene_start(&scene, "[::1]:0");
    assert_answer("GET /echo HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n", 200,
                  "/echo -\n");
    listener_scene_stop(&scene);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static TCase *add_case(Suite *suite, const char *name, void (*before)(void), void (*after)(void))
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, before, after);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_answers(TCase *tests)
{
    tcase_add_test(tests, a_page_of_known_length);
    tcase_add_test(tests, a_page_in_pieces);
    tcase_add_test(tests, to_1_0_pieces_end_with_the_connection);
    tcase_add_test(tests, other_pages);
    tcase_add_loop_test(tests, head_is_get_without_the_content, 0, COUNT(paths));
    tcase_add_test(tests, for_head_no_piece_is_made);
    tcase_add_loop_test(tests, what_the_client_has_is_not_sent_again, 0, COUNT(conditions));
    tcase_add_loop_test(tests, a_wrong_request_is_refused_and_the_last, 0, COUNT(refused));
    tcase_add_test(tests, to_a_refused_head_nothing_is_said);
    tcase_add_test(tests, requests_one_after_the_other);
    tcase_add_test(tests, with_1_0_too_where_that_is_asked_for);
    tcase_add_test(tests, many_requests_at_once_are_answered_in_order);
    tcase_add_test(tests, a_request_byte_by_byte);
    tcase_add_test(tests, a_client_that_has_shut_down_its_side);
    tcase_add_test(tests, long_pages_come_whole);
    tcase_add_test(tests, so_do_chunks);
    tcase_add_test(tests, a_page_for_which_memory_is_short_is_cut);
    tcase_add_test(tests, what_cannot_be_listened_on_gets_a_sentence);
}

static Suite *suite(void)
{
    Suite *suite = suite_create("listener");
    TCase *addresses;

    add_answers(add_case(suite, "answers", setup, teardown));
    addresses = add_case(suite, "addresses", setup_unix, teardown_unix);
    tcase_add_test(addresses, a_socket_in_the_file_system);
    tcase_add_test(addresses, one_that_somebody_listens_on_is_left_alone);
    tcase_add_test(addresses, one_that_is_of_another_now_is_not_removed);
    tcase_add_test(addresses, another_file_is_not_replaced);
    tcase_add_test(addresses, an_address_for_all_serves_any_host);
    tcase_add_test(addresses, an_ipv6_address);
    return suite;
}

/* The linker calls this in place of main(), which is the program's. */
int __wrap_main(void);

int __wrap_main(void)
{
    return check_main(suite());
}
