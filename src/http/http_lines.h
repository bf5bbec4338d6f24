/* The lines of a response's header and trailer sections, byte by byte, exactly
 * as RFC 9112 sections 4 and 5 write them and no other way. Pure.
 *
 * This stands in front of llhttp, whose versions differ in what they let pass:
 * 8.1 takes folded lines, empty field names, blanks before the colon, a bare CR
 * and a status of any number of digits; 9.x refuses most of these; some take
 * other protocols than HTTP. Here all of it is refused, always. */
#ifndef AIOPOLL_HTTP_LINES_H
#define AIOPOLL_HTTP_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_HEADER_MAX = 64 << 10, /* bytes of all header and trailer sections together */
    HTTP_FIELDS_MAX = 128,      /* their field lines */
};

struct http_lines {
    uint8_t state;       /* enum state of http_lines.c */
    uint8_t matched;     /* bytes of the status line's fixed beginning */
    bool ended;          /* the empty line has been read */
    const char *refused; /* a sentence on the first wrong byte, else NULL */
    bool too_large;      /* that byte is one too many, else it is wrong */
    unsigned fields;     /* field lines, of all sections so far */
    size_t bytes;        /* read in all sections so far */
};

/* Begins a section: a header section with its status line, or trailer fields.
 * The counts go on from the section before; the struct starts as all zero. */
void http_lines_begin_header(struct http_lines *lines);
void http_lines_begin_trailer(struct http_lines *lines);

/* Reads up to the end of the section, at most `length` bytes, and returns how
 * many were right. After that many either `ended` or `refused` is set, or there
 * were no more. */
size_t http_lines_read(struct http_lines *lines, const char *bytes, size_t length);

#endif
