/* The command that is run when a server changes its state: with what, when, how many at a time,
 * and what becomes of one that fails or hangs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "scene.h"

/* The script that is the hook. What it writes goes to files in its directory, DIR in the text. */
static const char *write_hook(const char *name, const char *text)
{
    char whole[4000];
    const char *at = text, *directory = rig_directory(rig);
    size_t length = (size_t)snprintf(whole, sizeof whole, "#!/bin/sh\n");
    for (const char *found; (found = strstr(at, "DIR")) != NULL; at = found + 3)
        length += (size_t)snprintf(whole + length, sizeof whole - length, "%.*s%s",
                                   (int)(found - at), at, directory);
    snprintf(whole + length, sizeof whole - length, "%s\n", at);
    return rig_write(rig, name, "%s", whole);
}

static const char *daemon_section(const char *hook)
{
    static char text[1000];
    snprintf(text, sizeof text, "[aiopoll]\non-change = /bin/sh %s\n[defaults]\nretry = 20ms\n",
             hook);
    return text;
}

static bool file_has(const char *name, const char *text)
{
    const char *content = rig_read(rig, name);
    return content != NULL && strstr(content, text) != NULL;
}

/* That begins so, at the beginning of a line. */
static size_t count_lines(const char *name, const char *beginning)
{
    const char *content = rig_read(rig, name);
    size_t count = 0, length = strlen(beginning);
    for (const char *at = content; at != NULL; at = strchr(at, '\n')) {
        at += at != content;
        count += strncmp(at, beginning, length) == 0;
    }
    return count;
}

/* "said" in the file `name`. */
struct expected {
    const char *name, *text;
};

static bool is_said(void *arg)
{
    const struct expected *expected = arg;
    return file_has(expected->name, expected->text);
}

static void await_said(const char *name, const char *text)
{
    rig_wait(rig, is_said, (&(struct expected){name, text}), SCENE_LIMIT_MS);
}

static json_t *await_hook(const char *server, size_t index)
{
    rig_wait_events(rig, "hook", server, index + 1, SCENE_LIMIT_MS);
    return rig_event(rig, "hook", server, index);
}

static void check_hook(const json_t *event, const char *level, const char *state,
                       const char *detail)
{
    ck_assert_str_eq(rig_string(event, "detail"), detail);
    ck_assert_str_eq(rig_string(event, "level"), level);
    ck_assert_str_eq(rig_string(event, "state"), state);
}

static void check_has_no(const char *name, const char *text)
{
    ck_assert_msg(!file_has(name, text), "%s is in:\n%s", text, rig_read(rig, name));
}

/* --- with what -------------------------------------------------------------------------- */

START_TEST(its_environment_is_that_of_the_manual)
{
    const char *hook = write_hook("hook", "env | sort >DIR/env.new; mv DIR/env.new DIR/env");
    rig_set_env(rig, "GAMMA_TOKEN", "secret");
    rig_set_env(rig, "LANG", "C.UTF-8");
    scene_start("%s[servers]\na = @/a?status=500\n", daemon_section(hook));
    check_hook(await_hook("a", 0), "debug", "failing", "exit status 0");
    ck_assert(file_has("env", "AIOPOLL_SERVER=a\n"));
    ck_assert(file_has("env", "AIOPOLL_STATE=failing\n"));
    ck_assert(file_has("env", "AIOPOLL_WAS=ok\n"));
    ck_assert(file_has("env", "AIOPOLL_REASON=status\n"));
    ck_assert(file_has("env", "AIOPOLL_SILENT=\n"));
    ck_assert(file_has("env", "AIOPOLL_TIME=20"));
    ck_assert(file_has("env", "\nLANG=C.UTF-8\n"));
    ck_assert(file_has("env", "\nPATH="));
    const json_t *change = rig_event(rig, "change", "a", 0);
    char line[300];
    snprintf(line, sizeof line, "AIOPOLL_DETAIL=%s\n", rig_string(change, "detail"));
    ck_assert(file_has("env", line));
    snprintf(line, sizeof line, "AIOPOLL_URL=http://%s/a?status=500\n",
             mock_server_authority(mock));
    ck_assert(file_has("env", line));
    check_has_no("env", "GAMMA_TOKEN");
    check_has_no("env", "LD_PRELOAD");
    check_has_no("env", "ASAN_OPTIONS");
}
END_TEST

