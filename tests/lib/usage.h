/* What a process uses of the machine. */
#ifndef TESTS_LIB_USAGE_H
#define TESTS_LIB_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many of its descriptors are sockets; those it was started with included. */
size_t usage_sockets(int pid);

/* All of its descriptors. */
size_t usage_descriptors(int pid);

/* Its memory that is not swapped out or given back, bytes. */
size_t usage_resident(int pid);

/* The processor time it has used, ns, to some 10 ms. */
int64_t usage_cpu_ns(int pid);

/* Whether valgrind runs this process, and with it all that it starts. */
bool usage_is_valgrind(void);

#endif
