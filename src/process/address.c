#include "process/address.h"
#include "base/log.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
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

int pinion__address_resolve(const char *host, struct pinion_address *addresses, unsigned *count)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    if (rc != 0)
        return pinion__fail(PINION_EINVAL, "cannot listen on \"%s\": %s", host, gai_strerror(rc));
    *count = 0;
    for (const struct addrinfo *one = found; one && *count < PINION_ADDRESSES; one = one->ai_next) {
        struct pinion_address *address = &addresses[(*count)++];
        memcpy(&address->storage, one->ai_addr, one->ai_addrlen);
        address->len = one->ai_addrlen;
    }
    freeaddrinfo(found);
    return 0;
}

int pinion__address_of(int fd, struct pinion_address *address)
{
    address->len = sizeof address->storage;
    return getsockname(fd, (struct sockaddr *)&address->storage, &address->len) == 0 ? 0 : PINION_EIO;
}

/* The port has the same place in both families. */
uint16_t pinion__address_port(const struct pinion_address *address)
{
    if (address->storage.ss_family != AF_INET && address->storage.ss_family != AF_INET6)
        return 0;
    return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
}

void pinion__address_set_port(struct pinion_address *address, uint16_t port)
{
    ((struct sockaddr_in *)&address->storage)->sin_port = htons(port);
}

bool pinion__address_same_host(const struct pinion_address *one, const struct pinion_address *other)
{
    if (one->storage.ss_family != other->storage.ss_family)
        return false;
    if (one->storage.ss_family == AF_INET)
        return ((const struct sockaddr_in *)&one->storage)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)&other->storage)->sin_addr.s_addr;
    if (one->storage.ss_family == AF_INET6)
        return IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)&one->storage)->sin6_addr,
                                  &((const struct sockaddr_in6 *)&other->storage)->sin6_addr);
    return false;
}

/* An abstract name begins with a zero byte and may have no terminator. A socket without a name has no
 * bytes. */
static void unix_text(const struct pinion_address *address, char *text, size_t size)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)&address->storage;
    size_t len = address->len > offsetof(struct sockaddr_un, sun_path)
                     ? address->len - offsetof(struct sockaddr_un, sun_path)
                     : 0;
    if (len > 0 && name->sun_path[0] == '\0')
        snprintf(text, size, "unix:@%.*s", (int)len - 1, name->sun_path + 1);
    else
        snprintf(text, size, "unix:%.*s", (int)len, name->sun_path);
}

const char *pinion__address_text(const struct pinion_address *address, char text[PINION_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = pinion__address_port(address);
    switch (address->storage.ss_family) {
    case AF_INET:
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&address->storage)->sin_addr, host, sizeof host);
        snprintf(text, PINION_ADDRESS_TEXT, "%s:%u", host, port);
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&address->storage)->sin6_addr, host, sizeof host);
        snprintf(text, PINION_ADDRESS_TEXT, "[%s]:%u", host, port);
        break;
    case AF_UNIX:
        unix_text(address, text, PINION_ADDRESS_TEXT);
        break;
    default:
        snprintf(text, PINION_ADDRESS_TEXT, "an address of family %d", address->storage.ss_family);
        break;
    }
    return text;
}
