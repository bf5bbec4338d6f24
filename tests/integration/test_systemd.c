/*
 * The installed units, with all of their hardening, under a real systemd.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit_scene.h"

#define LOGROTATE "/usr/sbin/logrotate"

static const char *const units[] = {"aiopoll", "aiopoll@other"};

/* --- life -------------------------------------------------------------------------------- */

START_TEST(it_starts_polls_and_stops)
{
    const char *unit = units[_i];

    unit_scene_start(unit, "[servers]\na = @/a?delay=0.1\n");
    ck_assert_str_eq(unit_scene_property(unit, "ActiveState"), "active");
    rig_wait_requests(rig, mock, "a", 5, SCENE_LIMIT_MS);
    unit_scene_await_status(unit, "1 ok, 0 failing, 0 overdue, next in 0.");
    machine_run("systemctl stop %s", unit);
    ck_assert_str_eq(unit_scene_property(unit, "ActiveState"), "inactive");
    ck_assert_str_eq(unit_scene_property(unit, "Result"), "success");
    ck_assert_str_eq(unit_scene_property(unit, "ExecMainStatus"), "0");
    ck_assert_str_eq(unit_scene_property(unit, "NRestarts"), "0");
    unit_scene_await_line(unit, "info stop why=SIGTERM polls=");
    scene_check_punctual();
}
END_TEST

START_TEST(a_wrong_configuration_is_not_started_again)
{
    unit_scene_configure("aiopoll", "[servers]\na =\n");
    machine_run("! systemctl start aiopoll");
    ck_assert_str_eq(unit_scene_property("aiopoll", "ActiveState"), "failed");
    ck_assert_str_eq(unit_scene_property("aiopoll", "ExecMainStatus"), "2");
    ck_assert_str_eq(unit_scene_property("aiopoll", "NRestarts"), "0");
    unit_scene_await_line("aiopoll", "/etc/aiopoll/servers.ini:2: ");
}
END_TEST

/* --- reload ------------------------------------------------------------------------------ */

START_TEST(a_reload_changes_what_is_polled)
{
    int pid;

    unit_scene_start("aiopoll", "[servers]\na = @/a?delay=0.1\n");
    pid = unit_scene_pid("aiopoll");
    unit_scene_configure("aiopoll", "[servers]\na = @/a?delay=0.1\nb = @/b?delay=0.1\n");
    machine_run("systemctl reload aiopoll");
    rig_wait_requests(rig, mock, "b", 3, SCENE_LIMIT_MS);
    unit_scene_await_line("aiopoll", "info reload result=ok servers=2 added=1 ");
    unit_scene_await_status("aiopoll", "2 ok, 0 failing, 0 overdue");
    machine_await("active", "systemctl is-active aiopoll");
    ck_assert_int_eq(unit_scene_pid("aiopoll"), pid);
    ck_assert_str_eq(unit_scene_property("aiopoll", "Result"), "success");
}
END_TEST

START_TEST(a_broken_file_changes_nothing)
{
    size_t polls;
    int pid;

    unit_scene_start("aiopoll", "[servers]\na = @/a?delay=0.1\n");
    pid = unit_scene_pid("aiopoll");
    unit_scene_configure("aiopoll", "[servers]\nb = @/b?delay=0.1\n[nonsense]\n");
    machine_run("systemctl reload aiopoll");
    unit_scene_await_status("aiopoll", "; the new configuration has 1 problem: "
                                       "/etc/aiopoll/servers.ini:3: ");
    unit_scene_await_line("aiopoll", "error problem detail=\"/etc/aiopoll/servers.ini:3: ");
    unit_scene_await_line("aiopoll", "error reload result=error problems=1");
    machine_await("active", "systemctl is-active aiopoll");
    ck_assert_int_eq(unit_scene_pid("aiopoll"), pid);
    polls = mock_server_requests(mock, "a");
    rig_wait_requests(rig, mock, "a", polls + 5, SCENE_LIMIT_MS);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 0);
}
END_TEST

/* --- a death ----------------------------------------------------------------------------- */

static const char promised[] = "[servers]\nfar = @/far?delay=3600\nnear = @/near?delay=0.1\n";

