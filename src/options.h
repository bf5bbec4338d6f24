/* The command line. */
#ifndef AIOPOLL_OPTIONS_H
#define AIOPOLL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "config/setting.h"

struct options {
    const char *config;              /* a file's name, or NULL */
    bool check;                      /* read the configuration and exit */
    uint64_t count;                  /* of polls of each server; 0: no end */
    bool status;                     /* ask the running daemon how its servers are */
    const char *explain;             /* ask it of this server; part of argv, or NULL */
    struct daemon_settings settings; /* what wins over the file, */
    uint32_t set;                    /* a bit a key that was given */
    struct pool pool;                /* of their texts, to be freed by the caller */
    char **urls;                     /* part of argv */
    size_t url_count;
};

/* Reads argv. Returns -1 when the program is to go on, else its exit status: the
 * help was printed, or what is wrong with the line. */
int options_read(struct options *options, int argc, char **argv);

#endif
