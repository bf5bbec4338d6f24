/*
 * Whoever reads the log may stall, go away, or be a full disk: no poll is
 * delayed or lost, and what had to be dropped is counted.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "clock_scene.h"
#include "scene.h"

enum { SERVERS = 20, STALLED_REQUESTS = 600 };

/* A line a poll of about 4 KB, so that the buffer is full soon. */
static void start_with_long_lines(const char *delay)
{
    struct bytes list = {0};

    for (size_t i = 0; i < SERVERS; i++) {
        bytes_print(&list, "s%zu = @/s%zu/", i, i);
        bytes_append_byte(&list, 'x', 4000);
        bytes_print(&list, "?delay=%s\n", delay);
    }
    scene_start("[servers]\n%s", list.data);
    bytes_finish(&list);
}

START_TEST(a_stalled_reader_delays_no_poll_and_is_told_what_it_missed)
{
    size_t polls;
    size_t told;

    scene_set_level("info"); /* where each poll is one line */
    start_with_long_lines("0.1");
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    rig_pause_reading(rig);
    rig_wait_requests(rig, mock, NULL, STALLED_REQUESTS, 2 * SCENE_LIMIT_MS);
    rig_resume_reading(rig);
    rig_wait_events(rig, "dropped", NULL, 1, SCENE_LIMIT_MS);
    rig_wait_requests(rig, mock, NULL, STALLED_REQUESTS + 2 * SERVERS, SCENE_LIMIT_MS);
    rig_stop(rig);

    scene_check_punctual();
    scene_check_all_good(NULL);
    ck_assert_uint_eq(rig_count_events(rig, "dropped", NULL), 1);
    told = rig_count_events(rig, "poll", NULL) +
           (size_t)rig_number(rig_event(rig, "dropped", NULL, 0), "lines");
    polls = (size_t)rig_number(rig_event(rig, "stop", NULL, 0), "polls");
    ck_assert_uint_le(told, polls);
    ck_assert_uint_ge(told + SERVERS, polls); /* those that the stop cut are told at debug only */
    ck_assert_uint_ge(mock_server_requests(mock, NULL), told);
    ck_assert_uint_le(mock_server_requests(mock, NULL), polls + SERVERS);
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

/* The lines told while nobody read are those before and after the gap, in order. */
START_TEST(a_short_stall_loses_nothing)
{
    size_t polls;

    scene_start("[servers]\na = @/a?delay=0.01\nb = @/b?delay=0.01\n");
    scene_await_polls("a", 1);
    rig_pause_reading(rig);
    rig_wait_requests(rig, mock, NULL, 300, SCENE_LIMIT_MS);
    rig_resume_reading(rig);
    scene_await_polls("a", 100);
    rig_stop(rig);
    polls = (size_t)rig_number(rig_event(rig, "stop", NULL, 0), "polls");
    ck_assert_uint_eq(rig_count_events(rig, "poll", NULL), polls);
    ck_assert_uint_eq(rig_count_events(rig, "dropped", NULL), 0);
    scene_check_punctual();
}
END_TEST

/* All that is in the pipe or socket, up to the end of its other ends. */
static void read_all(int fd, struct bytes *text)
{
    char part[65536];
    ssize_t length;

    while ((length = read(fd, part, sizeof(part))) > 0)
        bytes_append(text, part, (size_t)length);
}

/* How the text's last line begins. */
static const char *last_line(const struct bytes *text)
{
    size_t at = text->length - 1;

    while (at > 0 && text->data[at - 1] != '\n')
        at--;
    return text->data + at;
}

/* What is lost while nobody reads is not the end: the reader comes back just when it stops. */
START_TEST(a_reader_that_is_back_at_the_stop_sees_the_end)
{
    struct bytes text = {0};
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    rig_set_stdout_fd(rig, ends[1]);
    start_with_long_lines("0.02");
    close(ends[1]);
    rig_wait_requests(rig, mock, NULL, STALLED_REQUESTS, 2 * SCENE_LIMIT_MS);
    rig_signal(rig, SIGSTOP);
    rig_signal(rig, SIGTERM);
    fcntl(ends[0], F_SETPIPE_SZ, 1 << 20); /* room for nearly all at once */
    rig_signal(rig, SIGCONT);
    read_all(ends[0], &text);
    scene_await_exit(0);
    ck_assert_ptr_nonnull(strstr(text.data, "\"event\":\"dropped\""));
    ck_assert_msg(strstr(last_line(&text), "\"event\":\"stop\"") != NULL, "%s", last_line(&text));
    bytes_finish(&text);
    close(ends[0]);
}
END_TEST

/* --- nobody there -------------------------------------------------------------------------- */

static void check_polling_goes_on(void)
{
    size_t before = mock_server_requests(mock, "a");

    rig_wait_requests(rig, mock, "a", before + 20, SCENE_LIMIT_MS);
    rig_stop(rig);
    scene_check_punctual();
    ck_assert_str_eq(rig_stderr(rig), "");
}

START_TEST(a_full_disk_stops_nothing)
{
    rig_set_stdout(rig, "/dev/full");
    scene_start("[servers]\na = @/a?delay=0.02\n");
    check_polling_goes_on();
}
END_TEST

START_TEST(a_closed_output_stops_nothing)
{
    static const char *const lines[] = {
        "exec \"$@\" >&-", "exec \"$@\" <&- >&-", "exec \"$@\" >/dev/null",
        "exec \"$@\" </dev/null 1<&0", /* open, but not for writing */
    };

    rig_set_shell(rig, lines[_i]);
    scene_start("[servers]\na = @/a?delay=0.02\n");
    check_polling_goes_on();
    ck_assert_uint_eq(mock_server_malformed(mock), 0);
}
END_TEST

START_TEST(a_reader_that_goes_away_stops_nothing)
{
    int ends[2];

    ck_assert_int_eq(_i == 0 ? pipe2(ends, O_CLOEXEC)
                             : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    rig_set_stdout_fd(rig, ends[1]);
    scene_start("[servers]\na = @/a?delay=0.02\n");
    close(ends[1]);
    rig_wait_requests(rig, mock, "a", 5, SCENE_LIMIT_MS);
    close(ends[0]);
    check_polling_goes_on();
}
END_TEST

/* The limit on a file's size, whose signal would end the process. */
START_TEST(a_limit_on_the_file_stops_nothing)
{
    const char *path = rig_write(rig, "log", "%s", "");

    rig_set_stdout(rig, path);
    rig_set_shell(rig, "ulimit -f 8; exec \"$@\""); /* 4 KiB */
    scene_start("[servers]\na = @/a?delay=0.01\n");
    rig_wait_requests(rig, mock, "a", 50, SCENE_LIMIT_MS);
    check_polling_goes_on();
    ck_assert_uint_eq(strlen(rig_read(rig, "log")), 4096);
}
END_TEST

/* A terminal that the program may write to, but not open. -1: not here, or not as this user. */
static int new_foreign_terminal(int *keyboard)
{
    int screen;

    *keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*keyboard < 0 || grantpt(*keyboard) != 0 || unlockpt(*keyboard) != 0)
        return -1;
    screen = open(ptsname(*keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (screen >= 0)
        ck_assert_int_eq(fchmod(screen, 0600), 0);
    return screen;
}

/* From now on the program runs as nobody; false where it can't. */
static bool become_nobody(void)
{
    struct rig_exit ended;

    if (geteuid() != 0)
        return false;
    rig_set_shell(rig, "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"");
    rig_start(rig, "--version", NULL);
    ended = rig_wait_exit(rig, SCENE_LIMIT_MS);
    return ended.signal == 0 && ended.status == 0;
}

/* To the program, somebody sets the time of day back by a day whenever it waits for it. */
static void set_back_the_time_of_day(void)
{
    clock_scene_begin();
    clock_scene_set_wall(86400 * INT64_C(1000000000));
    ck_assert_int_eq(chmod(rig_directory(rig), 0711), 0); /* nobody looks up the clocks there */
}

/* Nobody reads it, and it can't be written to without waiting for that. */
START_TEST(the_terminal_of_another_user_stops_nothing)
{
    struct bytes url = {0};
    int keyboard = -1;
    int screen;

    if (_i == 1)
        set_back_the_time_of_day();
    screen = become_nobody() ? new_foreign_terminal(&keyboard) : -1;

    if (screen >= 0) {
        bytes_print(&url, "http://%s/a/", mock_server_authority(mock));
        bytes_append_byte(&url, 'x', 3000);
        bytes_print(&url, "?delay=0.001");
        rig_set_stdout_fd(rig, screen);
        rig_start(rig, "--log-format=json", url.data, NULL);
        close(screen);
        rig_wait_requests(rig, mock, "a", 300, SCENE_LIMIT_MS);
        check_polling_goes_on();
        bytes_finish(&url);
    }
    if (keyboard >= 0)
        close(keyboard);
}
END_TEST

/* --- kinds of output ------------------------------------------------------------------------- */

/* Two polls, the second a failure, told on that descriptor. */
static void poll_twice(int out, const char *format)
{
    const char *file = scene_config("[servers]\na = @/a?delay=0.01&status=200,500\n");

    rig_set_stdout_fd(rig, out);
    rig_start(rig, format, "--count=2", "-c", file, NULL);
    close(out);
    scene_await_exit(1);
}

static void set_journal(int out, int offset)
{
    char stream[64];
    struct stat info;

    ck_assert_int_eq(fstat(out, &info), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino + (unsigned long long)offset);
    rig_set_env(rig, "JOURNAL_STREAM", stream);
}

/* What the journal keeps of a line, without the priority, up to its end. */
static void check_json(const char *line)
{
    json_error_t error;
    json_t *json = json_loads(line, JSON_DISABLE_EOF_CHECK, &error);

    ck_assert_msg(json_is_object(json) && line[error.position] == '\n', "no JSON: %s", line);
    json_decref(json);
}

START_TEST(the_journal_gets_priorities_and_no_time)
{
    static const char *const formats[] = {"--log-format=text", "--log-format=json"};
    static const char *const beginnings[2][6] = {
        {"<6>info start ", "<6>info ready ", "<6>info poll server=a ", "<4>warning poll server=a ",
         "<4>warning change server=a ", "<6>info stop "},
        {"<6>{\"level\":\"info\",\"event\":\"start\",",
         "<6>{\"level\":\"info\",\"event\":\"ready\",",
         "<6>{\"level\":\"info\",\"event\":\"poll\",",
         "<4>{\"level\":\"warning\",\"event\":\"poll\",",
         "<4>{\"level\":\"warning\",\"event\":\"change\",",
         "<6>{\"level\":\"info\",\"event\":\"stop\","},
    };
    struct bytes text = {0};
    const char *at;
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    set_journal(ends[1], 0);
    poll_twice(ends[1], formats[_i]);
    read_all(ends[0], &text);
    at = text.data;
    for (size_t i = 0; i < 6; i++) {
        ck_assert_msg(strncmp(at, beginnings[_i][i], strlen(beginnings[_i][i])) == 0,
                      "no '%s' here: %s", beginnings[_i][i], at);
        if (_i == 1)
            check_json(at + 3);
        at = strchr(at, '\n') + 1;
    }
    ck_assert_str_eq(at, "");
    bytes_finish(&text);
    close(ends[0]);
}
END_TEST

START_TEST(another_stream_than_the_journal_does_not)
{
    struct bytes text = {0};
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    set_journal(ends[1], 1);
    poll_twice(ends[1], "--log-format=text");
    read_all(ends[0], &text);
    ck_assert_int_eq(text.data[0], '2');
    ck_assert_ptr_null(strchr(text.data, '<'));
    bytes_finish(&text);
    close(ends[0]);
}
END_TEST

START_TEST(a_pipe_stays_blocking_for_the_others)
{
    struct bytes text = {0};
    int ends[2];
    int kept;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    kept = fcntl(ends[1], F_DUPFD_CLOEXEC, 0);
    poll_twice(ends[1], "--log-format=text");
    ck_assert_int_eq(fcntl(kept, F_GETFL) & O_NONBLOCK, 0);
    close(kept);
    read_all(ends[0], &text);
    ck_assert_ptr_nonnull(strstr(text.data, " stop why=count polls=2 failures=1\n"));
    bytes_finish(&text);
    close(ends[0]);
}
END_TEST

START_TEST(a_file_is_appended_to)
{
    const char *path = rig_write(rig, "log", "before\n");
    const char *file = scene_config("[servers]\na = @/a?delay=0.01\n");
    const char *text;

    rig_set_stdout(rig, path);
    rig_start(rig, "--count=3", "-c", file, NULL);
    scene_await_exit(0);
    text = rig_read(rig, "log");
    ck_assert_int_eq(strncmp(text, "before\n20", 9), 0);
    ck_assert_ptr_nonnull(strstr(text, " stop why=count polls=3 failures=0\n"));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("log reader");
    TCase *tests = scene_case(suite, "stalled");

    tcase_add_test(tests, a_stalled_reader_delays_no_poll_and_is_told_what_it_missed);
    tcase_add_test(tests, a_short_stall_loses_nothing);
    tcase_add_test(tests, a_reader_that_is_back_at_the_stop_sees_the_end);
    tests = scene_case(suite, "gone");
    tcase_add_test(tests, a_full_disk_stops_nothing);
    tcase_add_loop_test(tests, a_closed_output_stops_nothing, 0, 4);
    tcase_add_loop_test(tests, a_reader_that_goes_away_stops_nothing, 0, 2);
    tcase_add_test(tests, a_limit_on_the_file_stops_nothing);
    tcase_add_loop_test(tests, the_terminal_of_another_user_stops_nothing, 0, 2);
    tests = scene_case(suite, "kinds");
    tcase_add_loop_test(tests, the_journal_gets_priorities_and_no_time, 0, 2);
    tcase_add_test(tests, another_stream_than_the_journal_does_not);
    tcase_add_test(tests, a_pipe_stays_blocking_for_the_others);
    tcase_add_test(tests, a_file_is_appended_to);
    return suite;
}

CHECK_MAIN(suite())
