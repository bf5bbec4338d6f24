/* Members of an object of JSON, each with the comma before it. Pure. */
#ifndef AIOPOLL_JSON_MEMBER_H
#define AIOPOLL_JSON_MEMBER_H

#include <stdint.h>

#include "base/buffer.h"

void json_member_text(struct buffer *out, const char *key, const char *text);

/* A span in ns, as seconds with all of its digits. */
void json_member_span(struct buffer *out, const char *key, int64_t ns);

/* A moment in ns since 1970, as seconds with six digits behind the point. */
void json_member_moment(struct buffer *out, const char *key, int64_t wall);

/* With six digits. */
void json_member_number(struct buffer *out, const char *key, double number);

#endif
