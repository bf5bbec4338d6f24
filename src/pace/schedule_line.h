/* The lines of the state file, as texts. Pure.
 *
 *     aiopoll schedule 1
 *     CRC boot ID ZERO
 *     CRC DUE WAIT LAST URL NAME
 *     ...
 *
 * CRC is the CRC-32 of the rest of its line (as zlib has it), 8 hexadecimal digits, so that
 * any change of a byte, and a line that is torn, is found. ID names the boot during which the
 * file was written ("-": unknown), ZERO is the moment, on the wall clock of then, at which
 * CLOCK_BOOTTIME was 0. DUE is a moment on the same wall clock. WAIT and LAST are spans, LAST
 * may be "-"; URL is the CRC-32 of the server's URL. Moments and spans are seconds with nine
 * decimals; moments count from 1970. */
#ifndef AIOPOLL_SCHEDULE_LINE_H
#define AIOPOLL_SCHEDULE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends in a newline, as every line does. */
#define SCHEDULE_HEADER "aiopoll schedule 1\n"

enum {
    SCHEDULE_NAME_MAX = 384,  /* bytes; no server's name is that long */
    SCHEDULE_LINE_MAX = 512,  /* bytes of any line, with its newline */
    SCHEDULE_BOOT_ID_MAX = 40 /* with a NUL */
};

struct schedule_boot {
    char id[SCHEDULE_BOOT_ID_MAX]; /* "": unknown */
    int64_t zero;
};

struct schedule_line {
    int64_t due, wait;
    int64_t last; /* -1: none */
    uint32_t url;
    const char *name; /* not NUL-terminated */
    size_t name_length;
};

/* The CRC-32 of bytes. */
uint32_t schedule_crc(const char *bytes, size_t length);

/* Write a line to `out`, which has room for SCHEDULE_LINE_MAX bytes, and return its length with
 * the newline; there is no NUL. */
size_t schedule_write_boot(char *out, const struct schedule_boot *boot);
size_t schedule_write_line(char *out, const struct schedule_line *line);

/* Read a line of `length` bytes, its newline not among them. False: it is damaged, or no such
 * line. line->name points into `text`. */
bool schedule_read_boot(const char *text, size_t length, struct schedule_boot *boot);
bool schedule_read_line(const char *text, size_t length, struct schedule_line *line);

#endif
