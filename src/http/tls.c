#include "http/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "config/url.h"
#include "http/tls_private.h"

/* What may come without a plain byte among it: certificates, tickets, key updates. */
enum { SILENT_MAX = 256 << 10 };

/* Of tickets and key updates, with each response. Each costs far more than its few bytes, and
 * plain bytes among them make none of them cheaper. */
enum { MESSAGES_MAX = 64 };

#define FLOODS "the server floods the connection with what is no data"

struct tls {
    SSL *ssl;
    const char *given; /* what is left of the last tls_give() */
    size_t given_length;
    size_t silent;     /* bytes since the last plain one, either way */
    unsigned messages; /* of the handshake protocol after the handshake, since the last request */
    bool shaken;
    bool failed;
    bool is_wanted;        /* a certificate of the client, and there is none */
    const char *complaint; /* of our own; else OpenSSL's is told */
    struct tls_session **session;
    tls_send *send;
    void *user;
};

/* --- the BIO between OpenSSL and the owner ------------------------------------------
 * It keeps nothing: input is the owner's, output goes through at once. A memory BIO of
 * OpenSSL would keep its buffers as long as a connection is idle. */

static int bio_read(BIO *bio, char *out, int size)
{
    struct tls *tls = BIO_get_data(bio);
    size_t n = tls->given_length < (size_t)size ? tls->given_length : (size_t)size;
    BIO_clear_retry_flags(bio);
    if (tls->messages > MESSAGES_MAX)
        return -1;
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(out, tls->given, n);
    tls->given += n;
    tls->given_length -= n;
    return (int)n;
}

static int bio_write(BIO *bio, const char *bytes, int length)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    return tls->send(tls->user, bytes, (size_t)length) == 0 ? length : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO *make_bio(struct tls *tls)
{
    static BIO_METHOD *method;
    if (method == NULL) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "aiopoll");
        if (method == NULL)
            return NULL;
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
    BIO *bio = BIO_new(method);
    if (bio != NULL) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* --- who the server has to be -------------------------------------------------------- */

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* RFC 6066 section 3: SNI has names without a final dot, and no addresses. RFC 9525: only
 * the SANs count. */
