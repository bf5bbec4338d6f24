/*
 * The log in a file: that it goes there, whole, through renames, reloads and the stop. What
 * becomes of it on a sick disk: test_log_file_disk.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "log_scene.h"

static const char config[] = "[aiopoll]\nlog-file = log\n"
                             "[servers]\na = @/a?delay=0.02\nb = @/b?delay=0.03\n";

static bool exists(const char *name)
{
    return access(rig_path(rig, name), F_OK) == 0;
}

/* --- what goes there ------------------------------------------------------------------------ */

START_TEST(events_go_to_the_file_and_nowhere_else)
{
    struct stat info;

    rig_set_shell(rig, "umask 026; exec \"$@\"");
    scene_start_count(5, config);
    scene_await_exit(0);
    log_scene_read("log", NULL);
    log_scene_check_complete(0);
    ck_assert_uint_eq(log_scene_count("poll", "a"), 5);
    ck_assert_str_eq(rig_stdout(rig), "");
    ck_assert_str_eq(rig_stderr(rig), "");
    ck_assert_int_eq(stat(rig_path(rig, "log"), &info), 0);
    ck_assert_int_eq((int)info.st_mode & 0777, 0640);
}
END_TEST

START_TEST(text_is_appended)
{
    const char *file = scene_config("%s", config);
    const char *text;

    rig_write(rig, "log", "before\n");
    rig_start(rig, "--log-format=text", "--count=2", "-c", file, NULL);
    scene_await_exit(0);
    text = rig_read(rig, "log");
    ck_assert_int_eq(strncmp(text, "before\n20", 9), 0);
    ck_assert_ptr_nonnull(strstr(text, "Z info stop why=count polls=4 failures=0\n"));
    ck_assert_str_eq(rig_stdout(rig), "");
}
END_TEST

/* As after a loss of power. */
START_TEST(what_ends_within_a_line_is_not_gone_on_with)
{
    rig_write(rig, "log", "{\"event\":\"poll\",\"ser");
    scene_start_count(2, config);
    scene_await_exit(0);
    ck_assert_int_eq(strncmp(rig_read(rig, "log"), "{\"event\":\"poll\",\"ser\n{\"time\":", 29), 0);
}
END_TEST

/* Even where standard output is the journal's stream. */
START_TEST(a_file_is_never_the_journal)
{
    char stream[64];
    struct stat info;
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(fstat(ends[1], &info), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    rig_set_env(rig, "JOURNAL_STREAM", stream);
    rig_set_stdout_fd(rig, ends[1]);
    scene_start_count(2, config);
    scene_await_exit(0);
    log_scene_read("log", NULL);
    log_scene_check_complete(0);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_relative_path_is_from_the_folder_of_its_file)
{
    ck_assert_int_eq(mkdir(rig_path(rig, "logs"), 0700), 0);
    rig_write(rig, "logs/more.ini", "[aiopoll]\nlog-file = log\n");
    scene_start_count(1, "[aiopoll]\ninclude = logs/*.ini\n[servers]\na = @/a\n");
    scene_await_exit(0);
    log_scene_read("logs/log", NULL);
    log_scene_check_complete(0);
}
END_TEST

/* --- a file that cannot be opened ---------------------------------------------------------------
 */

static const struct refused {
    const char *path;
    const char *why;
} refused[] = {
    {"missing/log", "no such file or directory"},
    {"folder", "illegal operation on a directory"},
    {"fifo", "no such device or address"}, /* of which nobody reads the other end */
};

START_TEST(a_file_that_cannot_be_opened_ends_the_start)
{
    struct bytes sentence = {0};

    ck_assert_int_eq(mkdir(rig_path(rig, "folder"), 0700), 0);
    ck_assert_int_eq(mkfifo(rig_path(rig, "fifo"), 0600), 0);
    scene_start("[aiopoll]\nlog-file = %s\n[servers]\na = @/a\n", refused[_i].path);
    scene_await_exit(2);
    bytes_print(&sentence, "aiopoll: the log file %s cannot be opened: %s\n",
                rig_path(rig, refused[_i].path), refused[_i].why);
    ck_assert_str_eq(rig_stderr(rig), sentence.data);
    ck_assert_str_eq(rig_stdout(rig), "");
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 0);
    bytes_finish(&sentence);
}
END_TEST

