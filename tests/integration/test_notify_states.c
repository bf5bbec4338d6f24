/*
 * What has to arrive at the service manager, while that does not read: in its order,
 * whole, and no more than there is room for.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/duration.h"
#include "check_main.h"
#include "report/notify.h"

static uv_loop_t loop;
static struct wakeups wakeups;
static struct notify notify;
static int manager, sender;
static struct sockaddr_un address;
static socklen_t address_length;

static void on_ask(void *user, struct notify_status *status)
{
    (void)user;
    status->ok = 7;
    status->next = INT64_MAX;
}

static void on_trouble(void *user, const char *sentence)
{
    (void)user;
    ck_abort_msg("%s", sentence);
}

static void setup(void)
{
    const struct notify_listener listener = {on_ask, on_trouble, NULL};
    char name[64];

    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(wakeups_init(&wakeups, &loop), 0);
    snprintf(name, sizeof(name), "@aiopoll-test-%d", (int)getpid());
    setenv("NOTIFY_SOCKET", name, 1);
    ck_assert(notify_address(name, &address, &address_length));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, address_length), 0);
    notify_init(&notify, &wakeups, &listener);
}

static void teardown(void)
{
    notify_close(&notify);
    close(manager);
    close(sender);
    wakeups_close(&wakeups);
    uv_run(&loop, UV_RUN_DEFAULT);
    wakeups_free(&wakeups);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void fill(void)
{
    while (sendto(sender, "full", 4, 0, (struct sockaddr *)&address, address_length) > 0) {
    }
}

/* The next message that the test itself has not sent; NULL: there is none. */
static const char *receive(void)
{
    static char text[NOTIFY_STATUS_SIZE + 100];
    ssize_t length;

    while ((length = recv(manager, text, sizeof(text) - 1, 0)) >= 0) {
        text[length] = '\0';
        if (strcmp(text, "full") != 0)
            return text;
    }
    return NULL;
}

/* After a turn in which it is tried again. */
static void expect(const char *beginning)
{
    const char *text = receive();

    while (text == NULL) {
        uv_run(&loop, UV_RUN_ONCE);
        text = receive();
    }
    ck_assert_msg(strncmp(text, beginning, strlen(beginning)) == 0, "%s instead of %s", text,
                  beginning);
}

static void expect_nothing(void)
{
    for (int i = 0; i < 3; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_ptr_null(receive());
}

/* The manager takes no time for its reload that is before its request: sd_notify(3). */
static void expect_reloading(int64_t not_before)
{
    static const char beginning[] = "RELOADING=1\nMONOTONIC_USEC=";
    const char *text;
    char *end;
    int64_t usec;

    while ((text = receive()) == NULL)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_msg(strncmp(text, beginning, sizeof(beginning) - 1) == 0, "%s", text);
    usec = strtoll(text + sizeof(beginning) - 1, &end, 10);
    ck_assert_int_eq(*end, '\0');
    ck_assert_int_ge(usec, not_before / MICROSECOND);
    ck_assert_int_le(usec, clock_awake() / MICROSECOND);
}

START_TEST(a_reload_is_told_with_its_beginning_and_its_end)
{
    int64_t before = clock_awake();

    notify_ready(&notify);
    expect("READY=1");
    expect("STATUS=7 ok, 0 failing, 0 overdue");
    notify_reloading(&notify);
    expect_reloading(before);
    expect_nothing();
    notify_reloaded(&notify, 0, NULL);
    expect("READY=1");
    expect_nothing();
}
END_TEST

START_TEST(a_reload_that_failed_is_in_the_status_until_one_succeeds)
{
    notify_ready(&notify);
    expect("READY=1");
    expect("STATUS=7 ok, 0 failing, 0 overdue");
    notify_reloading(&notify);
    expect_reloading(0);
    notify_reloaded(&notify, 2, "servers.ini:3: what is wrong");
    expect("READY=1");
    expect("STATUS=7 ok, 0 failing, 0 overdue; the new configuration has 2 problems, the first: "
           "servers.ini:3: what is wrong; the old one is in use");
    notify_reloading(&notify);
    expect_reloading(0);
    expect_nothing();
    notify_reloaded(&notify, 0, NULL);
    expect("READY=1");
    expect("STATUS=7 ok, 0 failing, 0 overdue");
}
END_TEST

START_TEST(what_was_not_taken_comes_in_its_order)
{
    fill();
    notify_ready(&notify);
    notify_alive(&notify);
    notify_reloading(&notify);
    notify_reloaded(&notify, 1, "x");
    notify_alive(&notify);
    expect("READY=1");
    expect_reloading(0);
    expect("READY=1");
    expect("WATCHDOG=1");
    expect("STATUS=7 ok, 0 failing, 0 overdue; the new configuration has 1 problem: x");
    expect_nothing();
}
END_TEST

/* It is the last one that the manager waits for. */
START_TEST(of_many_reloads_the_last_is_told)
{
    int64_t last = 0;

    fill();
    notify_ready(&notify);
    for (int i = 0; i < 100; i++) {
        last = clock_awake();
        notify_reloading(&notify);
        notify_reloaded(&notify, (size_t)i % 2, "x");
    }
    notify_stopping(&notify);
    expect("READY=1");
    expect_reloading(last);
    expect("READY=1");
    expect("STOPPING=1");
    expect_nothing();
}
END_TEST

START_TEST(what_ends_after_the_stop_is_not_told)
{
    fill();
    notify_ready(&notify);
    notify_reloading(&notify);
    notify_stopping(&notify);
    for (int i = 0; i < 10; i++)
        notify_reloaded(&notify, 0, NULL);
    expect("READY=1");
    expect_reloading(0);
    expect("STOPPING=1");
    expect_nothing();
}
END_TEST

/* The loop may not turn any more. */
START_TEST(the_close_tries_for_the_last_time)
{
    notify_ready(&notify);
    expect("READY=1");
    fill();
    notify_stopping(&notify);
    while (recv(manager, (char[16]){0}, 16, 0) >= 0) {
    }
    notify_close(&notify);
    ck_assert_str_eq(receive(), "STOPPING=1");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("notify_states");
    TCase *tests = tcase_create("notify_states");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_reload_is_told_with_its_beginning_and_its_end);
    tcase_add_test(tests, a_reload_that_failed_is_in_the_status_until_one_succeeds);
    tcase_add_test(tests, what_was_not_taken_comes_in_its_order);
    tcase_add_test(tests, of_many_reloads_the_last_is_told);
    tcase_add_test(tests, what_ends_after_the_stop_is_not_told);
    tcase_add_test(tests, the_close_tries_for_the_last_time);
    suite_add_tcase(suite, tests);
    return suite;
}

/* The linker calls this in place of main(), which is the program's. */
int __wrap_main(void);

int __wrap_main(void)
{
    return check_main(suite());
}