static bool expect_name(SSL *ssl, const char *name)
{
    char host[URL_HOST_MAX + 1];
    if (is_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    size_t length = strlen(name);
    if (length > 0 && name[length - 1] == '.')
        length--;
    snprintf(host, sizeof host, "%.*s", (int)length, name);
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

/* --- sessions -------------------------------------------------------------------------- */

/* RFC 8446 section 4.6.1: a limit to how long one handshake is trusted, as each session that
 * is resumed gives the next one. */
#define TRUST_LIMIT (24 * HOUR)

struct tls_session {
    SSL_SESSION *session;
    int64_t proven; /* when the server last showed its certificate */
};

void tls_session_free(struct tls_session *session)
{
    if (session != NULL)
        SSL_SESSION_free(session->session);
    free(session);
}

static bool may_resume(const struct tls_session *session)
{
    X509 *certificate = SSL_SESSION_get0_peer(session->session);
    return clock_now() - session->proven < TRUST_LIMIT && certificate != NULL &&
           X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* Returns 1: the reference is ours now. */
int tls_keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls *tls = SSL_get_app_data(ssl);
    struct tls_session *kept = *tls->session;
    if (kept == NULL)
        kept = calloc(1, sizeof *kept);
    if (kept == NULL)
        return 0;
    SSL_SESSION_free(kept->session);
    kept->session = session;
    if (SSL_session_reused(ssl) != 1)
        kept->proven = clock_now();
    *tls->session = kept;
    return 1;
}

/* Returns 0: there is none. */
int tls_miss_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct tls *tls = SSL_get_app_data(ssl);
    (void)certificate, (void)key;
    tls->is_wanted = true;
    return 0;
}

void tls_note_message(int sent, int version, int type, const void *bytes, size_t length, SSL *ssl,
                      void *arg)
{
    struct tls *tls = SSL_get_app_data(ssl);
    (void)version, (void)bytes, (void)length, (void)arg;
    if (!sent && type == SSL3_RT_HANDSHAKE && tls->shaken)
        tls->messages++;
}

/* --- one connection ---------------------------------------------------------------------- */

struct tls *tls_new(struct tls_context *context, const char *name, struct tls_session **session,
                    tls_send *send, void *user)
{
    struct tls *tls = calloc(1, sizeof *tls);
    BIO *bio = tls == NULL ? NULL : make_bio(tls);
    if (tls != NULL)
        tls->ssl = SSL_new(context->ctx);
    if (bio == NULL || tls->ssl == NULL || !expect_name(tls->ssl, name)) {
        BIO_free(bio);
        if (tls != NULL)
            SSL_free(tls->ssl);
        free(tls);
        ERR_clear_error();
        return NULL;
    }
    tls->session = session;
    tls->send = send;
    tls->user = user;
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_connect_state(tls->ssl);
    if (*session != NULL && may_resume(*session))
        SSL_set_session(tls->ssl, (*session)->session);
    return tls;
}

void tls_give(struct tls *tls, const char *bytes, size_t length)
{
    tls->given = bytes;
    tls->given_length = length;
    tls->silent += length;
}

static enum tls_result fail(struct tls *tls, const char *complaint)
{
    tls->failed = true;
    tls->complaint = complaint;
    return TLS_FAILED;
}

/* What a call of OpenSSL that returned 0 or less means. */
static enum tls_result judge(struct tls *tls, int returned)
{
    switch (SSL_get_error(tls->ssl, returned)) {
    case SSL_ERROR_WANT_READ: return tls->silent > SILENT_MAX ? fail(tls, FLOODS) : TLS_WANTS_MORE;
    case SSL_ERROR_ZERO_RETURN: return TLS_ENDED;
    case SSL_ERROR_SYSCALL:
        return fail(tls, tls->messages > MESSAGES_MAX ? FLOODS : "the connection broke");
    default: return fail(tls, NULL);
    }
}

/* RFC 7301 section 3.1: the server may choose only what was offered. */
static bool speaks_http_1(const struct tls *tls)
{
    const unsigned char *chosen;
    unsigned length;
    SSL_get0_alpn_selected(tls->ssl, &chosen, &length);
    return length == 0 || (length == 8 && memcmp(chosen, "http/1.1", 8) == 0);
}

enum tls_result tls_handshake(struct tls *tls)
{
    ERR_clear_error();
    int returned = SSL_do_handshake(tls->ssl);
    tls->shaken = returned == 1;
    if (returned == 1 && !speaks_http_1(tls))
        return fail(tls,
                    "the server chose another protocol than HTTP/1.1, which alone was offered");
    return returned == 1 ? TLS_DONE : judge(tls, returned);
}

bool tls_is_resumed(const struct tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

/* SSL_MODE_RELEASE_BUFFERS leaves the buffer for writing, 16 KiB, behind where a ticket
 * was read last. Not in the middle of a record, which SSL_free_buffers() would not notice. */
static void release_buffers(SSL *ssl)
{
    if (strcmp(SSL_rstate_string(ssl), "RH") == 0)
        SSL_free_buffers(ssl);
}

enum tls_result tls_read(struct tls *tls, char *out, size_t size, size_t *length)
{
    ERR_clear_error();
    int returned = SSL_read_ex(tls->ssl, out, size, length);
    if (returned == 1) {
        tls->silent = 0;
        return TLS_DONE;
    }
    enum tls_result result = judge(tls, returned);
    if (result == TLS_WANTS_MORE)
        release_buffers(tls->ssl);
    return result;
}

/* Within a record the state is not to read a header, even where no byte of it is left. */
bool tls_is_quiet(const struct tls *tls)
{
    return tls->given_length == 0 && !SSL_has_pending(tls->ssl) && SSL_is_init_finished(tls->ssl) &&
           strcmp(SSL_rstate_string(tls->ssl), "RH") == 0;
}

enum tls_result tls_write(struct tls *tls, const char *bytes, size_t length)
{
    size_t written;
    ERR_clear_error();
    tls->silent = 0;
    tls->messages = 0;
    int returned = SSL_write_ex(tls->ssl, bytes, length, &written);
    return returned == 1 ? TLS_DONE : judge(tls, returned);
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    if (!tls->failed && SSL_is_init_finished(tls->ssl))
        SSL_shutdown(tls->ssl);
    SSL_free(tls->ssl);
    free(tls);
    ERR_clear_error();
}

/* --- what is told --------------------------------------------------------------------------- */

static const char *certificate_fault(long code)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "it, or one of its issuers', has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "it is not yet valid";
    case X509_V_ERR_HOSTNAME_MISMATCH: return "it is for another host";
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "it is not for this IP address";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "it is self-signed, and not trusted";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "its issuer is unknown: the self-signed root that came with it is not trusted";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return "its issuer is unknown";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "its issuer has the name of one that is trusted, and another key";
    default: return X509_verify_cert_error_string(code);
    }
}

#define WANTS_CERTIFICATE "the server wants a certificate of the client (cert-file)"

/* Before TLS 1.3 there is no alert of its own for a certificate that is missing. */
static const char *protocol_fault(int reason, bool is_wanted)
{
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "the server speaks no version of TLS from 1.2 on";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG: return "what the server sent is not TLS";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
        return "the server does not speak HTTP/1.1, as it says by ALPN";
    case SSL_R_TLSV1_UNRECOGNIZED_NAME: return "the server knows nobody of this name";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return WANTS_CERTIFICATE;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return is_wanted ? WANTS_CERTIFICATE
                         : "the server refuses the TLS handshake, and does not say why";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED: return "the server refuses the client's certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "the server refuses the client's certificate: it has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        return "the server refuses the client's certificate: it was revoked";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "the server refuses the client's certificate: its issuer is unknown there";
    default: return NULL;
    }
}

void tls_error(const struct tls *tls, char *out, size_t size)
{
    unsigned long error = ERR_peek_error(), last = ERR_peek_last_error();
    long verified = SSL_get_verify_result(tls->ssl);
    const char *text = ERR_reason_error_string(error);
    const char *fault = NULL;

    if (ERR_GET_LIB(error) == ERR_LIB_SSL)
        fault = protocol_fault(ERR_GET_REASON(error), tls->is_wanted);
    if (tls->complaint != NULL)
        snprintf(out, size, "%s", tls->complaint);
    else if (ERR_GET_REASON(last) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK)
        snprintf(out, size, "the server's certificate is refused: %s", certificate_fault(verified));
    else if (fault != NULL)
        snprintf(out, size, "%s", fault);
    else
        snprintf(out, size, "TLS failed: %s", text == NULL ? "OpenSSL does not say why" : text);
}
