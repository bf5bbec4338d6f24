/* The text format in which Prometheus reads metrics, version 0.0.4. Pure.
 *
 * A metric is begun once, and all of its series follow, each as a line: exposition_series(), and
 * then its value. */
#ifndef AIOPOLL_EXPOSITION_H
#define AIOPOLL_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* `type`: "counter", "gauge" or "histogram". `help` is one line without a backslash. */
void exposition_metric(struct buffer *out, const char *name, const char *type, const char *help);

/* `labels`: names and values in turn, up to a NULL; NULL: there are none. Values are escaped. */
void exposition_series(struct buffer *out, const char *name, const char *const *labels);

void exposition_count(struct buffer *out, uint64_t value);
void exposition_seconds(struct buffer *out, int64_t ns);

/* All series of a histogram: `counts`, which are not cumulative, has one more than `bounds`. */
void exposition_histogram(struct buffer *out, const char *name, const double *bounds,
                          const uint64_t *counts, size_t count, double sum);

#endif
