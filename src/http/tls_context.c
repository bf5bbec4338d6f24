#include "http/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <search.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/tls_private.h"

/* --- files ---------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static bool refuse(char *why, size_t size, const char *format,
                                                         ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    ERR_clear_error();
    return false;
}

/* Of the first error, as those after it only say where it led to. */
static const char *reason(void)
{
    unsigned long error = ERR_peek_error();
    const char *text =
        ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
    return text == NULL ? "OpenSSL does not say why" : text;
}

static bool load_trust(SSL_CTX *ctx, const struct server_settings *settings, char *why, size_t size)
{
    if (settings->ca_file == NULL) {
        if (SSL_CTX_set_default_verify_paths(ctx) == 1)
            return true;
        return refuse(why, size, "the system's certificates cannot be used: %s", reason());
    }
    if (SSL_CTX_load_verify_file(ctx, settings->ca_file) == 1)
        return true;
    return refuse(why, size, "ca-file %s has no certificate in PEM that can be used: %s",
                  settings->ca_file, reason());
}

static bool load_identity(SSL_CTX *ctx, const struct server_settings *settings, char *why,
                          size_t size)
{
    const char *key_file = settings->key_file;
    if (settings->cert_file == NULL)
        return true;
    if (key_file == NULL)
        key_file = settings->cert_file;
    if (SSL_CTX_use_certificate_chain_file(ctx, settings->cert_file) != 1)
        return refuse(why, size, "cert-file %s has no certificate in PEM that can be used: %s",
                      settings->cert_file, reason());
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1) /* else a key of another kind would do */
        return refuse(why, size,
                      "%s %s has no private key in PEM, without a passphrase, that "
                      "fits the certificate: %s",
                      settings->key_file == NULL ? "cert-file" : "key-file", key_file, reason());
    return true;
}

/* Nobody is there to be asked for a passphrase. */
static int no_passphrase(char *buffer, int size, int for_writing, void *user)
{
    (void)buffer, (void)size, (void)for_writing, (void)user;
    return -1;
}

static SSL_CTX *make_ctx(const struct server_settings *settings, char *why, size_t size)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL) {
        refuse(why, size, "OpenSSL cannot be set up: %s", reason());
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_protos(ctx, alpn, sizeof alpn - 1);
    SSL_CTX_set_verify(ctx, settings->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, tls_keep_session);
    SSL_CTX_set_client_cert_cb(ctx, tls_miss_certificate);
    SSL_CTX_set_msg_callback(ctx, tls_note_message);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (load_trust(ctx, settings, why, size) && load_identity(ctx, settings, why, size))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* Where a file cannot be read, loading it will say why. */
static void digest_file(EVP_MD_CTX *sum, const char *path)
{
    char bytes[4096];
    size_t length;
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    EVP_DigestUpdate(sum, file == NULL ? "-" : "+", 1);
    if (file == NULL)
        return;
    while ((length = fread(bytes, 1, sizeof bytes, file)) > 0)
        EVP_DigestUpdate(sum, bytes, length);
    fclose(file);
    OPENSSL_cleanse(bytes, sizeof bytes);
}

static void digest_files(struct tls_context *context)
{
    const struct server_settings *settings = &context->settings;
    EVP_MD_CTX *sum = EVP_MD_CTX_new();
    if (sum != NULL && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) == 1) {
        digest_file(sum, settings->ca_file);
        digest_file(sum, settings->cert_file);
        digest_file(sum, settings->key_file);
        EVP_DigestFinal_ex(sum, context->digest, NULL);
    }
    EVP_MD_CTX_free(sum);
}

/* --- all of them ------------------------------------------------------------------ */

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int by_settings(const void *left, const void *right)
{
    const struct server_settings *a = &((const struct tls_context *)left)->settings;
    const struct server_settings *b = &((const struct tls_context *)right)->settings;
    int order = compare_texts(a->ca_file, b->ca_file);
    if (order == 0)
        order = compare_texts(a->cert_file, b->cert_file);
    if (order == 0)
        order = compare_texts(a->key_file, b->key_file);
    return order != 0 ? order : (int)(a->verify - b->verify);
}

/* Those of these settings. */
static struct tls_context key_of(const struct server_settings *settings, bool foreign)
{
    return (struct tls_context){.settings = {.ca_file = settings->ca_file,
                                             .cert_file = foreign ? NULL : settings->cert_file,
                                             .key_file = foreign ? NULL : settings->key_file,
                                             .verify = foreign || settings->verify}};
}

static struct tls_context *find(const struct tls_contexts *contexts, const struct tls_context *key)
{
    struct tls_context *const *found = tfind(key, &contexts->tree, by_settings);
    if (found == NULL)
        found = tfind(key, &contexts->late, by_settings);
    return found == NULL ? NULL : *found;
}

static void free_context(struct tls_context *context)
{
    SSL_CTX_free(context->ctx);
    free(context);
}

struct tls_context *tls_contexts_get(struct tls_contexts *contexts,
                                     const struct server_settings *settings, bool foreign,
                                     char *why, size_t why_size)
{
    const struct tls_context key = key_of(settings, foreign);
    struct tls_context *context = find(contexts, &key);
    if (context != NULL)
        return context;
    snprintf(why, why_size, "memory is short");
    context = malloc(sizeof *context);
    if (context == NULL)
        return NULL;
    *context = key;
    digest_files(context);
    context->ctx = make_ctx(&key.settings, why, why_size);
    if (context->ctx != NULL &&
        tsearch(context, contexts->sealed ? &contexts->late : &contexts->tree, by_settings) != NULL)
        return context;
    free_context(context);
    return NULL;
}

void tls_contexts_seal(struct tls_contexts *contexts)
{
    contexts->sealed = true;
}

bool tls_contexts_differ(const struct tls_contexts *old, const struct tls_contexts *new,
                         const struct server_settings *settings)
{
    const struct tls_context key = key_of(settings, false);
    struct tls_context *const *a = tfind(&key, &old->tree, by_settings);
    struct tls_context *const *b = tfind(&key, &new->tree, by_settings);
    return a != NULL && b != NULL && memcmp((*a)->digest, (*b)->digest, sizeof(*a)->digest) != 0;
}

static void free_root(void **tree)
{
    struct tls_context *context = **(struct tls_context ***)tree;
    tdelete(context, tree, by_settings);
    free_context(context);
}

bool tls_contexts_free_some(struct tls_contexts *contexts, size_t count)
{
    for (; count > 0 && contexts->tree != NULL; count--)
        free_root(&contexts->tree);
    for (; count > 0 && contexts->late != NULL; count--)
        free_root(&contexts->late);
    return contexts->tree == NULL && contexts->late == NULL;
}

void tls_contexts_free(struct tls_contexts *contexts)
{
    tls_contexts_free_some(contexts, SIZE_MAX);
}
