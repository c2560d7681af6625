#include "io/peer.h"
#include <arpa/inet.h>
#include <string.h>

bool pinion__peer_of(const struct pinion_conn *conn, uint8_t address[16], uint16_t *port)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    const struct sockaddr_in *in = (const struct sockaddr_in *)&storage;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&storage;
    pinion__conn_peer(conn, &storage, &len);
    if (storage.ss_family == AF_INET) {
        memcpy(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
        memcpy(address + 12, &in->sin_addr, 4);
        *port = ntohs(in->sin_port);
    } else if (storage.ss_family == AF_INET6) {
        memcpy(address, &in6->sin6_addr, 16);
        *port = ntohs(in6->sin6_port);
    }
    return storage.ss_family == AF_INET || storage.ss_family == AF_INET6;
}

void pinion__peer_network(uint8_t address[16])
{
    struct in6_addr in6;
    memcpy(&in6, address, sizeof in6);
    if (!IN6_IS_ADDR_V4MAPPED(&in6))
        memset(address + 8, 0, 8);
}

void pinion__peer_text(const uint8_t address[16], char text[INET6_ADDRSTRLEN])
{
    struct in6_addr in6;
    memcpy(&in6, address, sizeof in6);
    if (IN6_IS_ADDR_V4MAPPED(&in6))
        inet_ntop(AF_INET, address + 12, text, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

const char *pinion__peer_name(const struct pinion_conn *conn, char text[INET6_ADDRSTRLEN])
{
    uint8_t address[16];
    uint16_t port;
    memcpy(text, "unknown", sizeof "unknown");
    if (pinion__peer_of(conn, address, &port))
        pinion__peer_text(address, text);
    return text;
}
