/*
 * A TLS server in front of one without TLS, the mock server as a rule: it
 * passes the plain bytes on, and the ends as well: a FIN as close_notify and
 * FIN, a RST as RST.
 *
 *     relay = tls_relay_new(rig_loop(rig), &(struct tls_relay_setup){
 *         .certificate = certificate_make(rig, ...), .target_port = mock_server_port(mock)});
 *
 * A hook can do at a stage of a connection whatever OpenSSL can.
 */
#ifndef TESTS_LIB_TLS_RELAY_H
#define TESTS_LIB_TLS_RELAY_H

#include <openssl/ssl.h>

#include "duct.h"

enum tls_relay_stage {
    TLS_RELAY_HELLO,    /* the first bytes have come, and are not yet read */
    TLS_RELAY_SHAKEN,   /* the handshake is over; the next write goes out behind it */
    TLS_RELAY_REQUEST,  /* plain bytes have come, and are not yet passed on */
    TLS_RELAY_RESPONSE, /* plain bytes go to the client, right behind this */
};

struct tls_relay_link {
    struct duct *duct;
    struct tls_relay *relay;
    SSL *ssl;
    bool shaken;
    unsigned requests; /* stages of that name so far, this one not among them */
    bool swallowed;    /* a hook sets it: the plain bytes that came are not passed on */
    const char *early; /* a hook sets it at the hello: goes out before the handshake is over */
};

/* It may end the link, with the functions below or those of the duct. */
typedef void tls_relay_hook(struct tls_relay_link *link, enum tls_relay_stage stage, void *arg);

struct tls_relay_setup {
    const char *certificate; /* in PEM, with its key */
    const char *chain;       /* more certificates to send, or NULL */
    int version;             /* TLS1_2_VERSION or TLS1_3_VERSION; 0: both */
    int target_port;
    size_t tickets; /* of TLS 1.3, after each handshake */
    bool rude;      /* a FIN has no close_notify before it */
    tls_relay_hook *hook;
    void *arg;
};

struct tls_relay {
    struct ducts ducts;
    struct tls_relay_setup setup;
    SSL_CTX *ctx;
    unsigned handshakes; /* that were whole, and how many of those resumed a session */
    unsigned resumed;
    unsigned farewells; /* connections that the client ended with close_notify */
    unsigned cut_offs;  /* without it, after the handshake */
};

/* The strings of the setup are borrowed. */
struct tls_relay *tls_relay_new(uv_loop_t *loop, const struct tls_relay_setup *setup);
void tls_relay_free(struct tls_relay *relay);

int tls_relay_port(const struct tls_relay *relay);

/* Forgets the sessions that it gave, as a restart does. */
void tls_relay_forget_sessions(struct tls_relay *relay);

/* Sends plain bytes through TLS; or others around it. */
void tls_relay_send(struct tls_relay_link *link, const char *text);
void tls_relay_send_raw(struct tls_relay_link *link, const void *bytes, size_t length);

/* Sends what OpenSSL wants to: after a function of it was called. */
void tls_relay_flush(struct tls_relay_link *link);

#endif
