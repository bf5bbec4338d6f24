/* What may name a server. Pure. */
#ifndef AIOPOLL_SERVER_NAME_H
#define AIOPOLL_SERVER_NAME_H

#include <stdbool.h>

enum {
    SERVER_NAME_MAX = 128,  /* bytes of one that is written in a file */
    SERVER_NAME_SIZE = 300, /* room for any, also one that is made of a URL's host and port */
};

/* Whether there are only letters, digits, '.', '_' and '-'. */
bool server_name_has_right_bytes(const char *name);

#endif
