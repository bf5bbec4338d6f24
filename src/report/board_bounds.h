/* Where the buckets of the board's histograms end. Pure. */
#ifndef AIOPOLL_BOARD_BOUNDS_H
#define AIOPOLL_BOARD_BOUNDS_H

/* Seconds, BOARD_BUCKETS - 1 of each, ascending; a value that is equal to one is within it. */
extern const double board_took_bounds[];
extern const double board_late_bounds[];

#endif
