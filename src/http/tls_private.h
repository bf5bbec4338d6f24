/* What tls.c and tls_context.c share. */
#ifndef AIOPOLL_TLS_PRIVATE_H
#define AIOPOLL_TLS_PRIVATE_H

#include <openssl/sha.h>
#include <openssl/ssl.h>

#include "config/setting.h"

struct tls_context {
    struct server_settings settings; /* of which only TLS' files and `verify` count */
    SSL_CTX *ctx;
    unsigned char digest[SHA256_DIGEST_LENGTH]; /* of the files, just before they were loaded */
};

/* OpenSSL's callback for a session that can be resumed. */
int tls_keep_session(SSL *ssl, SSL_SESSION *session);

/* The same for a server that asks for a certificate where there is none to give. */
int tls_miss_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key);

/* The same for each message of a protocol below HTTP, sent or received. */
void tls_note_message(int sent, int version, int type, const void *bytes, size_t length, SSL *ssl,
                      void *arg);

#endif
