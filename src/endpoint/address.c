#include "endpoint/address.h"
#include "base/log.h"
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool have_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    bool works = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
    if (fd >= 0)
        close(fd);
    return works;
}

void pinion__address_any(struct pinion_address *address)
{
    memset(address, 0, sizeof *address);
    if (have_ipv6()) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;
        in6->sin6_family = AF_INET6;
        in6->sin6_addr = in6addr_any;
        address->len = sizeof *in6;
    } else {
        struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = htonl(INADDR_ANY);
        address->len = sizeof *in;
    }
}

int pinion__address_resolve(const char *host, struct pinion_address *address)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    if (rc != 0)
        return pinion__fail(PINION_EINVAL, "cannot listen on \"%s\": %s", host, gai_strerror(rc));
    memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
    address->len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

int pinion__address_of(int fd, struct pinion_address *address)
{
    address->len = sizeof address->storage;
    return getsockname(fd, (struct sockaddr *)&address->storage, &address->len) == 0 ? 0 : PINION_EIO;
}

/* The port is at the same place for both families. */
uint16_t pinion__address_port(const struct pinion_address *address)
{
    return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
}

void pinion__address_set_port(struct pinion_address *address, uint16_t port)
{
    ((struct sockaddr_in *)&address->storage)->sin_port = htons(port);
}
