#include "report/board_bounds.h"

#include "report/board.h"

/* From an answer on the same machine to the longest that anybody waits. 5 s and 10 s are the limits
 * that hold where nothing else is configured: what was cut off by one of them is just behind it. */
const double board_took_bounds[BOARD_BUCKETS - 1] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
};

/* Finest where requests are as late as the machine makes them, which is some 60 to 500
 * microseconds. From 10 ms on it is a connection that was not open in time; from 250 ms on a dead
 * address; 5 s is connect-timeout, and 30 s overdue-after. */
const double board_late_bounds[BOARD_BUCKETS - 1] = {
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30,
};
