/*
 * A view of the machine that only the calling process, and what it starts from
 * then on, has: other files in place of the system's, and a network of its own.
 * To be entered before sockets are made, by a test that Check runs in a process
 * of its own. No privilege is needed where the kernel lets users make namespaces.
 */
#ifndef TESTS_LIB_NAMESPACE_H
#define TESTS_LIB_NAMESPACE_H

#include <stdbool.h>

/*
 * In the network of its own, besides 127.0.0.0/8 and ::1. What is sent to an
 * address that begins so vanishes: nobody answers, and nobody refuses.
 */
#define NAMESPACE_DEAD4 "10.9.0."    /* and 2 to 254 */
#define NAMESPACE_DEAD6 "fd00:9::1:" /* and 1 to ffff */

/* Of such a prefix nothing can even be sent, with ENETUNREACH: there is no route. */
#define NAMESPACE_UNROUTED4 "10.8.0."
#define NAMESPACE_UNROUTED6 "fd00:8::1:"

/*
 * Whether this machine and user may have such a network; if not, says so on
 * standard error, with the name of the suite that is skipped. Tried in a child.
 */
bool namespace_has_network(const char *suite);

/* Enters one; ends the test where that fails. */
void namespace_enter_network(void);

/* In a network of one's own: of what is sent by TCP and not read, the kernel takes some 10 kB. */
void namespace_shrink_buffers(void);

/* The system's file is the one at `path` from now on. False: the machine does not let us. */
bool namespace_replace_file(const char *system_file, const char *path);

/*
 * An empty file system in memory stands at the folder `path`: with "ro" one that
 * cannot be written to, else with these options of tmpfs(5), such as "size=64k".
 * False: the machine does not let us.
 */
bool namespace_mount_tmpfs(const char *path, const char *options);

/* Writes to the file at `path` until its disk has no room left. */
void namespace_fill_disk(const char *path);

/* /etc is a copy that the test may write to. False: the machine does not let us. */
bool namespace_own_etc(void);

#endif
