/* The file that the log goes to, on its disk: everything here may wait for that as long as it
 * likes, so that only a thread of its own may call it.
 *
 * A file that is opened here has whole lines, whatever goes wrong: what was written of a line is
 * taken back where the rest is not, or else a line's end is put behind it. A descriptor that is
 * borrowed may be shared with others, and is only appended to. */
#ifndef AIOPOLL_LOG_FILE_H
#define AIOPOLL_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct log_file {
    bool own;  /* opened here, to be closed here */
    int fd;    /* -1: not open */
    bool torn; /* what is there ends within a line that nobody will finish */
};

/* Opens the file at `path`, or creates it with the mode 0640, less the umask; one that was open
 * is closed. Returns 0 or an errno: then the one that was open still is. */
int log_file_open(struct log_file *file, const char *path);

/* Appends whole lines. Returns 0 or an errno; *written are the bytes that need not be written
 * again, up to a line's end where the file is our own. */
int log_file_write(struct log_file *file, const char *lines, size_t length, size_t *written);

void log_file_close(struct log_file *file);

#endif
