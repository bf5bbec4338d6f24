#include "full_listener.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(int result)
{
    if (result < 0)
        abort();
}

/* Some of these connects are under way for ever, which is what is wanted. */
static void fill(struct full_listener *listener, const struct sockaddr_in *address)
{
    for (int i = 0; i < FULL_LISTENER_FILLERS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        must(fd);
        connect(fd, (const struct sockaddr *)address, sizeof(*address));
        listener->fillers[i] = fd;
    }
}

void full_listener_init(struct full_listener *listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener->fd);
    must(bind(listener->fd, (const struct sockaddr *)&address, length));
    must(listen(listener->fd, 0));
    must(getsockname(listener->fd, (struct sockaddr *)&address, &length));
    listener->port = ntohs(address.sin_port);
    fill(listener, &address);
}

void full_listener_finish(struct full_listener *listener)
{
    for (int i = 0; i < FULL_LISTENER_FILLERS; i++)
        close(listener->fillers[i]);
    close(listener->fd);
}