/* Descriptors and folder. */
START_TEST(nothing_else_is_passed_on)
{
    const char *hook =
        write_hook("hook", "{ ls -l /proc/$$/fd | sed -n 's/.* \\([0-9]* -> .*\\)/\\1/p'\n"
                           "pwd; } >DIR/new 2>&1\n"
                           "mv DIR/new DIR/passed");
    scene_start("%s[servers]\na = @/a?status=500\n", daemon_section(hook));
    await_hook("a", 0);
    ck_assert_uint_eq(count_lines("passed", "0 -> /dev/null\n"), 1);
    ck_assert_uint_eq(count_lines("passed", "1 -> "), 1);
    ck_assert_uint_eq(count_lines("passed", "2 -> "), 1);
    ck_assert_uint_eq(count_lines("passed", "/\n"), 1);
    check_has_no("passed", "socket:");
    check_has_no("passed", "anon_inode:");
    check_has_no("passed", "timerfd");
}
END_TEST

/* Not from its start on, but soon after. */
START_TEST(its_priority_is_lower)
{
    char text[300], lower[20];
    int own = getpriority(PRIO_PROCESS, 0);
    snprintf(lower, sizeof lower, "%d\n", own < 9 ? own + 10 : 19);
    snprintf(text, sizeof text,
             "for i in $(seq 500); do [ $(nice) -eq %d ] && break; sleep 0.02; done\n"
             "nice >DIR/nice",
             atoi(lower));
    scene_start("%s[servers]\na = @/a?status=500\n", daemon_section(write_hook("hook", text)));
    await_hook("a", 0);
    ck_assert_str_eq(rig_read(rig, "nice"), lower);
}
END_TEST

/* Not by a shell, which blocks some itself. posix_spawn() of glibc has its own two, 32 and 33,
 * ignored. */
START_TEST(no_signal_is_blocked_or_ignored)
{
    scene_start("[aiopoll]\non-change = cp /proc/self/status %s/status\n"
                "[servers]\na = @/a?status=500\n",
                rig_directory(rig));
    await_hook("a", 0);
    ck_assert(file_has("status", "SigBlk:\t0000000000000000\n"));
    unsigned long ignored = strtoul(strstr(rig_read(rig, "status"), "SigIgn:") + 7, NULL, 16);
    ck_assert_uint_eq(ignored & ~(3UL << 31), 0);
}
END_TEST

START_TEST(no_shell_reads_the_command)
{
    write_hook("hook with blank", "printf '[%s]' \"$@\" >DIR/new; mv DIR/new DIR/words");
    scene_start(
        "[aiopoll]\non-change = sh '%s/hook with blank' a 'b  c' $HOME $${HOME} '' >x;y ; z\n"
        "[servers]\na = @/a?status=500\n",
        rig_directory(rig));
    await_said("words", "[a][b  c][$HOME][${HOME}][][>x;y]");
}
END_TEST

/* --- when -------------------------------------------------------------------------------- */

static const char TELLS[] = "echo $AIOPOLL_SERVER $AIOPOLL_WAS $AIOPOLL_STATE >>DIR/told";

START_TEST(each_change_is_told_in_order)
{
    scene_start("%s[servers]\na = @/a?status=200,500,200&delay=0.2\n",
                daemon_section(write_hook("hook", TELLS)));
    await_said("told", "a ok failing\na failing ok\n");
    check_hook(await_hook("a", 1), "debug", "ok", "exit status 0");
    ck_assert_uint_eq(count_lines("told", "a"), 2);
}
END_TEST

