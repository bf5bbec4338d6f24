#include "report/json_member.h"

#include <stdlib.h>

#include "base/duration.h"

void json_member_text(struct buffer *out, const char *key, const char *text)
{
    buffer_print(out, ",\"%s\":", key);
    buffer_json(out, text);
}

void json_member_span(struct buffer *out, const char *key, int64_t ns)
{
    char number[DURATION_SIZE];
    duration_seconds(number, ns);
    buffer_print(out, ",\"%s\":%s", key, number);
}

void json_member_moment(struct buffer *out, const char *key, int64_t wall)
{
    buffer_print(out, ",\"%s\":%s%lld.%06lld", key, wall < 0 ? "-" : "",
                 llabs((long long)(wall / SECOND)),
                 llabs((long long)(wall % SECOND / MICROSECOND)));
}

void json_member_number(struct buffer *out, const char *key, double number)
{
    buffer_print(out, ",\"%s\":%.6g", key, number);
}
