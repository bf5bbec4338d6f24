/* What a process uses of the machine, out of /proc. */
#ifndef TESTS_LIB_USAGE_H
#define TESTS_LIB_USAGE_H

#include <stddef.h>
#include <stdint.h>

/* How many of its descriptors are sockets; those it was started with included. */
size_t usage_sockets(int pid);

/* The processor time it has used, ns, to some 10 ms. */
int64_t usage_cpu_ns(int pid);

#endif