/* While the first one hangs, the server comes back and fails again: which is how it was told. */
START_TEST(what_piles_up_is_told_as_its_newest)
{
    const char *hook = write_hook("hook", "echo $AIOPOLL_WAS $AIOPOLL_STATE >>DIR/told\n"
                                          "while [ ! -e DIR/go ]; do sleep 0.02; done");
    scene_start("%s[servers]\na = @/a?status=500,200,500,200,500,200&delay=0.02\n",
                daemon_section(hook));
    rig_wait_events(rig, "change", "a", 6, SCENE_LIMIT_MS);
    await_said("told", "ok failing\n");
    rig_write(rig, "go", "x");
    await_said("told", "ok failing\nfailing ok\n");
    await_hook("a", 1);
    rig_stop(rig);
    ck_assert_str_eq(rig_read(rig, "told"), "ok failing\nfailing ok\n");
}
END_TEST

/* --- how many ------------------------------------------------------------------------------ */

static bool has_eight(void *arg)
{
    (void)arg;
    return count_lines("told", "begin") == 8;
}

/* 20 servers fail at once. */
START_TEST(eight_at_a_time)
{
    char servers[2000];
    size_t length = 0;
    const char *hook = write_hook("hook", "echo begin $AIOPOLL_SERVER >>DIR/told\n"
                                          "while [ ! -e DIR/go ]; do sleep 0.02; done\n"
                                          "echo end $AIOPOLL_SERVER >>DIR/told");
    for (int i = 0; i < 20; i++)
        length += (size_t)snprintf(servers + length, sizeof servers - length,
                                   "s%d = @/s%d?status=500\n", i, i);
    scene_start("%s[servers]\n%stick = @/tick?delay=0.01\n", daemon_section(hook), servers);
    rig_wait_events(rig, "change", NULL, 20, SCENE_LIMIT_MS);
    rig_wait(rig, has_eight, NULL, SCENE_LIMIT_MS);
    scene_await_polls("tick", rig_count_events(rig, "poll", "tick") + 30);
    ck_assert_uint_eq(count_lines("told", "begin"), 8);
    rig_write(rig, "go", "x");
    rig_wait_events(rig, "hook", NULL, 20, SCENE_LIMIT_MS);
    ck_assert_uint_eq(count_lines("told", "end"), 20);
}
END_TEST

/* --- one that fails -------------------------------------------------------------------------- */

static const struct {
    const char *text, *detail;
} failing[] = {
    {"exit 3", "exit status 3"},
    {"kill -TERM $$", "ended by SIGTERM"},
    {"kill -KILL $$", "ended by SIGKILL"},
};

START_TEST(a_failure_is_told_once_in_a_row)
{
    char text[200];
    snprintf(text, sizeof text, "[ $AIOPOLL_SERVER = good ] || %s", failing[_i].text);
    scene_start("%s[servers]\na = @/a?status=500\nb = @/b?status=500\n",
                daemon_section(write_hook("hook", text)));
    rig_wait_events(rig, "hook", NULL, 2, SCENE_LIMIT_MS);
    check_hook(rig_event(rig, "hook", NULL, 0), "warning", "failing", failing[_i].detail);
    check_hook(rig_event(rig, "hook", NULL, 1), "debug", "failing", failing[_i].detail);
    ck_assert_str_eq(rig_string(scene_reload("%s[servers]\na = @/a?status=500\nb = @/b?status=500\n"
                                             "good = @/good?status=500\n",
                                             daemon_section(rig_path(rig, "hook"))),
                                "result"),
                     "ok");
    const json_t *event = await_hook("good", 0);
    check_hook(event, "info", "failing", "exit status 0");
    ck_assert_int_eq((int)rig_number(event, "repeated"), 2);
}
END_TEST