START_TEST(a_check_neither_opens_nor_creates_it)
{
    const struct rig_result *result = rig_run(rig, "-t", "-c", scene_config("%s", config), NULL);

    ck_assert_int_eq(result->exit.status, 0);
    ck_assert_str_eq(result->err, "");
    ck_assert(!exists("log"));
}
END_TEST

/* --- SIGUSR1 ------------------------------------------------------------------------------------
 */

enum { ROTATIONS = 40, SERVERS = 40 };

static bool is_opened_anew(void *arg)
{
    (void)arg;
    return exists("log");
}

static void move_log(const char *to)
{
    const char *old = rig_path(rig, "log");

    ck_assert_int_eq(rename(old, rig_path(rig, to)), 0);
}

/* Some more requests, whose polls are then told or about to be. */
static void await_requests(size_t more)
{
    rig_wait_requests(rig, mock, NULL, mock_server_requests(mock, NULL) + more, SCENE_LIMIT_MS);
}

static void start_many(const char *delay)
{
    struct bytes list = {0};

    for (int i = 0; i < SERVERS; i++)
        bytes_print(&list, "s%d = @/s%d?delay=%s\n", i, i, delay);
    scene_start("[aiopoll]\nlog-file = log\n[servers]\n%s", list.data);
    bytes_finish(&list);
    rig_wait(rig, is_opened_anew, NULL, SCENE_LIMIT_MS);
}

/* Some thousand lines. */
START_TEST(each_line_is_there_once_through_many_rotations)
{
    static char names[ROTATIONS + 1][16];
    const char *list[ROTATIONS + 1];

    start_many("0.05");
    for (int i = 0; i < ROTATIONS; i++) {
        list[i] = names[i];
        snprintf(names[i], sizeof(names[i]), "log.%d", i);
        await_requests(20);
        move_log(names[i]);
        rig_signal(rig, SIGUSR1);
        rig_wait(rig, is_opened_anew, NULL, SCENE_LIMIT_MS);
    }
    list[ROTATIONS] = "log";
    await_requests(20);
    rig_stop(rig);
    log_scene_read_all(list, ROTATIONS + 1);
    log_scene_check_complete(0);
    ck_assert_uint_eq(log_scene_count("log-file", NULL), ROTATIONS);
    log_scene_check_told("info", "the log goes on in this file");
    scene_check_punctual();
}
END_TEST

/* Signals that come faster than they are followed, and with nothing renamed. */
START_TEST(each_line_is_there_once_where_the_file_stays)
{
    start_many("0.05");
    for (int i = 0; i < 200; i++) {
        await_requests(1);
        rig_signal(rig, SIGUSR1);
    }
    rig_stop(rig);
    log_scene_read("log", NULL);
    log_scene_check_complete(0);
    ck_assert_uint_ge(log_scene_count("log-file", NULL), 1);
}
END_TEST

START_TEST(where_it_cannot_be_opened_anew_the_old_one_goes_on)
{
    size_t before;

    scene_start(config);
    log_scene_await("log", "poll", 5);
    move_log("log.1");
    ck_assert_int_eq(mkdir(rig_path(rig, "log"), 0700), 0);
    rig_signal(rig, SIGUSR1);
    log_scene_await("log.1", "log-file", 1);
    log_scene_check_told("warning", "cannot be opened: illegal operation on a directory; the log "
                                    "goes on in the file that was open");
    ck_assert_str_eq(rig_string(log_scene_event("log-file", 0), "file"), rig_path(rig, "log"));
    before = log_scene_count("poll", NULL);
    log_scene_await("log.1", "poll", before + 10);
    ck_assert_uint_eq(log_scene_count("log-file", NULL), 1);

    ck_assert_int_eq(rmdir(rig_path(rig, "log")), 0);
    rig_signal(rig, SIGUSR1);
    log_scene_await("log", "log-file", 1);
    rig_stop(rig);
    log_scene_read("log.1", "log", NULL);
    log_scene_check_complete(0);
}
END_TEST

