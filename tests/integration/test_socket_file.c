/* A listening socket's file, where several processes are after it. */
#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "check_main.h"
#include "report/socket_file.h"
#include "scratch.h"

enum { PROCESSES = 8, ROUNDS = 25, BACKLOG = 2 * PROCESSES };

static struct scratch *scratch;
static struct sockaddr_un address;

static void setup(void)
{
    scratch = scratch_new();
    const char *path = scratch_path(scratch, "socket");
    ck_assert_uint_lt(strlen(path), sizeof address.sun_path);
    address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
}

static void teardown(void)
{
    scratch_free(scratch);
}

static int open_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static int try_to_connect(void)
{
    int fd = open_socket();
    int error = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static void leave_socket_behind(void)
{
    int fd = open_socket();
    unlink(address.sun_path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

/* Begins when `start` is closed by who holds its other end, and holds what it has got until `end`
 * is: a process that is gone would leave the socket to the next. */
static void be_one_of_many(int start, int result, int end)
{
    struct socket_file file;
    char why[256], byte;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)!read(start, &byte, 1);
    byte = (char)(socket_file_listen(&file, fd, &address, BACKLOG, why, sizeof why) == 0);
    (void)!write(result, &byte, 1);
    (void)!read(end, &byte, 1);
    _exit(0);
}

static void start_one(const int start[2], const int result[2], const int end[2])
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid != 0)
        return;
    close(start[1]);
    close(end[1]);
    be_one_of_many(start[0], result[1], end[0]);
}

static int count_successes(int result)
{
    int successes = 0;
    for (int i = 0; i < PROCESSES; i++) {
        char byte;
        ck_assert_int_eq(read(result, &byte, 1), 1);
        successes += byte;
    }
    return successes;
}

/* How many of them were let to listen. Those all hold their sockets when it is found out whether
 * somebody answers. */
static int run_round(int *answer)
{
    int start[2], result[2], end[2];
    ck_assert_int_eq(pipe(start) | pipe(result) | pipe(end), 0);
    for (int i = 0; i < PROCESSES; i++)
        start_one(start, result, end);
    close(start[0]);
    close(start[1]);
    int successes = count_successes(result[0]);
    *answer = try_to_connect();
    close(end[0]);
    close(end[1]);
    for (int i = 0; i < PROCESSES; i++)
        ck_assert_int_gt(wait(NULL), 0);
    close(result[0]);
    close(result[1]);
    return successes;
}

START_TEST(of_many_that_start_at_once_one_listens)
{
    for (int i = 0; i < ROUNDS; i++) {
        int answer;
        leave_socket_behind();
        int successes = run_round(&answer);
        ck_assert_int_eq(successes, 1);
        ck_assert_int_eq(answer, 0);
    }
}
END_TEST

START_TEST(a_failure_leaves_nothing)
{
    struct socket_file file;
    struct stat info;
    char why[256] = "";
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* nobody listens on such a one */
    ck_assert_int_eq(socket_file_listen(&file, fd, &address, BACKLOG, why, sizeof why), UV_ENOTSUP);
    ck_assert_str_eq(why, "it cannot be listened on: operation not supported on socket");
    ck_assert_int_ne(lstat(address.sun_path, &info), 0);
    close(fd);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("socket_file");
    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, of_many_that_start_at_once_one_listens);
    tcase_add_test(tests, a_failure_leaves_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

/* The linker calls this in place of main(), which is the program's. */
int __wrap_main(void);

int __wrap_main(void)
{
    return check_main(make_suite());
}
