#include "silent_resolver.h"

#include <stdio.h>
#include <unistd.h>

#include "must.h"

struct silent_resolver {
    uv_udp_t udp;
    bool asked;
    bool closed;
    char address[32];
};

static void on_closed(uv_handle_t *handle)
{
    struct silent_resolver *resolver = handle->data;

    resolver->closed = true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char shared[4096];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof(shared));
}

static void on_datagram(uv_udp_t *udp, ssize_t length, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    struct silent_resolver *resolver = udp->data;

    (void)buffer;
    (void)from;
    (void)flags;
    if (length > 0)
        resolver->asked = true;
}

/* Tests that run at the same time have different addresses. */
static int listen_on_own_address(struct silent_resolver *resolver)
{
    unsigned pid = (unsigned)getpid();
    struct sockaddr_in address;

    snprintf(resolver->address, sizeof(resolver->address), "127.113.%u.%u", pid >> 8 & 0xff,
             pid & 0xff);
    uv_ip4_addr(resolver->address, 53, &address);
    return uv_udp_bind(&resolver->udp, (const struct sockaddr *)&address, 0);
}

struct silent_resolver *silent_resolver_new(uv_loop_t *loop)
{
    struct silent_resolver *resolver = must_calloc(1, sizeof(*resolver));

    uv_udp_init(loop, &resolver->udp);
    resolver->udp.data = resolver;
    if (listen_on_own_address(resolver) == 0 &&
        uv_udp_recv_start(&resolver->udp, on_alloc, on_datagram) == 0)
        return resolver;
    silent_resolver_free(resolver);
    return NULL;
}

void silent_resolver_free(struct silent_resolver *resolver)
{
    uv_close((uv_handle_t *)&resolver->udp, on_closed);
    while (!resolver->closed)
        uv_run(resolver->udp.loop, UV_RUN_ONCE);
    free(resolver);
}

const char *silent_resolver_address(const struct silent_resolver *resolver)
{
    return resolver->address;
}

bool silent_resolver_was_asked(void *arg)
{
    const struct silent_resolver *resolver = arg;

    return resolver->asked;
}
