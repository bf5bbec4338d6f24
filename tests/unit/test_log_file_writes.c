/* The log file's lines stay whole, whatever a write leaves of one: a limit on the size of files
 * cuts them short. */
#include "check_main.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/log_file.h"
#include "scratch.h"

static struct scratch *scratch;
static struct log_file file;
static struct rlimit before;

static void start(void)
{
    scratch = scratch_new();
    file = (struct log_file){.fd = -1};
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
}

static void allow(rlim_t size)
{
    const struct rlimit limit = {size, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void finish(void)
{
    setrlimit(RLIMIT_FSIZE, &before);
    log_file_close(&file);
    scratch_free(scratch);
}

static const char *write_before(const char *text)
{
    const char *path = scratch_path(scratch, "log");
    FILE *out = fopen(path, "we");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    return path;
}

static void open_log(const char *path)
{
    ck_assert_int_eq(log_file_open(&file, path), 0);
}

static void check_write(const char *lines, int error, size_t expected)
{
    size_t written;
    ck_assert_int_eq(log_file_write(&file, lines, strlen(lines), &written), error);
    ck_assert_uint_eq(written, expected);
}

static void check_text(const char *expected)
{
    ck_assert_str_eq(scratch_read(scratch, "log"), expected);
}

START_TEST(lines_are_appended)
{
    open_log(write_before("one\n"));
    check_write("two\nthree\n", 0, 10);
    check_write("four\n", 0, 5);
    check_text("one\ntwo\nthree\nfour\n");
}
END_TEST

START_TEST(a_line_that_was_left_unfinished_stays_alone)
{
    open_log(write_before("one\ntw"));
    check_write("three\n", 0, 6);
    check_write("four\n", 0, 5);
    check_text("one\ntw\nthree\nfour\n");
}
END_TEST

START_TEST(a_part_of_a_line_is_taken_back)
{
    open_log(write_before(""));
    allow(6);
    check_write("one\nthree\n", EFBIG, 4);
    check_text("one\n");
    check_write("three\n", EFBIG, 0);
    check_text("one\n");
    allow(100);
    check_write("three\n", 0, 6);
    check_text("one\nthree\n");
}
END_TEST

/* The file is empty again, as somebody needed the room. */
START_TEST(after_it_was_emptied_a_line_is_the_first)
{
    const char *path = write_before("");
    open_log(path);
    allow(6);
    check_write("one\nthree\n", EFBIG, 4);
    ck_assert_int_eq(truncate(path, 0), 0);
    check_write("three\n", 0, 6);
    check_text("three\n");
}
END_TEST

/* A file in memory that cannot be shortened. */
START_TEST(what_cannot_be_taken_back_stays_alone_too)
{
    char path[64], text[64] = "";
    int fd = memfd_create("log", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    open_log(path);
    allow(6);
    check_write("one\nthree\n", EFBIG, 4);
    check_write("three\n", EFBIG, 0); /* not even the line's end */
    allow(100);
    check_write("three\n", 0, 6);
    ck_assert_int_gt(pread(fd, text, sizeof text - 1, 0), 0);
    ck_assert_str_eq(text, "one\nth\nthree\n");
    close(fd);
}
END_TEST

/* Others may write to it as well, so that nothing of it is taken back: the line is finished. */
START_TEST(what_is_borrowed_is_only_appended_to)
{
    const char *path = write_before("");
    file.fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    int fd = file.fd;
    allow(6);
    check_write("one\nthree\n", EFBIG, 6);
    allow(100);
    check_write("ree\n", 0, 4);
    check_text("one\nthree\n");
    log_file_close(&file);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(where_another_cannot_be_opened_this_one_stays_open)
{
    open_log(write_before(""));
    ck_assert_int_eq(log_file_open(&file, scratch_path(scratch, "missing/log")), ENOENT);
    ck_assert_int_eq(log_file_open(&file, scratch_directory(scratch)), EISDIR);
    check_write("one\n", 0, 4);
    check_text("one\n");
}
END_TEST

START_TEST(a_new_file_is_not_for_everybody)
{
    struct stat info;
    mode_t mask = umask(0022);
    open_log(scratch_path(scratch, "log"));
    umask(mask);
    ck_assert_int_eq(fstat(file.fd, &info), 0);
    ck_assert_int_eq((int)info.st_mode & 0777, 0640);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("log_file_writes");
    TCase *tcase = tcase_create("log_file_writes");
    tcase_add_checked_fixture(tcase, start, finish);
    tcase_add_test(tcase, lines_are_appended);
    tcase_add_test(tcase, a_line_that_was_left_unfinished_stays_alone);
    tcase_add_test(tcase, a_part_of_a_line_is_taken_back);
    tcase_add_test(tcase, after_it_was_emptied_a_line_is_the_first);
    tcase_add_test(tcase, what_cannot_be_taken_back_stays_alone_too);
    tcase_add_test(tcase, what_is_borrowed_is_only_appended_to);
    tcase_add_test(tcase, where_another_cannot_be_opened_this_one_stays_open);
    tcase_add_test(tcase, a_new_file_is_not_for_everybody);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
