/*
 * Names with many addresses, some of which are dead: what RFC 8305 promises,
 * and what the kernel may say to a connect, in a network of the test's own.
 */
#include <string.h>

#include "boottime.h"
#include "check_main.h"
#include "namespace.h"
#include "scene.h"
#include "usage.h"

static const int64_t MS = 1000000;

static const char dead4[] = NAMESPACE_DEAD4 "2 dual.test\n";
static const char dead6[] = NAMESPACE_DEAD6 "2 dual.test\n";
static const char unrouted6[] = NAMESPACE_UNROUTED6 "2 dual.test\n";
static const char live4[] = "127.0.0.1 dual.test\n";
static const char live6[] = "::1 dual.test\n";

static void set_hosts(const char *first, const char *second)
{
    ck_assert(scene_replace_file("/etc/hosts", rig_write(rig, "hosts", "%s%s", first, second)));
}

/* The mock's port on ::1 as well. */
static struct mock_server *listen_on_ipv6(void)
{
    struct mock_server *six;

    ck_assert_int_eq(mock_server_new(&six, rig_loop(rig), "::1", mock_server_port(mock)), 0);
    return six;
}

static void poll_dual(unsigned count, const char *settings)
{
    scene_start_count(count,
                      "[defaults]\nkeep-alive = 0\n%s"
                      "[servers]\na = http://dual.test:%d/a?delay=0.05\n",
                      settings, mock_server_port(mock));
}

static void check_took(size_t index, int64_t least_ms, int64_t most_ms)
{
    int64_t took = scene_ns(scene_poll("a", index), "took");

    ck_assert_msg(took >= least_ms * MS && (double)took <= (double)(most_ms * MS) * rig_slowness(),
                  "poll %zu took %.1f ms", index, (double)took / (double)MS);
}

/* --- which address --------------------------------------------------------------------- */

/* 250 ms of the Connection Attempt Delay, and what it costs besides; afterwards it is known. */
START_TEST(a_dropped_ipv6_address_costs_one_attempt_delay_once)
{
    set_hosts(dead6, live4);
    poll_dual(4, "");
    scene_await_exit(0);
    scene_check_all_good("a");
    check_took(0, 250, 400);
    for (size_t i = 1; i < 4; i++)
        check_took(i, 0, 200);
}
END_TEST

START_TEST(the_other_address_is_tried_at_once_where_one_is_refused)
{
    static const char *const refused[] = {live6, unrouted6};

    set_hosts(refused[_i], live4);
    poll_dual(2, "");
    scene_await_exit(0);
    scene_check_all_good("a");
    check_took(0, 0, 200);
    check_took(1, 0, 200);
}
END_TEST

START_TEST(ipv6_is_tried_first)
{
    static const char *const others[] = {live4, dead4};
    struct mock_server *six = listen_on_ipv6();

    set_hosts(others[_i], live6);
    poll_dual(2, "");
    scene_await_exit(0);
    scene_check_all_good("a");
    check_took(0, 0, 200);
    ck_assert_uint_eq(mock_server_requests(six, "a"), 2);
    ck_assert_uint_eq(mock_server_connections(mock), 0);
    mock_server_free(six);
}
END_TEST

/* Of the one family that is wanted; the other one is dead, refused, or the only one. */
START_TEST(the_address_family_can_be_chosen)
{
    set_hosts(dead6, live4);
    poll_dual(1, "address-family = 4\n");
    scene_await_exit(0);
    check_took(0, 0, 200);
    poll_dual(1, "address-family = 6\nconnect-timeout = 300ms\n");
    scene_await_exit(1);
    ck_assert_ptr_nonnull(
        strstr(rig_string(scene_failure("a", 0, "connect"), "detail"), "[" NAMESPACE_DEAD6 "2]"));
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

START_TEST(all_addresses_dead_is_connect_at_the_limit)
{
    struct bytes hosts = {0};
    json_t *poll;

    for (int i = 2; i < 4; i++)
        bytes_print(&hosts, NAMESPACE_DEAD4 "%d dual.test\n" NAMESPACE_DEAD6 "%d dual.test\n", i,
                    i);
    set_hosts(hosts.data, "");
    bytes_finish(&hosts);
    poll_dual(2, "connect-timeout = 600ms\nretry = 50ms\n");
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        poll = scene_failure("a", i, "connect");
        check_took(i, 600, 900);
        ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), "4 addresses"));
        ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), "timed out"));
    }
}
END_TEST

