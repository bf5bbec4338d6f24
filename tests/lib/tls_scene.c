#include "tls_scene.h"

#include <string.h>

static const int64_t DELAY_NS = 20000000;

struct tls_relay *tls;
struct cutting_relay *wire;

static void teardown(void)
{
    if (wire != NULL)
        cutting_relay_free(wire);
    if (tls != NULL)
        tls_relay_free(tls);
    wire = NULL;
    tls = NULL;
}

TCase *tls_scene_case(Suite *suite, const char *name)
{
    TCase *tests = scene_case(suite, name);

    tcase_add_checked_fixture(tests, NULL, teardown);
    return tests;
}

static const char *make_certificate(void)
{
    rig_set_env(rig, "SSL_CERT_FILE",
                certificate_make(rig, &(struct certificate_wish){.name = "ca", .is_ca = true}));
    return certificate_make(
        rig, &(struct certificate_wish){.name = "leaf", .issuer = "ca", .sans = "IP:127.0.0.1"});
}

void tls_scene_relay(const struct tls_relay_setup *setup)
{
    struct tls_relay_setup own = *setup;

    if (own.certificate == NULL)
        own.certificate = make_certificate();
    own.target_port = mock_server_port(mock);
    tls = tls_relay_new(rig_loop(rig), &own);
}

void tls_scene_wire(const struct cutting_relay_setup *setup)
{
    struct cutting_relay_setup own = *setup;

    own.target_port = tls_relay_port(tls);
    wire = cutting_relay_new(rig_loop(rig), &own);
}

void tls_scene_start(unsigned count, const char *defaults, const char *path)
{
    int port = wire != NULL ? cutting_relay_port(wire) : tls_relay_port(tls);

    scene_start_count(count, "[defaults]\nretry = 10ms\n%s[servers]\na = https://127.0.0.1:%d%s\n",
                      defaults, port, path);
}

void tls_scene_check_failure(size_t index, const char *error, const char *words)
{
    const char *detail = rig_string(scene_failure("a", index, error), "detail");

    ck_assert_msg(strstr(detail, words) != NULL, "no '%s' in: %s", words, detail);
}

void tls_scene_check_good(size_t index)
{
    json_t *poll = scene_poll("a", index);

    ck_assert_msg(strcmp(rig_string(poll, "result"), "ok") == 0, "poll %zu failed: %s", index,
                  rig_string(poll, "detail"));
    ck_assert_int_eq(scene_ns(poll, "delay"), DELAY_NS);
}