/* A promise is written some milliseconds after it was made. */
static void await_promise(void)
{
    rig_wait_requests(rig, mock, "far", 1, SCENE_LIMIT_MS);
    machine_await(" far", "cat /var/lib/aiopoll/schedule");
}

/* By another process, which polls what is due, and keeps what was promised. */
static void check_restarted(int pid)
{
    size_t polls = mock_server_requests(mock, "near");

    machine_await("1", "systemctl show --property=NRestarts --value aiopoll");
    machine_await("active", "systemctl is-active aiopoll");
    unit_scene_await_line("aiopoll", "info state-file file=/var/lib/aiopoll/schedule ");
    rig_wait_requests(rig, mock, "near", polls + 5, SCENE_LIMIT_MS);
    ck_assert_int_ne(unit_scene_pid("aiopoll"), pid);
    ck_assert_str_eq(unit_scene_property("aiopoll", "NRestarts"), "1");
    ck_assert_uint_eq(mock_server_requests(mock, "far"), 1);
}

START_TEST(one_that_is_killed_comes_back_and_keeps_its_promises)
{
    int pid;

    unit_scene_start("aiopoll", promised);
    pid = unit_scene_pid("aiopoll");
    await_promise();
    machine_run("systemctl kill --signal=KILL aiopoll");
    check_restarted(pid);
}
END_TEST

START_TEST(the_watchdog_bites_one_that_stands_still)
{
    int pid;

    unit_scene_drop_in("aiopoll", "WatchdogSec=4s\n");
    unit_scene_start("aiopoll", promised);
    pid = unit_scene_pid("aiopoll");
    await_promise();
    machine_run("systemctl kill --signal=STOP aiopoll");
    machine_await("Failed with result 'watchdog'",
                  "journalctl --no-pager --output=cat --unit=aiopoll");
    check_restarted(pid);
}
END_TEST

/* --- the journal ------------------------------------------------------------------------- */

START_TEST(lines_have_their_priority_and_no_time)
{
    json_t *entry;

    unit_scene_start("aiopoll", "[servers]\na = @/a?delay=0.1\nb = @/b?status=500\n");
    entry = unit_scene_await_line("aiopoll", "info poll server=a status=200 delay=0.1 ");
    ck_assert_str_eq(unit_scene_field(entry, "PRIORITY"), "6");
    entry = unit_scene_await_line("aiopoll", "warning poll server=b status=500 ");
    ck_assert_str_eq(unit_scene_field(entry, "PRIORITY"), "4");
    unit_scene_configure("aiopoll", "[nonsense]\n");
    machine_run("systemctl reload aiopoll");
    entry = unit_scene_await_line("aiopoll", "error problem ");
    ck_assert_str_eq(unit_scene_field(entry, "PRIORITY"), "3");
}
END_TEST

START_TEST(json_stays_json)
{
    json_t *journal;
    json_t *entry;
    size_t index;

    unit_scene_start("aiopoll@json", "[aiopoll]\nlog-format = json\nlog-level = debug\n"
                                     "[servers]\na = @/a?delay=0.1\nb = @/b?status=500\n");
    unit_scene_await_line("aiopoll@json", "{\"level\":\"info\",\"event\":\"poll\"");
    machine_run("systemctl stop aiopoll@json");
    unit_scene_await_line("aiopoll@json", "{\"level\":\"info\",\"event\":\"stop\"");
    journal = unit_scene_journal("aiopoll@json");
    json_array_foreach(journal, index, entry)
    {
        json_t *event = json_loads(unit_scene_field(entry, "MESSAGE"), 0, NULL);

        ck_assert_msg(json_is_object(event), "%s", unit_scene_field(entry, "MESSAGE"));
        ck_assert_ptr_null(json_object_get(event, "time"));
        json_decref(event);
    }
    ck_assert_uint_ge(index, 5);
    json_decref(journal);
}
END_TEST

