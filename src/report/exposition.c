#include "report/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"

void exposition_metric(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Whatever else a value holds may stand as it is. */
static void add_escaped(struct buffer *out, const char *value)
{
    for (;;) {
        size_t plain = strcspn(value, "\\\"\n");
        buffer_add(out, value, plain);
        value += plain;
        if (*value == '\0')
            return;
        const char escaped[] = {'\\', *value == '\n' ? 'n' : *value};
        buffer_add(out, escaped, sizeof escaped);
        value++;
    }
}

static void add_labels(struct buffer *out, const char *const *labels)
{
    buffer_text(out, "{");
    for (size_t i = 0; labels[i] != NULL; i += 2) {
        buffer_text(out, i == 0 ? "" : ",");
        buffer_text(out, labels[i]);
        buffer_text(out, "=\"");
        add_escaped(out, labels[i + 1]);
        buffer_text(out, "\"");
    }
    buffer_text(out, "}");
}

void exposition_series(struct buffer *out, const char *name, const char *const *labels)
{
    buffer_text(out, name);
    if (labels != NULL && labels[0] != NULL)
        add_labels(out, labels);
    buffer_text(out, " ");
}

void exposition_count(struct buffer *out, uint64_t value)
{
    buffer_print(out, "%" PRIu64 "\n", value);
}

void exposition_seconds(struct buffer *out, int64_t ns)
{
    char text[DURATION_SIZE];
    buffer_add(out, text, duration_seconds(text, ns));
    buffer_text(out, "\n");
}

void exposition_histogram(struct buffer *out, const char *name, const double *bounds,
                          const uint64_t *counts, size_t count, double sum)
{
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++) {
        all += counts[i];
        if (i + 1 < count)
            buffer_print(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, bounds[i], all);
        else
            buffer_print(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, all);
    }
    buffer_print(out, "%s_sum %.15g\n%s_count %" PRIu64 "\n", name, sum, name, all);
}
