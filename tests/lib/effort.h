/* How often a test that tries many cases is to do so. */
#ifndef TESTS_LIB_EFFORT_H
#define TESTS_LIB_EFFORT_H

#include <stdlib.h>

/* As often as that; under valgrind, by $AIOPOLL_TEST_SLOWNESS, as much less often as that is
 * slower. */
static inline int effort(int rounds)
{
    const char *slowness = getenv("AIOPOLL_TEST_SLOWNESS");
    int factor = slowness == NULL ? 1 : atoi(slowness);
    return factor <= 1 ? rounds : rounds / factor + 1;
}

#endif