START_TEST(what_it_complains_of_is_in_the_log)
{
    const char *hook = write_hook("hook", "printf '\\n  \\033[31mno \"route\"\\377\\nmore\\n' >&2\n"
                                          "head -c 1000000 /dev/zero >&2; exit 1");
    scene_start("%s[servers]\na = @/a?status=500\n", daemon_section(hook));
    const json_t *event = await_hook("a", 0);
    check_hook(event, "warning", "failing", "exit status 1");
    ck_assert_str_eq(rig_string(event, "stderr"), "  \x1b[31mno \"route\"\xef\xbf\xbd");
    ck_assert(rig_number(event, "took") > 0);
}
END_TEST

/* It has to wait, for longer than it may take: or else reading that would be what delays polls. */
START_TEST(one_that_complains_without_end)
{
    const char *hook = write_hook("hook", "exec head -c 50000000 /dev/zero >&2");
    scene_start("[aiopoll]\non-change = /bin/sh %s\non-change-timeout = 2s\n"
                "[servers]\na = @/a?status=500\nb = @/b?delay=0.02\n",
                hook);
    check_hook(await_hook("a", 0), "warning", "failing", "killed after 2s");
    scene_await_polls("b", 5);
}
END_TEST

static const struct {
    const char *command, *detail;
} unstarted[] = {
    {"/nowhere/hook", "cannot be started: No such file or directory"},
    {"/", "cannot be started: Permission denied"},
    {"script", "cannot be started: Exec format error"},
};

START_TEST(one_that_is_no_program)
{
    chmod(rig_write(rig, "script", "without the line that names its shell\n"), 0700);
    rig_set_env(rig, "PATH", rig_directory(rig));
    scene_start("[aiopoll]\non-change = %s\n[servers]\na = @/a?status=500\n"
                "b = @/b?delay=0.02\n",
                unstarted[_i].command);
    check_hook(await_hook("a", 0), "warning", "failing", unstarted[_i].detail);
    scene_await_polls("b", 5);
}
END_TEST

/* With what it has started, too. */
START_TEST(one_that_hangs_is_killed)
{
    const char *hook = write_hook("hook", "sleep 1000 & echo $! $$ >DIR/new\n"
                                          "mv DIR/new DIR/pids; wait");
    scene_start("[aiopoll]\non-change = /bin/sh %s\non-change-timeout = 300ms\n"
                "[servers]\na = @/a?status=500\nb = @/b?delay=0.02\n",
                hook);
    await_said("pids", "\n");
    size_t polls = rig_count_events(rig, "poll", "b");
    const json_t *event = await_hook("a", 0);
    check_hook(event, "warning", "failing", "killed after 300ms");
    ck_assert(rig_number(event, "took") >= 0.3);
    ck_assert_uint_gt(rig_count_events(rig, "poll", "b"), polls);
    int child, shell;
    ck_assert_int_eq(sscanf(rig_read(rig, "pids"), "%d %d", &child, &shell), 2);
    ck_assert_int_eq(kill(shell, 0), -1);
    while (kill(child, 0) == 0) /* until it is reaped by whoever is its parent now */
        rig_pass(rig, 10);
}
END_TEST

/* As that of one that lies on a disk which does not answer. Its thread is told of by the loop. */
START_TEST(a_start_that_hangs_is_told)
{
    setenv("AIOPOLL", FAULTY_BINARY, 1);
    rig_set_env(rig, "FAULT", "hang");
    scene_start("[aiopoll]\non-change = true\non-change-timeout = 200ms\n"
                "[servers]\na = @/a?status=500\nb = @/b?delay=0.02\n");
    const json_t *event = await_hook("a", 0);
    check_hook(event, "warning", "failing", "has not started for 200ms, as a disk does not answer");
    ck_assert(rig_number(event, "took") >= 0.2);
    scene_await_polls("b", rig_count_events(rig, "poll", "b") + 10);
    check_hook(await_hook("a", 1), "info", "failing", "exit status 0");
    ck_assert_uint_eq(rig_count_events(rig, "hook", "a"), 2);
}
END_TEST

/* --- the end, and a reload ------------------------------------------------------------------- */

