#include "certificates.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "bytes.h"

enum { HOUR_S = 3600 };

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

static const char *path_of(struct rig *rig, const char *name)
{
    struct bytes file = {0};
    const char *path;

    bytes_print(&file, "%s.pem", name);
    path = rig_path(rig, file.data);
    bytes_finish(&file);
    return path;
}

static void must(bool done)
{
    if (!done)
        abort();
}

static void identity_read(struct identity *identity, const char *path)
{
    FILE *file = fopen(path, "r");

    must(file != NULL);
    identity->certificate = PEM_read_X509(file, NULL, NULL, NULL);
    identity->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    must(identity->certificate != NULL && identity->key != NULL);
}

static void identity_write(const struct identity *identity, const char *path)
{
    FILE *file = fopen(path, "w");

    must(file != NULL);
    must(PEM_write_X509(file, identity->certificate) == 1);
    must(PEM_write_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL) == 1);
    must(fclose(file) == 0);
}

static void identity_finish(struct identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

static void name_it(X509 *certificate, const struct certificate_wish *wish)
{
    const char *text = wish->subject != NULL ? wish->subject : wish->name;
    X509_NAME *name = X509_get_subject_name(certificate);
    uint64_t serial;

    must(RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1);
    must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1,
                                    0) == 1);
}

static void limit_it(X509 *certificate, const struct certificate_wish *wish)
{
    int from_s = wish->from_s == 0 ? -HOUR_S : wish->from_s;
    int until_s = wish->until_s == 0 ? HOUR_S : wish->until_s;

    must(X509_gmtime_adj(X509_getm_notBefore(certificate), from_s) != NULL);
    must(X509_gmtime_adj(X509_getm_notAfter(certificate), until_s) != NULL);
}

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void extend_as_wished(X509 *certificate, X509 *issuer, const struct certificate_wish *wish)
{
    extend(certificate, issuer, NID_basic_constraints,
           wish->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    extend(certificate, issuer, NID_subject_key_identifier, "hash");
    if (wish->sans != NULL)
        extend(certificate, issuer, NID_subject_alt_name, wish->sans);
    if (wish->padding != NULL)
        extend(certificate, issuer, NID_netscape_comment, wish->padding);
}

const char *certificate_make(struct rig *rig, const struct certificate_wish *wish)
{
    const char *path = path_of(rig, wish->name);
    struct identity own = {X509_new(), EVP_EC_gen("P-256")};
    struct identity issuer = own;

    must(own.certificate != NULL && own.key != NULL);
    if (wish->issuer != NULL)
        identity_read(&issuer, path_of(rig, wish->issuer));
    must(X509_set_version(own.certificate, X509_VERSION_3) == 1);
    must(X509_set_pubkey(own.certificate, own.key) == 1);
    name_it(own.certificate, wish);
    limit_it(own.certificate, wish);
    must(X509_set_issuer_name(own.certificate, X509_get_subject_name(issuer.certificate)) == 1);
    extend_as_wished(own.certificate, issuer.certificate, wish);
    must(X509_sign(own.certificate, issuer.key, EVP_sha256()) > 0);
    identity_write(&own, path);
    if (wish->issuer != NULL)
        identity_finish(&issuer);
    identity_finish(&own);
    return path;
}
