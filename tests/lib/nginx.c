#include "nginx.h"

#include "bytes.h"

/* 'user' is only for root; it lets the worker read the rig's directory, which is root's then. */
#define MAIN                                                                                       \
    "daemon off;\n"                                                                                \
    "user root;\n"                                                                                 \
    "pid @DIR@/nginx.pid;\n"                                                                       \
    "error_log stderr notice;\n"                                                                   \
    "worker_processes 1;\n"                                                                        \
    "worker_shutdown_timeout 5s;\n"                                                                \
    "events {}\n"

#define HTTP                                                                                       \
    "  access_log @DIR@/access.log;\n"                                                             \
    "  client_body_temp_path @DIR@/body;\n"                                                        \
    "  proxy_temp_path @DIR@/proxy;\n"                                                             \
    "  fastcgi_temp_path @DIR@/fastcgi;\n"                                                         \
    "  uwsgi_temp_path @DIR@/uwsgi;\n"                                                             \
    "  scgi_temp_path @DIR@/scgi;\n"                                                               \
    "  default_type text/plain;\n"                                                                 \
    "  root @DIR@;\n"

void nginx_configure(struct peer *nginx, const char *http)
{
    struct bytes conf = {0};

    bytes_print(&conf, MAIN "http {\n" HTTP "%s}\n", http);
    peer_write(nginx, "nginx.conf", conf.data);
    bytes_finish(&conf);
}

void nginx_run(struct peer *nginx)
{
    peer_start(nginx, "nginx", "-e", "stderr", "-c", "@DIR@/nginx.conf", NULL);
}

struct peer *nginx_start(const char *http)
{
    struct peer *nginx = peer_new(rig);

    peer_write(nginx, "parts",
               "<!--#set var=\"pace\" value=\"0.02\"--><!--#echo var=\"pace\"-->\n");
    nginx_configure(nginx, http);
    nginx_run(nginx);
    return nginx;
}
