/* A command with its arguments, as it is written in a file and run without a shell. Pure.
 *
 * Words have blanks between them. What stands in '...' or "..." is taken as it is, blanks
 * included, and may be a part of a word; '' is an empty one. Nothing else means anything. */
#ifndef AIOPOLL_COMMAND_H
#define AIOPOLL_COMMAND_H

#include "config/text.h"

/* *out is the text itself, for command_words(). The first word has to be an absolute path, or
 * a name without a slash, which is for PATH. */
text_reader command_read;

/* The words of a text that command_read() has taken, NULL-terminated: one allocation, to be
 * freed. NULL where memory is short. */
char **command_words(const char *text);

#endif
