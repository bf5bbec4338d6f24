/* What became of a hook. */
#ifndef AIOPOLL_HOOK_REPORT_H
#define AIOPOLL_HOOK_REPORT_H

#include <stdint.h>

#include "pace/health.h"

enum hook_end {
    HOOK_EXITED,    /* with the status `code` */
    HOOK_SIGNALED,  /* by the signal `code` */
    HOOK_KILLED,    /* as it had run for `limit` ns */
    HOOK_UNSTARTED, /* for the errno `code` */
    HOOK_STUCK,     /* its start takes `limit` ns already, and goes on */
    HOOK_STOPPED,   /* killed, as aiopoll is stopping */
    HOOK_LEFT,      /* aiopoll is stopping, and the disk that it waits for lets it not be killed */
};

struct hook_report {
    const char *server;
    enum health state; /* that it was told */
    enum hook_end end;
    int code;
    int64_t limit;
    int64_t took;       /* ns */
    const char *said;   /* the beginning of its standard error; "": nothing */
    unsigned repeated;  /* failures in a row that were equal to this one, itself included */
    unsigned ended_run; /* how many equal failures this one brings to an end */
};

#endif
