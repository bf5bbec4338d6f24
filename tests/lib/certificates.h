/*
 * Certificates for tests, made in the rig's directory: with keys on P-256, so
 * that making one takes no time.
 *
 *     certificate_make(rig, &(struct certificate_wish){.name = "ca", .is_ca = true});
 *     certificate_make(rig, &(struct certificate_wish){
 *         .name = "leaf", .issuer = "ca", .sans = "DNS:a.test,IP:127.0.0.1"});
 */
#ifndef TESTS_LIB_CERTIFICATES_H
#define TESTS_LIB_CERTIFICATES_H

#include <stdbool.h>

#include "rig.h"

struct certificate_wish {
    const char *name;    /* the file is NAME.pem */
    const char *issuer;  /* the name of one that was made before; NULL: self-signed */
    const char *subject; /* its common name; NULL: the name */
    const char *sans;    /* as in "DNS:*.test,IP:::1"; NULL: none */
    const char *padding; /* a comment in it; NULL: none */
    int from_s;          /* valid from so long after now; 0: since an hour ago */
    int until_s;         /* until then; 0: for another hour */
    bool is_ca;
};

/*
 * Returns the path of a file in PEM: the certificate, and behind it its key.
 * It is right as a cert-file without key-file, and, of a CA, as a ca-file.
 */
const char *certificate_make(struct rig *rig, const struct certificate_wish *wish);

#endif
