#include <arpa/inet.h>
#include <string.h>

#include "check_main.h"
#include "http/address.h"

static const char *const localhosts[] = {"localhost", "LocalHost", "localhost.", "a.localhost",
                                         "b.A.LOCALHOST."};
static const char *const others[] = {
    "",           ".",           "ocalhost",          "alocalhost",
    "localhos",   "localhost..", "localhost.example", "a-localhost",
    "localhosts", "127.0.0.1"};

START_TEST(localhost_has_both_loopback_addresses)
{
    union address address;
    char text[ADDRESS_TEXT_SIZE];

    ck_assert(address_of_localhost(localhosts[_i], AF_INET, &address));
    ck_assert_str_eq(address_text(&address, text), "127.0.0.1:0");
    ck_assert(address_of_localhost(localhosts[_i], AF_INET6, &address));
    ck_assert_str_eq(address_text(&address, text), "[::1]:0");
}
END_TEST

START_TEST(other_names_are_not_localhost)
{
    union address address;

    ck_assert_msg(!address_of_localhost(others[_i], AF_INET, &address), "%s", others[_i]);
}
END_TEST

START_TEST(addresses_differ_by_family_port_and_bytes)
{
    static const struct {
        const char *left;
        uint16_t left_port;
        const char *right;
        uint16_t right_port;
        bool equal;
    } pairs[] = {
        {"127.0.0.1", 80, "127.0.0.1", 80, true},
        {"127.0.0.1", 80, "127.0.0.1", 81, false},
        {"127.0.0.1", 80, "127.0.0.2", 80, false},
        {"::1", 80, "::1", 80, true},
        {"::1", 80, "::1", 81, false},
        {"::1", 80, "::2", 80, false},
        {"::ffff:7f00:1", 80, "127.0.0.1", 80, false},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        union address left, right;

        ck_assert(address_parse(pairs[i].left, pairs[i].left_port, &left));
        ck_assert(address_parse(pairs[i].right, pairs[i].right_port, &right));
        ck_assert_msg(address_equal(&left, &right) == pairs[i].equal, "%s %s", pairs[i].left,
                      pairs[i].right);
    }
}
END_TEST

START_TEST(names_are_not_addresses)
{
    static const char *const names[] = {"",      "a",      "127.1",     "1.2.3.4.", "0x7f000001",
                                        "[::1]", "::1%lo", "1.2.3.256", "01.2.3.4x"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        union address address;
        ck_assert_msg(!address_parse(names[i], 80, &address), "%s", names[i]);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("address");
    TCase *tests = tcase_create("address");

    tcase_add_loop_test(tests, localhost_has_both_loopback_addresses, 0,
                        sizeof localhosts / sizeof *localhosts);
    tcase_add_loop_test(tests, other_names_are_not_localhost, 0, sizeof others / sizeof *others);
    tcase_add_test(tests, addresses_differ_by_family_port_and_bytes);
    tcase_add_test(tests, names_are_not_addresses);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
