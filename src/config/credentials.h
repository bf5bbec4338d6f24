/* What stands behind "Authorization:" in a request, made of files and URLs. What is read is
 * secret: no byte of it is in a complaint, and copies of it are overwritten. */
#ifndef AIOPOLL_CREDENTIALS_H
#define AIOPOLL_CREDENTIALS_H

#include "config/text.h"

/* The most that such a file may have, with the end of its line. */
enum { CREDENTIALS_FILE_MAX = 8 << 10 };

/* The value is the path of a file with one line: a token (RFC 6750 section 2.1), which
 * becomes "Bearer TOKEN"; or USER:PASSWORD (RFC 7617 section 2), which becomes "Basic" and
 * that in base64. The file has to be a regular one, so that reading it never waits. */
text_reader credentials_read_bearer;
text_reader credentials_read_basic;

/* The same of the "user:password" of a URL, percent-encoded, which is overwritten. Without a
 * password, that is an empty one. */
bool credentials_of_userinfo(char *userinfo, struct pool *pool, const char **out, char *why,
                             size_t why_size);

#endif
