/*
 * A wire that can be cut: it passes bytes on between the program and a server,
 * and ends, or holds, or delays those that go to the program, at any byte.
 */
#ifndef TESTS_LIB_CUTTING_RELAY_H
#define TESTS_LIB_CUTTING_RELAY_H

#include "bytes.h"
#include "duct.h"

enum cutting_relay_end {
    CUT_BY_FIN,
    CUT_BY_RST,
    CUT_BY_SILENCE, /* no byte and no end follows */
};

struct cutting_relay_setup {
    int target_port;
    unsigned cuts; /* so many connections, the first ones, are cut; 0: all */
    size_t after;  /* bytes to the program; with SIZE_MAX it is not cut */
    bool at_once;  /* with `after` 0: before it has sent a byte, and not just after */
    enum cutting_relay_end end;
    unsigned each_ms; /* one byte each, instead of all that come together */
    unsigned hold_ms; /* all that come in that time together */
};

struct cutting_relay {
    struct ducts ducts;
    struct cutting_relay_setup setup;
    uv_timer_t timer;
    struct bytes held; /* of the connection `holder`: one at a time has any */
    struct duct *holder;
    bool holder_ended;
    bool timer_closed;
    size_t passed; /* bytes to the program on the connection that was opened last */
};

struct cutting_relay *cutting_relay_new(uv_loop_t *loop, const struct cutting_relay_setup *setup);
void cutting_relay_free(struct cutting_relay *relay);

int cutting_relay_port(const struct cutting_relay *relay);

#endif
