/*
 * An address that neither accepts nor refuses a connect: a listening socket
 * whose queue is full.
 */
#ifndef TESTS_LIB_FULL_LISTENER_H
#define TESTS_LIB_FULL_LISTENER_H

enum { FULL_LISTENER_FILLERS = 8 };

struct full_listener {
    int fd;
    int fillers[FULL_LISTENER_FILLERS];
    int port; /* on 127.0.0.1 */
};

void full_listener_init(struct full_listener *listener);
void full_listener_finish(struct full_listener *listener);

#endif