/* What the time limit allows is divided: 250 ms each would be 3.75 s. */
START_TEST(many_dead_addresses_leave_time_for_the_one_that_lives)
{
    struct mock_server *six = listen_on_ipv6();
    struct bytes hosts = {0};

    for (int i = 2; i < 2 + 15; i++)
        bytes_print(&hosts, NAMESPACE_DEAD6 "%d dual.test\n", i);
    set_hosts(hosts.data, live6);
    bytes_finish(&hosts);
    poll_dual(2, "connect-timeout = 2s\n");
    scene_await_exit(0);
    scene_check_all_good("a");
    check_took(1, 0, 200);
    ck_assert_uint_eq(mock_server_requests(six, "a"), 2);
    mock_server_free(six);
}
END_TEST

START_TEST(sixteen_dead_addresses_of_one_family_do_not_hide_the_other)
{
    struct bytes hosts = {0};

    for (int i = 2; i < 2 + 16; i++)
        bytes_print(&hosts, NAMESPACE_DEAD6 "%d dual.test\n", i);
    set_hosts(hosts.data, live4);
    bytes_finish(&hosts);
    poll_dual(1, "");
    scene_await_exit(0);
    check_took(0, 0, 400);
}
END_TEST

/* --- what is left of the others -------------------------------------------------------- */

START_TEST(both_alive_get_one_connection_between_them)
{
    struct mock_server *six = listen_on_ipv6();

    set_hosts(live4, live6);
    poll_dual(5, "");
    scene_await_exit(0);
    scene_check_all_good("a");
    ck_assert_uint_eq(mock_server_connections(mock) + mock_server_connections(six), 5);
    mock_server_free(six);
}
END_TEST

static bool has_no_socket(void *arg)
{
    (void)arg;
    return usage_sockets(rig_pid(rig)) == 0;
}

START_TEST(the_race_leaves_no_descriptor)
{
    set_hosts(dead6, live4);
    scene_start("[defaults]\nkeep-alive = 0\nmin-delay = 10s\n"
                "[servers]\na = http://dual.test:%d/a\nb = http://dual.test:1/\n",
                mock_server_port(mock));
    scene_await_polls("a", 1);
    scene_check_all_good("a");
    scene_await_polls("b", 1);
    scene_failure("b", 0, "connect");
    rig_wait(rig, has_no_socket, NULL, SCENE_LIMIT_MS);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 1);
}
END_TEST

/* --- what the kernel may say ----------------------------------------------------------- */

/* An ordinary failure: each wait is at least what was told, and grows. */
static void check_back_off(const char *server, size_t first, size_t count, const char *detail)
{
    for (size_t i = 0; i < count; i++) {
        json_t *poll = scene_failure(server, first + i, "connect");

        ck_assert_msg(strstr(rig_string(poll, "detail"), detail) != NULL, "%s",
                      rig_string(poll, "detail"));
        ck_assert_int_eq((int)rig_number(poll, "attempt"), (int)i + 1);
        ck_assert_int_ge(scene_ns(poll, "delay"), (20 << i) * MS * 3 / 4);
        ck_assert_int_le(scene_ns(poll, "took"), (int64_t)((double)(200 * MS) * rig_slowness()));
    }
}

static const char quick_retry[] = "[defaults]\n"
                                  "keep-alive = 0\nconnect-early = no\nretry = 20ms\n";

START_TEST(an_unreachable_network_is_connect)
{
    static const char *const addresses[] = {NAMESPACE_UNROUTED4 "2", "[" NAMESPACE_UNROUTED6 "2]"};
    int64_t began = boottime_ns();
    int64_t told = 0;

    scene_start_count(6, "%s[servers]\na = http://%s/\n", quick_retry, addresses[_i]);
    scene_await_exit(1);
    check_back_off("a", 0, 6, "network is unreachable");
    for (size_t i = 0; i < 5; i++)
        told += scene_ns(scene_poll("a", i), "delay");
    ck_assert_int_ge(boottime_ns() - began, told);
}
END_TEST

