#include "report/board_bounds.h"

#include "report/board.h"

const double board_took_bounds[BOARD_BUCKETS - 1] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
const double board_late_bounds[BOARD_BUCKETS - 1] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001,
                                                     0.0025,  0.005,  0.01,    0.025,  0.05,
                                                     0.1,     0.25,   1,       10,     60};
