#include "tls_relay.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include "must.h"

static void must(bool done)
{
    if (!done)
        abort();
}

/* --- bytes ------------------------------------------------------------------- */

void tls_relay_flush(struct tls_relay_link *link)
{
    BIO *bio = SSL_get_wbio(link->ssl);
    char *bytes;
    long length = BIO_get_mem_data(bio, &bytes);

    if (length > 0)
        duct_send_client(link->duct, bytes, (size_t)length);
    BIO_reset(bio);
}

void tls_relay_send(struct tls_relay_link *link, const char *text)
{
    SSL_write(link->ssl, text, (int)strlen(text));
    tls_relay_flush(link);
}

void tls_relay_send_raw(struct tls_relay_link *link, const void *bytes, size_t length)
{
    tls_relay_flush(link);
    duct_send_client(link->duct, bytes, length);
}

/* Returns whether the link goes on. */
static bool call_hook(struct tls_relay_link *link, enum tls_relay_stage stage)
{
    const struct tls_relay_setup *setup = &link->relay->setup;

    if (setup->hook != NULL)
        setup->hook(link, stage, setup->arg);
    if (!link->duct->closing)
        tls_relay_flush(link);
    return !link->duct->closing;
}

/* --- from the client --------------------------------------------------------------- */

/* RFC 8446 section 2: a server may send data behind its own Finished. */
static void send_early(struct tls_relay_link *link)
{
    char none[1];
    size_t length;

    SSL_read_early_data(link->ssl, none, sizeof(none), &length);
    SSL_write_early_data(link->ssl, link->early, strlen(link->early), &length);
    link->early = NULL;
}

/* The end of the handshake and what the hook sends behind it go out together. */
static bool shake_hands(struct tls_relay_link *link)
{
    if (link->early != NULL)
        send_early(link);
    if (SSL_do_handshake(link->ssl) != 1) {
        tls_relay_flush(link);
        return false;
    }
    link->shaken = true;
    link->relay->handshakes++;
    link->relay->resumed += SSL_session_reused(link->ssl) == 1;
    if (!call_hook(link, TLS_RELAY_SHAKEN))
        return false;
    duct_connect(link->duct);
    return true;
}

static void read_plain(struct tls_relay_link *link)
{
    char plain[16384];
    int length;

    while ((length = SSL_read(link->ssl, plain, sizeof(plain))) > 0) {
        link->swallowed = false;
        if (!call_hook(link, TLS_RELAY_REQUEST))
            return;
        link->requests++;
        if (!link->swallowed)
            duct_send_target(link->duct, plain, (size_t)length);
    }
    tls_relay_flush(link);
}

static void on_from_client(struct duct *duct, const char *bytes, size_t length)
{
    struct tls_relay_link *link = duct->state;
    bool first = SSL_get_state(link->ssl) == TLS_ST_BEFORE;

    if (first && !call_hook(link, TLS_RELAY_HELLO))
        return;
    ERR_clear_error();
    BIO_write(SSL_get_rbio(link->ssl), bytes, (int)length);
    if (link->shaken || shake_hands(link))
        read_plain(link);
}

static void on_client_ended(struct duct *duct, int error)
{
    struct tls_relay_link *link = duct->state;
    struct tls_relay *relay = link->relay;

    (void)error; /* a RST where it had not read what came last */
    if ((SSL_get_shutdown(link->ssl) & SSL_RECEIVED_SHUTDOWN) != 0)
        relay->farewells++;
    else
        relay->cut_offs += link->shaken;
    duct_close(duct);
}

/* --- from the target ---------------------------------------------------------------- */

static void on_from_target(struct duct *duct, const char *bytes, size_t length)
{
    struct tls_relay_link *link = duct->state;

    if (!call_hook(link, TLS_RELAY_RESPONSE))
        return;
    SSL_write(link->ssl, bytes, (int)length);
    tls_relay_flush(link);
}

static void on_target_ended(struct duct *duct, int error)
{
    struct tls_relay_link *link = duct->state;

    if (error != UV_EOF) {
        duct_reset_client(duct);
        return;
    }
    if (!link->relay->setup.rude)
        SSL_shutdown(link->ssl);
    tls_relay_flush(link);
    duct_end_client(duct);
}

/* --- beginning and end ---------------------------------------------------------------- */

static void on_accepted(struct duct *duct)
{
    struct tls_relay_link *link = must_calloc(1, sizeof(*link));

    link->duct = duct;
    link->relay = duct->ducts->owner;
    link->ssl = SSL_new(link->relay->ctx);
    must(link->ssl != NULL);
    SSL_set_bio(link->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(link->ssl);
    SSL_set_app_data(link->ssl, link);
    duct->state = link;
}

static void on_closed(struct duct *duct)
{
    struct tls_relay_link *link = duct->state;

    SSL_free(link->ssl);
    free(link);
}

static const struct duct_callbacks callbacks = {
    .accepted = on_accepted,
    .from_client = on_from_client,
    .client_ended = on_client_ended,
    .from_target = on_from_target,
    .target_ended = on_target_ended,
    .closed = on_closed,
};

static void add_chain(SSL_CTX *ctx, const char *path)
{
    BIO *file = BIO_new_file(path, "r");
    X509 *certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);

    must(certificate != NULL && SSL_CTX_add_extra_chain_cert(ctx, certificate) == 1);
    BIO_free(file);
}

static SSL_CTX *make_ctx(const struct tls_relay_setup *setup)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    must(ctx != NULL);
    must(SSL_CTX_use_certificate_file(ctx, setup->certificate, SSL_FILETYPE_PEM) == 1);
    must(SSL_CTX_use_PrivateKey_file(ctx, setup->certificate, SSL_FILETYPE_PEM) == 1);
    if (setup->chain != NULL)
        add_chain(ctx, setup->chain);
    SSL_CTX_set_min_proto_version(ctx, setup->version);
    SSL_CTX_set_max_proto_version(ctx, setup->version);
    SSL_CTX_set_num_tickets(ctx, setup->tickets);
    return ctx;
}

struct tls_relay *tls_relay_new(uv_loop_t *loop, const struct tls_relay_setup *setup)
{
    struct tls_relay *relay = must_calloc(1, sizeof(*relay));

    relay->setup = *setup;
    relay->ctx = make_ctx(setup);
    ducts_init(&relay->ducts, loop, setup->target_port, &callbacks, relay);
    return relay;
}

void tls_relay_free(struct tls_relay *relay)
{
    ducts_finish(&relay->ducts);
    SSL_CTX_free(relay->ctx);
    free(relay);
}

int tls_relay_port(const struct tls_relay *relay)
{
    return relay->ducts.port;
}

void tls_relay_forget_sessions(struct tls_relay *relay)
{
    unsigned char keys[80];
    long size = SSL_CTX_get_tlsext_ticket_keys(relay->ctx, NULL, 0);

    must(size <= (long)sizeof(keys) && RAND_bytes(keys, (int)size) == 1);
    must(SSL_CTX_set_tlsext_ticket_keys(relay->ctx, keys, size) == 1);
    SSL_CTX_flush_sessions(relay->ctx, 0);
}
