/* The main() of a test program: runs the suite, and says how it went. */
#ifndef AIOPOLL_CHECK_MAIN_H
#define AIOPOLL_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

static inline int check_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define CHECK_MAIN(suite)                                                                          \
    int main(void)                                                                                 \
    {                                                                                              \
        return check_main(suite);                                                                  \
    }

#endif
