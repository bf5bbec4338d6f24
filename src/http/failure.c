#include "http/failure.h"

const char *failure_name(enum failure_reason reason)
{
    switch (reason) {
    case FAILURE_NONE: return "none";
    case FAILURE_DNS: return "dns";
    case FAILURE_CONNECT: return "connect";
    case FAILURE_TLS: return "tls";
    case FAILURE_TIMEOUT: return "timeout";
    case FAILURE_CLOSED: return "closed";
    case FAILURE_PROTOCOL: return "protocol";
    case FAILURE_TOO_LARGE: return "too-large";
    case FAILURE_REDIRECT: return "redirect";
    case FAILURE_STATUS: return "status";
    case FAILURE_NO_DELAY: return "no-delay";
    case FAILURE_CANCELED: return "canceled";
    }
    return "unknown";
}
