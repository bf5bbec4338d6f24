/*
 * Which name server is asked: resolv.conf changes while the program runs. And a
 * real one, dnsmasq, that goes and comes back.
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boottime.h"
#include "check_main.h"
#include "named_scene.h"
#include "namespace.h"

static const int64_t MS = 1000000;

/* --- resolv.conf ---------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void rewrite_in_place(const char *text)
{
    write_file("/etc/resolv.conf", text);
}

static void replace_by_rename(const char *text)
{
    write_file("/etc/resolv.conf.new", text);
    ck_assert_int_eq(rename("/etc/resolv.conf.new", "/etc/resolv.conf"), 0);
}

static void remove_and_write(const char *text)
{
    ck_assert_int_eq(unlink("/etc/resolv.conf"), 0);
    rig_pass(rig, 100);
    write_file("/etc/resolv.conf", text);
}

static void (*const changes[])(const char *text) = {rewrite_in_place, replace_by_rename,
                                                    remove_and_write};

/* Nobody is at the first address: its look-ups fail, and at the second they do not. */
static const char refusing[] = "nameserver 127.0.0.99\n";
static const char answering[] = "nameserver 127.0.0.1\n";

/* How long a change may take to be noticed: a second, and the next poll. */
static void await_result_within_a_second(const char *result)
{
    size_t from = named_scene_polls();
    int64_t began = boottime_ns();

    named_scene_await(result, from);
    ck_assert_int_le(boottime_ns() - began, (int64_t)((double)(1200 * MS) * rig_slowness()));
}

/* With a known address the failure would not be seen: so it fails first. */
START_TEST(a_change_of_resolv_conf_is_noticed)
{
    ck_assert(namespace_own_etc());
    changes[_i](refusing);
    named_scene_set_ipv4_only();
    named_scene_start("connect-timeout = 600ms\n");
    scene_await_polls("a", 2);
    scene_failure("a", 1, "dns");
    changes[_i](answering);
    await_result_within_a_second("ok");
    changes[_i]("nameserver 127.0.0.99\noptions attempts:1\n");
    rig_pass(rig, 1200);
    scene_await_polls("a", named_scene_polls() + 2);
    named_scene_check_detail(scene_poll("a", named_scene_polls() - 1), "the resolver failed");
}
END_TEST

START_TEST(a_look_up_under_way_is_asked_anew_after_a_change)
{
    ck_assert(namespace_own_etc());
    changes[_i]("nameserver " NAMESPACE_DEAD4 "2\n");
    named_scene_set_ipv4_only();
    named_scene_start("connect-timeout = 8s\n");
    rig_wait_requests(rig, mock, "b", 3, SCENE_LIMIT_MS);
    ck_assert_uint_eq(named_scene_polls(), 0);
    changes[_i](answering);
    await_result_within_a_second("ok");
    ck_assert_str_eq(rig_string(scene_poll("a", 0), "result"), "ok");
}
END_TEST

START_TEST(without_resolv_conf_the_old_one_holds)
{
    ck_assert(namespace_own_etc());
    replace_by_rename(answering);
    named_scene_set_ipv4_only();
    named_scene_start("");
    scene_await_polls("a", 2);
    if (_i == 0)
        ck_assert_int_eq(unlink("/etc/resolv.conf"), 0);
    else
        rewrite_in_place("");
    rig_pass(rig, 1200);
    scene_await_polls("a", named_scene_polls() + 3);
    rig_stop(rig);
    scene_check_all_good("a");
    for (size_t i = 0; i < scene_count_whole("a"); i++)
        ck_assert_ptr_null(json_object_get(scene_poll("a", i), "detail"));
}
END_TEST

/* --- a real one ----------------------------------------------------------------------------- */

static pid_t start_dnsmasq(void)
{
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* where the test fails */
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(127);
        execlp("dnsmasq", "dnsmasq", "--no-daemon", "--conf-file=/dev/null",
               "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv", "--no-hosts",
               "--cname=alias.test,dual.test", "--host-record=dual.test,127.0.0.1,::1",
               "--local=/test/", (char *)NULL);
        _exit(127);
    }
    return child;
}

static void end_dnsmasq(pid_t dnsmasq)
{
    int status;

    kill(dnsmasq, SIGTERM);
    waitpid(dnsmasq, &status, 0);
}

static pid_t dnsmasq;

static void setup_dnsmasq(void)
{
    dnsmasq = start_dnsmasq();
    ck_assert(scene_replace_file("/etc/resolv.conf",
                                 rig_write(rig, "resolv.conf", "nameserver 127.0.0.1\n")));
}

static void teardown_dnsmasq(void)
{
    end_dnsmasq(dnsmasq);
}

START_TEST(dnsmasq_answers)
{
    size_t unknown = 0;

    scene_start("[defaults]\nkeep-alive = 0\nretry = 50ms\nconnect-timeout = 600ms\n"
                "[servers]\na = http://dual.test:%d/a?delay=0.02\n"
                "b = http://alias.test:%d/b?delay=0.02\nc = http://nosuch.test/\n",
                mock_server_port(mock), mock_server_port(mock));
    rig_wait_requests(rig, mock, "a", 3, SCENE_LIMIT_MS);
    rig_wait_requests(rig, mock, "b", 3, SCENE_LIMIT_MS);
    scene_await_polls("c", 1);
    while (strstr(rig_string(scene_failure("c", unknown, "dns"), "detail"), "not found") == NULL)
        scene_await_polls("c", ++unknown + 1); /* it was not up yet */
    end_dnsmasq(dnsmasq);
    scene_await_polls("a", named_scene_polls() + 3);
    named_scene_check_detail(scene_poll("a", named_scene_polls() - 1), "the resolver failed");
    dnsmasq = start_dnsmasq();
    named_scene_await_silence();
}
END_TEST

static void add_dnsmasq(Suite *suite)
{
    TCase *tests;

    if (system("dnsmasq --version >/dev/null 2>&1") != 0) {
        fprintf(stderr, "resolver: skipped: dnsmasq is not installed\n");
        return;
    }
    tests = scene_case_apart(suite, "dnsmasq");
    tcase_add_checked_fixture(tests, setup_dnsmasq, teardown_dnsmasq);
    tcase_add_test(tests, dnsmasq_answers);
}

static Suite *suite(void)
{
    Suite *suite = suite_create("resolv_conf");
    TCase *tests;

    if (!namespace_has_network("resolv_conf"))
        return suite;
    tests = named_scene_case(suite, "resolv.conf");
    tcase_add_loop_test(tests, a_change_of_resolv_conf_is_noticed, 0, 3);
    tcase_add_loop_test(tests, a_look_up_under_way_is_asked_anew_after_a_change, 0, 3);
    tcase_add_loop_test(tests, without_resolv_conf_the_old_one_holds, 0, 2);
    add_dnsmasq(suite);
    return suite;
}

CHECK_MAIN(suite())
