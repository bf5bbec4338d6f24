/* TLS for one connection, without a socket: bytes of the network in, plain bytes out,
 * and the other way round. RFC 8446, RFC 5246; who the server is: RFC 9525. */
#ifndef AIOPOLL_TLS_H
#define AIOPOLL_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "http/tls_context.h"

enum { TLS_PLAIN_SIZE = 16 << 10 }; /* the longest record */

struct tls;
struct tls_session; /* what resuming takes: secret, and for one server only */

enum tls_result {
    TLS_DONE,
    TLS_WANTS_MORE, /* bytes from the network */
    TLS_ENDED,      /* the peer has said so (close_notify) */
    TLS_FAILED,     /* tls_error() says why; only tls_free() may follow that */
};

/* Sends bytes to the network, all of them: they are copied where need be. Returns 0
 * or an error code, with which the TLS session is over. */
typedef int tls_send(void *user, const char *bytes, size_t length);

/* `name`: the host name or IP address that the certificate has to be for; the name is
 * also asked for (SNI). `*session` is what an earlier connection to the same server
 * left, or NULL; it is used, and kept up to date as long as this lives. NULL: memory is
 * short. */
struct tls *tls_new(struct tls_context *context, const char *name, struct tls_session **session,
                    tls_send *send, void *user);

/* Bytes from the network: borrowed until tls_handshake() or tls_read() wants more. */
void tls_give(struct tls *tls, const char *bytes, size_t length);

/* Goes on with the handshake. */
enum tls_result tls_handshake(struct tls *tls);
bool tls_is_resumed(const struct tls *tls);

/* After the handshake. TLS_DONE: there are *length > 0 plain bytes. */
enum tls_result tls_read(struct tls *tls, char *out, size_t size, size_t *length);

/* Whether nothing is left of what was given: no byte, no part of a record or a message. */
bool tls_is_quiet(const struct tls *tls);

enum tls_result tls_write(struct tls *tls, const char *bytes, size_t length);

/* A printable sentence on what failed, right after it did. */
void tls_error(const struct tls *tls, char *out, size_t size);

/* Says close_notify, where nothing has failed, and frees it. */
void tls_free(struct tls *tls);

void tls_session_free(struct tls_session *session);

#endif
