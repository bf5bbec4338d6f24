/* A file that at most one process holds. */
#ifndef AIOPOLL_LOCK_FILE_H
#define AIOPOLL_LOCK_FILE_H

/* Creates it where it is not there, and locks it until the descriptor that is returned is closed;
 * the file stays. -1: errno says why, EWOULDBLOCK that another process holds it. Where the file
 * system has no locks, everybody gets one. */
int lock_file_take(const char *path);

#endif
