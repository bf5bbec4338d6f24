/*
 * A private temporary directory for one test, and the files in it.
 */
#ifndef TESTS_LIB_SCRATCH_H
#define TESTS_LIB_SCRATCH_H

#include <stdarg.h>

struct scratch;

/* In $TMPDIR or /tmp. Aborts where that can't be written. */
struct scratch *scratch_new(void);

/* Removes the directory with all that is in it. */
void scratch_free(struct scratch *scratch);

const char *scratch_directory(const struct scratch *scratch);

/* The absolute path of a file in it, there or not. All strings live until scratch_free(). */
const char *scratch_path(struct scratch *scratch, const char *name);

/* Writes the file anew and returns its path. */
const char *scratch_write(struct scratch *scratch, const char *name, const char *format,
                          va_list args) __attribute__((format(printf, 3, 0)));

/* The file's text, or NULL where it can't be read. */
const char *scratch_read(struct scratch *scratch, const char *name);

#endif
