#include <arpa/inet.h>
#include <string.h>

#include "base/pool.h"
#include "check_main.h"
#include "config/listen_address.h"

static const struct {
    const char *text, *host;
    uint16_t port;
} right[] = {
    {"127.0.0.1:9914", "127.0.0.1", 9914},
    {"0.0.0.0:80", "0.0.0.0", 80},
    {"localhost:1", "127.0.0.1", 1},
    {"LocalHost:65535", "127.0.0.1", 65535},
    {"127.0.0.1:0", "127.0.0.1", 0},
    {"[::1]:9914", "::1", 9914},
    {"[::]:80", "::", 80},
    {"[::ffff:1.2.3.4]:80", "::ffff:1.2.3.4", 80},
};

START_TEST(addresses_with_a_port)
{
    struct listen_address address;
    char host[INET6_ADDRSTRLEN];

    ck_assert(listen_address_parse(right[_i].text, &address));
    if (address.any.sa_family == AF_INET6) {
        ck_assert_uint_eq(address.size, sizeof address.v6);
        inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
        ck_assert_uint_eq(ntohs(address.v6.sin6_port), right[_i].port);
    } else {
        ck_assert_int_eq(address.any.sa_family, AF_INET);
        ck_assert_uint_eq(address.size, sizeof address.v4);
        inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
        ck_assert_uint_eq(ntohs(address.v4.sin_port), right[_i].port);
    }
    ck_assert_str_eq(host, right[_i].host);
}
END_TEST

static const char *const wrong[] = {
    "",
    "127.0.0.1",
    "9914",
    ":9914",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "127.0.0.1:+1",
    "127.0.0.1: 1",
    "127.0.0.1:1 ",
    "127.0.0.1:1/",
    "127.0.0.1:000001",
    "127.1:80",
    "127.0.0.1.:80",
    "example.net:80",
    "localhost.:80",
    "::1:9914",
    "[::1]",
    "[::1]9914",
    "[::1]:",
    "[::1:9914",
    "[]:9914",
    "[fe80::1%lo]:9914",
    "[127.0.0.1]:9914",
    "[0123:4567:89ab:cdef:0123:4567:89ab:cdef:0123:4567:89ab:cdef]:1",
    "http://127.0.0.1:9914",
    "*:9914",
    "unix:",
    "Unix:/run/a",
    "unix:/run/a\nb",
};

START_TEST(what_is_no_address_is_refused)
{
    struct listen_address address = {.size = 42};

    ck_assert_msg(!listen_address_parse(wrong[_i], &address), "%s", wrong[_i]);
    ck_assert_uint_eq(address.size, 42);
}
END_TEST

START_TEST(a_socket_has_a_path)
{
    struct listen_address address;
    char text[200] = "unix:";

    ck_assert(listen_address_parse("unix:/run/aiopoll.sock", &address));
    ck_assert_int_eq(address.any.sa_family, AF_UNIX);
    ck_assert_str_eq(address.local.sun_path, "/run/aiopoll.sock");
    memset(text + 5, 'x', sizeof address.local.sun_path - 1);
    ck_assert(listen_address_parse(text, &address));
    strcat(text, "x");
    ck_assert(!listen_address_parse(text, &address));
}
END_TEST

static char why[200];

static const char *read_text(const char *value, const char *file, struct pool *pool)
{
    const struct written written = {.value = value, .shown = value, .place = {.name = file}};
    const char *text = NULL;
    bool read = listen_address_read(&written, pool, &text, why, sizeof why);
    ck_assert_int_eq(read, text != NULL);
    return text;
}

START_TEST(it_is_read_as_a_setting)
{
    struct pool pool = {0};

    ck_assert_str_eq(read_text("localhost:9914", "etc/a.ini", &pool), "localhost:9914");
    ck_assert_str_eq(read_text("unix:/run/s", "etc/a.ini", &pool), "unix:/run/s");
    ck_assert_str_eq(read_text("unix:s", "etc/a.ini", &pool), "unix:etc/s");
    ck_assert_str_eq(read_text("unix:s", NULL, &pool), "unix:s");
    pool_free(&pool);
}
END_TEST

START_TEST(what_would_be_right_is_said)
{
    struct pool pool = {0};

    ck_assert_ptr_null(read_text("example.net:80", NULL, &pool));
    ck_assert_str_eq(why, "write an address such as 127.0.0.1:9914, [::1]:9914 or "
                          "unix:/run/aiopoll.sock; a name other than localhost is not looked up");
    ck_assert_ptr_null(read_text("unix:", NULL, &pool));
    ck_assert_str_eq(why, "write the path of a file");
    pool_free(&pool);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("listen address");
    TCase *tcase = tcase_create("listen address");
    tcase_add_loop_test(tcase, addresses_with_a_port, 0, sizeof right / sizeof *right);
    tcase_add_loop_test(tcase, what_is_no_address_is_refused, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tcase, a_socket_has_a_path);
    tcase_add_test(tcase, it_is_read_as_a_setting);
    tcase_add_test(tcase, what_would_be_right_is_said);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