/* What waits for hooks, and has not been told to end, is no reason for a worse end. */
START_TEST(a_start_that_fails_says_why)
{
    setenv("AIOPOLL", FAULTY_BINARY, 1);
    rig_set_env(rig, "FAULT", "start");
    const char *file = scene_config("[aiopoll]\non-change = true\nstate-file = schedule\n"
                                    "[servers]\na = @/a\n");
    const struct rig_result *result = rig_run(rig, "-c", file, NULL);
    ck_assert_int_eq(result->exit.signal, 0);
    ck_assert_int_eq(result->exit.status, 1);
    ck_assert_ptr_nonnull(strstr(result->err, "aiopoll: cannot keep a schedule: "));
}
END_TEST

START_TEST(a_start_that_hangs_does_not_hold_up_the_stop)
{
    setenv("AIOPOLL", FAULTY_BINARY, 1);
    rig_set_env(rig, "FAULT", "hang");
    scene_start("[aiopoll]\non-change = true\non-change-timeout = 100ms\n"
                "[servers]\na = @/a?status=500\n");
    await_hook("a", 0); /* that it has not started yet */
    rig_stop(rig);
    check_hook(rig_event(rig, "hook", "a", 1), "info", "failing",
               "left, as aiopoll is stopping, and it does not end");
    ck_assert_str_eq(rig_string(rig_event(rig, "stop", NULL, 0), "why"), "SIGTERM");
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

static const char HANGS[] = "echo $$ >DIR/new; mv DIR/new DIR/pid; sleep 1000 & wait";

START_TEST(none_is_left_at_the_stop)
{
    scene_start("%s[servers]\na = @/a?status=500\n", daemon_section(write_hook("hook", HANGS)));
    await_said("pid", "\n");
    rig_stop(rig);
    ck_assert_int_eq(kill(atoi(rig_read(rig, "pid")), 0), -1);
    check_hook(rig_event(rig, "hook", "a", 0), "info", "failing", "killed, as aiopoll is stopping");
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

START_TEST(what_waits_at_the_stop_is_counted)
{
    const char *hook = write_hook("hook", HANGS);
    scene_start("%s[servers]\na = @/a?status=500,200&delay=0.02\n", daemon_section(hook));
    await_said("pid", "\n");
    rig_wait_events(rig, "change", "a", 2, SCENE_LIMIT_MS);
    rig_stop(rig);
    const json_t *event = rig_event(rig, "hook", NULL, 1);
    ck_assert_str_eq(rig_string(event, "detail"), "aiopoll is stopping");
    ck_assert_int_eq((int)rig_number(event, "dropped"), 1);
}
END_TEST

START_TEST(with_a_count_they_are_waited_for)
{
    scene_start_count(1, "%s[servers]\na = @/a?status=500\n",
                      daemon_section(write_hook("hook", "sleep 0.3; echo done >DIR/told")));
    scene_await_exit(1);
    ck_assert_str_eq(rig_read(rig, "told"), "done\n");
}
END_TEST

static const char *const others[] = {
    "[servers]\na = @/a?status=500\n",                   /* unchanged */
    "[server a]\nurl = @/a?status=500\nmax-body = 5k\n", /* changed */
    "[servers]\na = @/other?delay=0.02\n",               /* moved */
    "[servers]\nb = @/b?delay=0.02\n",                   /* removed */
};

/* The hook runs on, and is told of; the daemon goes on and stops well. */
START_TEST(a_reload_while_it_runs)
{
    const char *hook = write_hook("hook", "[ $AIOPOLL_SERVER.$AIOPOLL_STATE = a.failing ] || exit\n"
                                          "echo begun >>DIR/told\n"
                                          "while [ ! -e DIR/go ]; do sleep 0.02; done\n"
                                          "echo ended >>DIR/told");
    scene_start("%s%s", daemon_section(hook), "[servers]\na = @/a?status=500\n");
    await_said("told", "begun\n");
    ck_assert_str_eq(rig_string(scene_reload("%s%s", daemon_section(hook), others[_i]), "result"),
                     "ok");
    rig_write(rig, "go", "x");
    check_hook(await_hook("a", 0), "debug", "failing", "exit status 0");
    ck_assert(file_has("told", "begun\nended\n"));
}
END_TEST

START_TEST(one_that_waits_of_a_server_that_is_removed_is_not_run)
{
    const char *hook = write_hook("hook", "echo $AIOPOLL_STATE >>DIR/told\n"
                                          "while [ ! -e DIR/go ]; do sleep 0.02; done");
    scene_start("%s[servers]\na = @/a?status=500,200&delay=0.02\n", daemon_section(hook));
    await_said("told", "failing\n");
    rig_wait_events(rig, "change", "a", 2, SCENE_LIMIT_MS);
    scene_reload("%s[servers]\nb = @/b?delay=0.02\n", daemon_section(hook));
    rig_write(rig, "go", "x");
    await_hook("a", 0);
    scene_await_polls("b", 10);
    rig_stop(rig);
    ck_assert_str_eq(rig_read(rig, "told"), "failing\n");
}
END_TEST

START_TEST(another_command_by_a_reload)
{
    write_hook("second", "echo second >>DIR/told");
    scene_start("[servers]\na = @/a?status=500\n");
    rig_wait_events(rig, "change", "a", 1, SCENE_LIMIT_MS);
    ck_assert_uint_eq(rig_count_events(rig, "hook", NULL), 0);
    scene_reload("%s[servers]\na = @/a?status=500\nb = @/b?status=500\n",
                 daemon_section(rig_path(rig, "second")));
    await_said("told", "second\n");
    await_hook("b", 0);
    scene_reload("[servers]\na = @/a?status=500\nb = @/b?status=500\nc = @/c?status=500\n");
    rig_wait_events(rig, "change", "c", 1, SCENE_LIMIT_MS);
    scene_await_polls("c", 2);
    ck_assert_str_eq(rig_read(rig, "told"), "second\n");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("hooks");
    TCase *what = scene_case(s, "with what");
    tcase_add_test(what, its_environment_is_that_of_the_manual);
    tcase_add_test(what, nothing_else_is_passed_on);
    tcase_add_test(what, its_priority_is_lower);
    tcase_add_test(what, no_signal_is_blocked_or_ignored);
    tcase_add_test(what, no_shell_reads_the_command);
    TCase *when = scene_case(s, "when");
    tcase_add_test(when, each_change_is_told_in_order);
    tcase_add_test(when, what_piles_up_is_told_as_its_newest);
    tcase_add_test(when, eight_at_a_time);
    TCase *fails = scene_case(s, "one that fails");
    tcase_add_loop_test(fails, a_failure_is_told_once_in_a_row, 0,
                        sizeof failing / sizeof *failing);
    tcase_add_test(fails, what_it_complains_of_is_in_the_log);
    tcase_add_test(fails, one_that_complains_without_end);
    tcase_add_loop_test(fails, one_that_is_no_program, 0, sizeof unstarted / sizeof *unstarted);
    tcase_add_test(fails, one_that_hangs_is_killed);
    tcase_add_test(fails, a_start_that_hangs_is_told);
    TCase *ends = scene_case(s, "the end, and a reload");
    tcase_add_test(ends, a_start_that_fails_says_why);
    tcase_add_test(ends, a_start_that_hangs_does_not_hold_up_the_stop);
    tcase_add_test(ends, none_is_left_at_the_stop);
    tcase_add_test(ends, what_waits_at_the_stop_is_counted);
    tcase_add_test(ends, with_a_count_they_are_waited_for);
    tcase_add_loop_test(ends, a_reload_while_it_runs, 0, sizeof others / sizeof *others);
    tcase_add_test(ends, one_that_waits_of_a_server_that_is_removed_is_not_run);
    tcase_add_test(ends, another_command_by_a_reload);
    return s;
}

CHECK_MAIN(suite())