/* As the manual has it, for a unit and an instance beside it; rotated as the example does. */
START_TEST(a_log_file_is_written_and_rotated)
{
    static const char config[] = "[aiopoll]\nlog-file = ${LOGS_DIRECTORY}/aiopoll.log\n"
                                 "[servers]\na = @/a?delay=0.1\n";
    static const char file[] = "/var/log/aiopoll/aiopoll.log";

    unit_scene_drop_in("aiopoll@other", "LogsDirectory=aiopoll@%i\n");
    unit_scene_drop_in("aiopoll", "LogsDirectory=aiopoll\n");
    unit_scene_start("aiopoll@other", config);
    unit_scene_start("aiopoll", config);
    machine_await(" info poll server=a ", "cat /var/log/aiopoll@other/aiopoll.log");
    machine_await(" info poll server=a ", "cat %s", file);
    machine_run(LOGROTATE " --force --state /run/rotated " EXAMPLES "/aiopoll.logrotate");
    machine_await(" info poll server=a ", "cat %s", file);
    ck_assert_ptr_nonnull(strstr(machine_run("cat %s.1", file), " info start "));
    machine_run("systemctl stop aiopoll");
    machine_await(" info stop why=SIGTERM ", "cat %s", file);
}
END_TEST

/* --- secrets ----------------------------------------------------------------------------- */

START_TEST(a_credential_is_sent_and_never_shown)
{
    static const char token[] = "c2VjcmV0LXRva2Vu";
    int pid;

    machine_write("/etc/aiopoll/lease.token", "%s\n", token);
    machine_run("chmod 600 /etc/aiopoll/lease.token");
    unit_scene_drop_in("aiopoll", "LoadCredential=lease:/etc/aiopoll/lease.token\n");
    unit_scene_start("aiopoll", "[aiopoll]\nlog-level = debug\n"
                                "[server lease]\nurl = @/lease?delay=0.1&status=200,500,200\n"
                                "bearer-token-file = ${CREDENTIALS_DIRECTORY}/lease\n");
    pid = unit_scene_pid("aiopoll");
    rig_wait_requests(rig, mock, "lease", 5, SCENE_LIMIT_MS);
    ck_assert_ptr_nonnull(strstr(bytes_text(&scene_request("lease", 0)->header),
                                 "Authorization: Bearer c2VjcmV0LXRva2Vu\r\n"));
    machine_run("systemctl reload aiopoll");
    unit_scene_await_line("aiopoll", "info reload result=ok servers=1 ");
    ck_assert_ptr_nonnull(strstr(machine_run("cat /proc/%d/limits", pid),
                                 "Max core file size        0                    0 "));
    ck_assert_ptr_null(strstr(machine_run("systemctl show aiopoll"), token));
    ck_assert_ptr_null(strstr(machine_run("systemctl status --full aiopoll"), token));
    ck_assert_ptr_null(strstr(machine_run("journalctl --no-pager --all --output=export"), token));
}
END_TEST

/* --- hooks --------------------------------------------------------------------------------- */

START_TEST(a_hook_runs_as_confined_as_the_unit)
{
    const char *told;

    machine_write("/etc/aiopoll/token", "c2VjcmV0\n");
    unit_scene_drop_in("aiopoll", "LoadCredential=token:/etc/aiopoll/token\n");
    machine_write("/usr/local/bin/told", "#!/bin/sh\n"
                                         "own=$(cut -d ' ' -f 19 /proc/$PPID/stat)\n"
                                         "for i in $(seq 100); do\n"
                                         "[ $(nice) -gt $own ] && break; sleep 0.02; done\n"
                                         "echo nicer by $(($(nice) - own))"
                                         " >>/var/lib/aiopoll/told\n"
                                         "env >>/var/lib/aiopoll/told\n"
                                         "cat /proc/self/status >>/var/lib/aiopoll/told\n"
                                         ": >/usr/local/bin/not-here\n");
    machine_run("chmod 755 /usr/local/bin/told");
    unit_scene_start("aiopoll", "[aiopoll]\non-change = /usr/local/bin/told\n"
                                "[servers]\na = @/a?delay=0.1&status=200,500,200\n");
    unit_scene_await_line("aiopoll", "warning hook server=a state=failing ");
    told = machine_await("AIOPOLL_STATE=ok", "cat /var/lib/aiopoll/told");
    ck_assert_ptr_nonnull(strstr(told, "AIOPOLL_STATE=failing\n"));
    ck_assert_msg(strstr(told, "nicer by ") != NULL && strstr(told, "nicer by 0\n") == NULL, "%s",
                  told);
    ck_assert_ptr_nonnull(strstr(told, "NoNewPrivs:\t1\n"));
    ck_assert_ptr_nonnull(strstr(told, "Seccomp:\t2\n"));
    ck_assert_ptr_null(strstr(told, "CREDENTIALS_DIRECTORY"));
    machine_run("! test -e /usr/local/bin/not-here");
}
END_TEST

