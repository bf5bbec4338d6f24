/*
 * A machine with a real systemd, which machine.sh boots in namespaces: one for all tests of a
 * program, with what this build installs. It has no network but a loopback of its own.
 *
 *     START_TEST(it_starts)
 *     {
 *         machine_write("/etc/aiopoll/servers.ini", "[servers]\na = 127.0.0.1:%d/\n", port);
 *         machine_run("systemctl start aiopoll");
 *         machine_await("1 ok", "systemctl show --property=StatusText aiopoll");
 *     }
 *     END_TEST
 *
 *     int main(void) { return machine_main(suite()); }
 *
 * Commands are lines of shell, run by its root on the loop of the rig (scene.h), so that mock
 * servers answer meanwhile. However a test ends, the machine ends with the program; where one has
 * failed, the journal is shown first.
 */
#ifndef TESTS_LIB_MACHINE_H
#define TESTS_LIB_MACHINE_H

#include <check.h>
#include <stdint.h>

/* Boots it and runs the tests. 77 where this computer cannot do that, as said on stderr then. */
int machine_main(Suite *suite);

/* The calling process, and what it starts, sees the machine's network from now on. */
void machine_enter_network(void);

/*
 * The command has to succeed; what it wrote to standard output, without the last newline, is
 * returned. The other runs it again and again until that contains the text. Strings are valid
 * until the next command.
 */
const char *machine_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *machine_await(const char *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The moment, by boottime_ns(), until which something that is awaited from now on has to come. */
int64_t machine_limit_ns(void);

/* A file in it, whose folder is made where it has none. */
void machine_write(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
