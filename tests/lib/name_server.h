/*
 * A name server, UDP and TCP, that answers each query as it is told to. It is
 * for a network of the test's own (namespace.h): it is at port 53 of 127.0.0.1.
 */
#ifndef TESTS_LIB_NAME_SERVER_H
#define TESTS_LIB_NAME_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

enum name_answer {
    NAME_SILENCE,
    NAME_ADDRESSES,
    NAME_NO_DATA,      /* the name has no address of this family */
    NAME_UNKNOWN,      /* NXDOMAIN */
    NAME_FAILURE,      /* SERVFAIL */
    NAME_REFUSED,      /* REFUSED */
    NAME_TRUNCATED,    /* the addresses come by TCP only */
    NAME_ALIAS,        /* eight CNAMEs, and then the addresses of the last */
    NAME_ALIAS_LOOP,   /* a CNAME that leads to itself */
    NAME_OTHER_FAMILY, /* the addresses in records of the family that was not asked for */
    NAME_WRONG_ID,     /* the addresses, but for another query */
    NAME_WRONG_NAME,   /* the addresses of another name */
    NAME_GARBAGE,      /* bytes that are no message */
    NAME_HUGE,         /* the addresses, again and again, in 64 KB by TCP */
    NAME_CUT,          /* fewer records than it says */
    NAME_LOOPING_NAME, /* a record whose name points to itself */
};

enum name_family { NAME_A, NAME_AAAA };

struct name_server;

/* Fails the test where the port is taken. */
struct name_server *name_server_new(uv_loop_t *loop);

/* Runs the loop until nothing of it is left. */
void name_server_free(struct name_server *server);

/*
 * How queries of that family are answered from now on, whatever the name: after
 * `delay_ms`, and with these addresses, separated by blanks, where the answer has any.
 */
void name_server_set(struct name_server *server, enum name_family family, enum name_answer answer,
                     unsigned delay_ms, const char *addresses);

/* How many queries came; one that is sent again counts again. */
size_t name_server_queries(const struct name_server *server, enum name_family family);

#endif
