/* What tls.c and tls_context.c share. */
#ifndef AIOPOLL_TLS_PRIVATE_H
#define AIOPOLL_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "config/setting.h"

struct tls_context {
    struct server_settings settings; /* of which only TLS' files and `verify` count */
    SSL_CTX *ctx;
};

/* OpenSSL's callback for a session that can be resumed. */
int tls_keep_session(SSL *ssl, SSL_SESSION *session);

#endif