/* --- the template -------------------------------------------------------------------------- */

static void check_all_is_well(const char *unit)
{
    json_t *journal = unit_scene_journal(unit);
    size_t index;
    json_t *entry;

    json_array_foreach(journal, index, entry)
        ck_assert_str_eq(unit_scene_field(entry, "PRIORITY"), "6");
    json_decref(journal);
    ck_assert_str_eq(unit_scene_property(unit, "NRestarts"), "0");
}

START_TEST(instances_run_beside_each_other)
{
    static const char *const all[] = {"aiopoll@a", "aiopoll", "aiopoll@b"};

    for (size_t i = 0; i < 3; i++)
        unit_scene_start(all[i], "[servers]\ns%zu = @/s%zu?delay=0.1\n", i, i);
    for (size_t i = 0; i < 3; i++)
        unit_scene_await_status(all[i], "1 ok, 0 failing, 0 overdue");
    machine_await(" s0", "cat /var/lib/aiopoll@a/schedule");
    machine_await(" s1", "cat /var/lib/aiopoll/schedule");
    machine_await(" s2", "cat /var/lib/aiopoll@b/schedule");
    machine_run("systemctl restart 'aiopoll*'");
    for (size_t i = 0; i < 3; i++) {
        unit_scene_await_status(all[i], "1 ok, 0 failing, 0 overdue");
        unit_scene_await_line(all[i], "info state-file ");
        check_all_is_well(all[i]);
    }
}
END_TEST

/* --- powers -------------------------------------------------------------------------------- */

static void check_power(const char *status, const char *line)
{
    ck_assert_msg(strstr(status, line) != NULL, "not '%s' in:\n%s", line, status);
}

START_TEST(it_has_no_power_at_all)
{
    const char *status;
    unsigned user;

    unit_scene_start("aiopoll", "[servers]\na = @/a?delay=0.1\n");
    status = machine_run("cat /proc/%d/status", unit_scene_pid("aiopoll"));
    check_power(status, "CapInh:\t0000000000000000\n");
    check_power(status, "CapPrm:\t0000000000000000\n");
    check_power(status, "CapEff:\t0000000000000000\n");
    check_power(status, "CapBnd:\t0000000000000000\n");
    check_power(status, "CapAmb:\t0000000000000000\n");
    check_power(status, "NoNewPrivs:\t1\n");
    check_power(status, "Seccomp:\t2\n");
    ck_assert_int_eq(sscanf(strstr(status, "Uid:"), "Uid: %u", &user), 1);
    ck_assert_uint_ge(user, 61184); /* one of those for DynamicUser= */
    ck_assert_uint_le(user, 65519);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("systemd");
    TCase *tests = unit_scene_case(suite, "life");

    tcase_add_loop_test(tests, it_starts_polls_and_stops, 0, 2);
    tcase_add_test(tests, a_wrong_configuration_is_not_started_again);
    tests = unit_scene_case(suite, "reload");
    tcase_add_test(tests, a_reload_changes_what_is_polled);
    tcase_add_test(tests, a_broken_file_changes_nothing);
    tests = unit_scene_case(suite, "a death");
    tcase_add_test(tests, one_that_is_killed_comes_back_and_keeps_its_promises);
    tcase_add_test(tests, the_watchdog_bites_one_that_stands_still);
    tests = unit_scene_case(suite, "the journal");
    tcase_add_test(tests, lines_have_their_priority_and_no_time);
    tcase_add_test(tests, json_stays_json);
    if (access(LOGROTATE, X_OK) == 0)
        tcase_add_test(tests, a_log_file_is_written_and_rotated);
    else
        fprintf(stderr, "systemd: skipped: there is no logrotate\n");
    tests = unit_scene_case(suite, "the rest");
    tcase_add_test(tests, a_credential_is_sent_and_never_shown);
    tcase_add_test(tests, a_hook_runs_as_confined_as_the_unit);
    tcase_add_test(tests, instances_run_beside_each_other);
    tcase_add_test(tests, it_has_no_power_at_all);
    return suite;
}

int main(void)
{
    return machine_main(suite());
}
