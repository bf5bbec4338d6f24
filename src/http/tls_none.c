/* For builds without OpenSSL: no context can be made, so nothing else is ever called
 * with one. */
#include <stdio.h>

#include "http/tls.h"

struct tls_context *tls_contexts_get(struct tls_contexts *contexts,
                                     const struct server_settings *settings, bool foreign,
                                     char *why, size_t why_size)
{
    (void)contexts, (void)settings, (void)foreign;
    snprintf(why, why_size, "this aiopoll was built without TLS");
    return NULL;
}

void tls_contexts_seal(struct tls_contexts *contexts)
{
    contexts->sealed = true;
}

bool tls_contexts_differ(const struct tls_contexts *old, const struct tls_contexts *new,
                         const struct server_settings *settings)
{
    (void)old, (void)new, (void)settings;
    return false;
}

void tls_contexts_free(struct tls_contexts *contexts)
{
    (void)contexts;
}

bool tls_contexts_free_some(struct tls_contexts *contexts, size_t count)
{
    (void)contexts, (void)count;
    return true;
}

struct tls *tls_new(struct tls_context *context, const char *name, struct tls_session **session,
                    tls_send *send, void *user)
{
    (void)context, (void)name, (void)session, (void)send, (void)user;
    return NULL;
}

void tls_give(struct tls *tls, const char *bytes, size_t length)
{
    (void)tls, (void)bytes, (void)length;
}

enum tls_result tls_handshake(struct tls *tls)
{
    (void)tls;
    return TLS_FAILED;
}

bool tls_is_resumed(const struct tls *tls)
{
    (void)tls;
    return false;
}

enum tls_result tls_read(struct tls *tls, char *out, size_t size, size_t *length)
{
    (void)tls, (void)out, (void)size, (void)length;
    return TLS_FAILED;
}

bool tls_is_quiet(const struct tls *tls)
{
    (void)tls;
    return false;
}

enum tls_result tls_write(struct tls *tls, const char *bytes, size_t length)
{
    (void)tls, (void)bytes, (void)length;
    return TLS_FAILED;
}

void tls_error(const struct tls *tls, char *out, size_t size)
{
    (void)tls;
    snprintf(out, size, "this aiopoll was built without TLS");
}

void tls_free(struct tls *tls)
{
    (void)tls;
}

void tls_session_free(struct tls_session *session)
{
    (void)session;
}
