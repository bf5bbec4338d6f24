/* The bounds of the histograms, in seconds: BOARD_BUCKETS - 1 of each, ascending. */
#ifndef AIOPOLL_BOARD_BOUNDS_H
#define AIOPOLL_BOARD_BOUNDS_H

extern const double board_took_bounds[], board_late_bounds[];

#endif
