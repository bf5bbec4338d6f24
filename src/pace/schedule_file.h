/* The state file on its disk: read, replaced as a whole, appended to, synced. Everything here
 * waits for the disk, and one that hangs lets nothing return: only a thread of its own may call
 * it. Where something fails, what failed stands in `failure`. */
#ifndef AIOPOLL_SCHEDULE_FILE_H
#define AIOPOLL_SCHEDULE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pace/promises.h"

struct schedule_failure {
    const char *path;
    const char *what; /* "cannot be written" */
    int error;        /* an errno */
};

struct schedule_file {
    char *path, *new_path, *kept_path, *lock_path, *folder;
    int fd;                    /* -1: not open; then only schedule_file_replace() opens it */
    int lock;                  /* -1: not held */
    bool keep;                 /* what stands there could not be read, and is not overwritten */
    struct schedule_boot boot; /* as the file has it */
    int64_t whole, appended;   /* bytes */
    bool synced;
    struct schedule_failure failure;
};

/* `path` is copied. Ends the process where memory is short. */
void schedule_file_init(struct schedule_file *file, const char *path);
void schedule_file_finish(struct schedule_file *file);

/* The wall clock, this boot, and now. */
struct promises_now schedule_file_clocks(void);

/* The text of the file, which is empty where there is none; to be freed. NULL: it could not be
 * read. */
char *schedule_file_read(struct schedule_file *file, size_t *length);

/* Writes all promises to another file, which then takes the place of this one, and is on the
 * disk. A process that has done so keeps others from it, until it ends. A file that is to be
 * kept is moved to kept_path before. After a failure the file is closed. */
bool schedule_file_replace(struct schedule_file *file, const struct promises *promises);

/* Of these servers the lines. After a failure the file is closed. */
bool schedule_file_append(struct schedule_file *file, const struct promises *promises,
                          const uint32_t *servers, size_t count);

/* What was appended is on the disk. After a failure the file is closed. */
bool schedule_file_sync(struct schedule_file *file);

/* Whether the file should be replaced as a whole: its rest is shorter than what was appended, or
 * it has been taken away, or the wall clock was set. */
bool schedule_file_is_outdated(const struct schedule_file *file);

#endif
