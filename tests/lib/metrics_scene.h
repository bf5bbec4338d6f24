/*
 * A fleet, a board and a log that are made up, for the page /metrics: nothing of them runs, and
 * all clocks stand still.
 */
#ifndef TESTS_LIB_METRICS_SCENE_H
#define TESTS_LIB_METRICS_SCENE_H

#include "report/metrics.h"

/* The wall clock, and the one of moments. */
#define SCENE_WALL INT64_C(1764112490500000000)
#define SCENE_NOW  INT64_C(1000000000000)

extern struct board scene_board;
extern struct fleet scene_fleet;
extern struct log scene_log;

/*
 * With so many servers, "s0" and so on, whose numbers are those: due in 1 s, 2 s and so on, and
 * not yet polled. Polls of all servers are on the board, as many and as long as it takes to have
 * something in each metric.
 */
void metrics_scene_start(uint32_t servers);
void metrics_scene_finish(void);

/* Another server has that number from now on. */
void metrics_scene_add(uint32_t id, const char *name);
void metrics_scene_remove(uint32_t id);

/* It has been polled so many times, and is `health`. */
void metrics_scene_poll(uint32_t id, uint32_t good, uint32_t failed, int64_t delay,
                        enum health health);

/* What is on the board of it. */
struct board_row *metrics_scene_row(uint32_t id);

/* Appends all of a page. It is made in pieces of about that many bytes. */
void metrics_scene_read(struct buffer *text, bool per_server, size_t piece);

#endif
