#include "namespace.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Two ends of a cable: what goes out of the one comes in at the other, which
 * does not know the address and drops it. Without ARP nobody has to be found first.
 */
static const char network[] = "ip -force -batch - >/dev/null 2>&1 <<'END'\n"
                              "link set lo up\n"
                              "link add near arp off type veth peer name far\n"
                              "link set far up\n"
                              "link set near up\n"
                              "address add 10.9.0.1/24 dev near\n"
                              "address add fd00:9::1/64 dev near nodad\n"
                              "END\n";

static bool have_mounts; /* our own */

static void write_file(const char *path, const char *format, unsigned id)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return;
    fprintf(file, format, id);
    fclose(file);
}

/* A user who is not root is it in a namespace of users. */
static bool enter(int flags)
{
    unsigned user = geteuid();
    unsigned group = getegid();

    if (unshare(flags) == 0)
        return true;
    if (unshare(flags | CLONE_NEWUSER) != 0)
        return false;
    write_file("/proc/self/setgroups", "deny", 0);
    write_file("/proc/self/uid_map", "0 %u 1", user);
    write_file("/proc/self/gid_map", "0 %u 1", group);
    return true;
}

static bool enter_mounts(void)
{
    if (!have_mounts)
        have_mounts =
            enter(CLONE_NEWNS) && mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0;
    return have_mounts;
}

/* Whether an address is there, which is the only proof that the commands did what they should. */
static bool has_address(int family, const char *text)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.any.sa_family = (sa_family_t)family};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound;

    if (family == AF_INET)
        inet_pton(family, text, &address.v4.sin_addr);
    else
        inet_pton(family, text, &address.v6.sin6_addr);
    bound = fd >= 0 && bind(fd, &address.any, sizeof(address)) == 0;
    if (fd >= 0)
        close(fd);
    return bound;
}

/* Returns NULL, or what is missing. */
static const char *enter_network(void)
{
    if (!enter(CLONE_NEWNET | CLONE_NEWNS) ||
        mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0)
        return "network namespaces are not allowed here";
    have_mounts = true;
    if (system(network) < 0 || !has_address(AF_INET, "127.0.0.1") ||
        !has_address(AF_INET, "10.9.0.1"))
        return "a network could not be set up (iproute2 is needed, and veth in the kernel)";
    if (!has_address(AF_INET6, "::1") || !has_address(AF_INET6, "fd00:9::1"))
        return "the kernel has no IPv6";
    return NULL;
}

bool namespace_has_network(const char *suite)
{
    pid_t child;
    int status = -1;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        const char *missing = enter_network();

        if (missing != NULL)
            fprintf(stderr, "%s: skipped: %s\n", suite, missing);
        _exit(missing != NULL);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

void namespace_enter_network(void)
{
    const char *missing = enter_network();

    if (missing != NULL)
        ck_abort_msg("%s", missing);
}

void namespace_shrink_buffers(void)
{
    static const char *const files[] = {"/proc/sys/net/ipv4/tcp_rmem",
                                        "/proc/sys/net/ipv4/tcp_wmem"};

    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(files[i], "w");

        ck_assert_ptr_nonnull(file);
        fputs("4096 4096 4096", file);
        ck_assert_int_eq(fclose(file), 0);
    }
}

bool namespace_replace_file(const char *system_file, const char *path)
{
    if (enter_mounts() && mount(path, system_file, "none", MS_BIND, "") == 0)
        return true;
    fprintf(stderr, "skipped: %s may not be replaced here: %s\n", system_file, strerror(errno));
    return false;
}

bool namespace_mount_tmpfs(const char *path, const char *options)
{
    bool readonly = strcmp(options, "ro") == 0;

    if (enter_mounts() &&
        mount("none", path, "tmpfs", readonly ? MS_RDONLY : 0, readonly ? "" : options) == 0)
        return true;
    fprintf(stderr, "skipped: nothing may be mounted here: %s\n", strerror(errno));
    return false;
}

void namespace_fill_disk(const char *path)
{
    static const char zeros[4096];
    FILE *out = fopen(path, "we");

    ck_assert_ptr_nonnull(out);
    setvbuf(out, NULL, _IONBF, 0);
    while (fwrite(zeros, 1, sizeof(zeros), out) > 0)
        ;
    fclose(out);
}

/* The copy is made elsewhere, and takes its place. */
bool namespace_own_etc(void)
{
    if (enter_mounts() && mount("none", "/mnt", "tmpfs", 0, "") == 0 &&
        system("cp -a /etc/. /mnt/ 2>/dev/null") >= 0 &&
        mount("/mnt", "/etc", "none", MS_MOVE, "") == 0)
        return true;
    fprintf(stderr, "skipped: /etc may not be replaced here: %s\n", strerror(errno));
    return false;
}