START_TEST(without_a_log_file_it_means_nothing)
{
    scene_start("[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 1);
    rig_signal(rig, SIGUSR1);
    rig_wait_events(rig, "log-file", NULL, 1, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_string(rig_event(rig, "log-file", NULL, 0), "level"), "info");
    scene_await_polls("a", rig_count_events(rig, "poll", "a") + 10);
    rig_stop(rig);
    scene_check_punctual();
}
END_TEST

/* --- reload -------------------------------------------------------------------------------------
 */

static void reload(const char *key)
{
    scene_config("[aiopoll]\n%s\n[servers]\na = @/a?delay=0.02\nb = @/b?delay=0.03\n", key);
    rig_signal(rig, SIGHUP);
}

START_TEST(a_reload_goes_over_to_another_file)
{
    scene_start(config);
    log_scene_await("log", "poll", 5);
    reload("log-file = log"); /* the same: it stays open */
    log_scene_await("log", "reload", 1);
    reload("log-file = other");
    log_scene_await("other", "poll", 5);
    reload("log-file = missing/log");
    log_scene_await("other", "log-file", 2);
    log_scene_check_told("warning", "cannot be opened: no such file or directory; the log goes on "
                                    "in the file that was open");
    log_scene_await("other", "poll", 10);
    ck_assert_int_eq(mkdir(rig_path(rig, "missing"), 0700), 0);
    reload("log-file = missing/log"); /* the same, but now it can be opened */
    log_scene_await("missing/log", "poll", 5);
    rig_stop(rig);
    log_scene_read("log", "other", "missing/log", NULL);
    log_scene_check_complete(0);
    ck_assert_uint_eq(log_scene_count("reload", NULL), 4);
}
END_TEST

START_TEST(a_reload_neither_begins_nor_ends_a_log_file)
{
    const char *detail;

    scene_start(config);
    log_scene_await("log", "poll", 5);
    reload("log-level = debug");
    log_scene_await("log", "problem", 1);
    detail = rig_string(log_scene_event("problem", 0), "detail");
    ck_assert_ptr_nonnull(strstr(detail, "at the next start"));
    ck_assert_str_eq(rig_string(log_scene_event("problem", 0), "level"), "warning");
    log_scene_await("log", "poll", 20);
    reload("log-file = log");
    log_scene_await("log", "reload", 2);
    ck_assert_uint_eq(log_scene_count("problem", NULL), 1);
    rig_stop(rig);
    log_scene_read("log", NULL);
    log_scene_check_complete(0);
    ck_assert_str_eq(rig_stdout(rig), "");

    scene_start("[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 1);
    scene_reload("[aiopoll]\nlog-file = third\n[servers]\na = @/a?delay=0.02\n");
    ck_assert_uint_eq(rig_count_events(rig, "problem", NULL), 1);
    ck_assert(!exists("third"));
}
END_TEST

/* --- logrotate ----------------------------------------------------------------------------------
 */

/* The snippet in conf/, with our file and process in place of the system's. */
static const char *write_snippet(void)
{
    static const char signal_line[] = "systemctl kill -s USR1 --kill-whom=main aiopoll.service";
    static const char path[] = "/var/log/aiopoll/aiopoll.log";
    struct bytes text = {0};
    FILE *in = fopen(SOURCE_DIRECTORY "/conf/aiopoll.logrotate", "re");
    const char *written;
    char line[256];
    int replaced = 0;
    char *at;

    ck_assert_ptr_nonnull(in);
    while (fgets(line, sizeof(line), in) != NULL) {
        if ((at = strstr(line, signal_line)) != NULL) {
            bytes_print(&text, "kill -s USR1 %d%s", rig_pid(rig), at + strlen(signal_line));
            replaced++;
        } else if (strncmp(line, path, strlen(path)) == 0) {
            bytes_print(&text, "%s%s", rig_path(rig, "log"), line + strlen(path));
            replaced++;
        } else {
            bytes_print(&text, "%s", line);
        }
    }
    fclose(in);
    ck_assert_int_eq(replaced, 2);
    written = rig_write(rig, "logrotate.conf", "%s", text.data);
    bytes_finish(&text);
    return written;
}

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
    struct bytes command = {0};
    va_list args;

    va_start(args, format);
    bytes_print_args(&command, format, args);
    va_end(args);
    ck_assert_int_eq(system(command.data), 0);
    bytes_finish(&command);
}

/* -f: now, not when a week has passed. */
static void rotate(void)
{
    const char *snippet = write_snippet();

    run("PATH=$PATH:/usr/sbin logrotate -f -s '%s' '%s'", rig_path(rig, "status"), snippet);
}

START_TEST(logrotate_loses_nothing)
{
    struct stat info;

    start_many("0.05");
    await_requests(20);
    ck_assert_int_eq(chmod(rig_path(rig, "log"), 0604), 0);
    rotate();
    log_scene_await("log", "log-file", 1);
    ck_assert_int_eq(stat(rig_path(rig, "log"), &info), 0);
    ck_assert_int_eq((int)info.st_mode & 0777, 0604);
    await_requests(20);
    rotate();
    log_scene_await("log", "log-file", 1);
    await_requests(20);
    rig_stop(rig);
    run("gzip -d '%s'", rig_path(rig, "log.2.gz"));
    log_scene_read("log.2", "log.1", "log", NULL);
    log_scene_check_complete(0);
}
END_TEST

static bool have_logrotate(void)
{
    if (system("PATH=$PATH:/usr/sbin logrotate --version >/dev/null 2>&1") == 0)
        return true;
    fprintf(stderr, "log_file: skipped: logrotate is not installed\n");
    return false;
}

static Suite *suite(void)
{
    Suite *suite = suite_create("log_file");
    TCase *tests = scene_case(suite, "file");

    tcase_add_test(tests, events_go_to_the_file_and_nowhere_else);
    tcase_add_test(tests, text_is_appended);
    tcase_add_test(tests, what_ends_within_a_line_is_not_gone_on_with);
    tcase_add_test(tests, a_file_is_never_the_journal);
    tcase_add_test(tests, a_relative_path_is_from_the_folder_of_its_file);
    tests = scene_case(suite, "refused");
    tcase_add_loop_test(tests, a_file_that_cannot_be_opened_ends_the_start, 0,
                        sizeof(refused) / sizeof(refused[0]));
    tcase_add_test(tests, a_check_neither_opens_nor_creates_it);
    tests = scene_case(suite, "signal");
    tcase_add_test(tests, each_line_is_there_once_through_many_rotations);
    tcase_add_test(tests, each_line_is_there_once_where_the_file_stays);
    tcase_add_test(tests, where_it_cannot_be_opened_anew_the_old_one_goes_on);
    tcase_add_test(tests, without_a_log_file_it_means_nothing);
    tests = scene_case(suite, "reload");
    tcase_add_test(tests, a_reload_goes_over_to_another_file);
    tcase_add_test(tests, a_reload_neither_begins_nor_ends_a_log_file);
    if (have_logrotate())
        tcase_add_test(scene_case(suite, "logrotate"), logrotate_loses_nothing);
    return suite;
}

CHECK_MAIN(suite())