/* Two ports for five connections that are kept: the rest fail, and the two go on. */
START_TEST(no_free_port_is_connect)
{
    FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");

    ck_assert_ptr_nonnull(range);
    fprintf(range, "40000 40001");
    ck_assert_int_eq(fclose(range), 0);
    scene_start("[defaults]\nretry = 20ms\n[servers]\n"
                "a = @/a?delay=0.05\nb = @/b?delay=0.05\n"
                "c = @/c?delay=0.05\nd = @/d?delay=0.05\n");
    scene_await_polls("c", 4);
    scene_await_polls("d", 4);
    scene_await_polls("a", 10);
    scene_await_polls("b", 10);
    rig_stop(rig);
    check_back_off("c", 0, 4, "address not available");
    check_back_off("d", 0, 4, "address not available");
    scene_check_all_good("a");
    scene_check_all_good("b");
    ck_assert_uint_eq(mock_server_connections(mock), 2);
}
END_TEST

/* valgrind cannot run strace, nor strace a program that valgrind runs. */
static bool have_strace(void)
{
    if (usage_is_valgrind())
        return false;
    if (system("strace -qq -o /dev/null true 2>/dev/null") == 0)
        return true;
    fprintf(stderr, "happy_eyeballs: skipped: strace is not there, or may not trace\n");
    return false;
}

START_TEST(what_the_kernel_is_short_of_is_connect)
{
    static const struct {
        const char *call;
        const char *error;
        const char *detail;
    } faults[] = {
        {"socket", "EMFILE", "too many open files"},
        {"socket", "ENFILE", "file table overflow"},
        {"socket", "ENOBUFS", "no buffer space available"},
        {"socket", "ENOMEM", "not enough memory"},
        {"connect", "ENOBUFS", "no buffer space available"},
        {"connect", "EADDRNOTAVAIL", "address not available"},
        {"connect", "EPERM", "operation not permitted"},
    };
    struct bytes line = {0};

    if (!have_strace())
        return;
    bytes_print(&line,
                "exec strace -D -f -qq -o /dev/null -e trace=%s -e inject=%s:error=%s:when=2..5 "
                "\"$@\"",
                faults[_i].call, faults[_i].call, faults[_i].error);
    rig_set_shell(rig, line.data);
    rig_set_env(rig, "ASAN_OPTIONS", "detect_leaks=0"); /* it cannot when traced */
    scene_start_count(7, "%s[servers]\na = @/a?delay=0.02\n", quick_retry);
    scene_await_exit(1);
    ck_assert_str_eq(rig_string(scene_poll("a", 0), "result"), "ok");
    check_back_off("a", 1, 4, faults[_i].detail);
    for (size_t i = 5; i < 7; i++)
        ck_assert_str_eq(rig_string(scene_poll("a", i), "result"), "ok");
    bytes_finish(&line);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("happy_eyeballs");
    TCase *tests;

    if (!namespace_has_network("happy_eyeballs"))
        return suite;
    tests = scene_case_apart(suite, "addresses");
    tcase_add_test(tests, a_dropped_ipv6_address_costs_one_attempt_delay_once);
    tcase_add_loop_test(tests, the_other_address_is_tried_at_once_where_one_is_refused, 0, 2);
    tcase_add_loop_test(tests, ipv6_is_tried_first, 0, 2);
    tcase_add_test(tests, the_address_family_can_be_chosen);
    tcase_add_test(tests, all_addresses_dead_is_connect_at_the_limit);
    tcase_add_test(tests, many_dead_addresses_leave_time_for_the_one_that_lives);
    tcase_add_test(tests, sixteen_dead_addresses_of_one_family_do_not_hide_the_other);
    tests = scene_case_apart(suite, "losers");
    tcase_add_test(tests, both_alive_get_one_connection_between_them);
    tcase_add_test(tests, the_race_leaves_no_descriptor);
    tests = scene_case_apart(suite, "kernel");
    tcase_add_loop_test(tests, an_unreachable_network_is_connect, 0, 2);
    tcase_add_test(tests, no_free_port_is_connect);
    tcase_add_loop_test(tests, what_the_kernel_is_short_of_is_connect, 0, 7);
    return suite;
}

CHECK_MAIN(suite())
