/* The command line of the yardsticks, and their listener. */
#include "die.h"
#include "yardstick.h"
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

struct where {
    const char *host;
    unsigned long port;
};

static void read_options(int argc, char **argv, struct where *where)
{
    static const struct option long_options[] = {
        { "port", required_argument, NULL, 'p' },  { "host", required_argument, NULL, 'h' },
        { "loops", required_argument, NULL, 'i' }, { "io", required_argument, NULL, 'i' },
        { "log", required_argument, NULL, 'i' },   { NULL, 0, NULL, 0 },
    };
    int option;
    char *end;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == 'h') {
            where->host = optarg;
        } else if (option == 'p') {
            where->port = strtoul(optarg, &end, 10);
            if (*end || end == optarg || where->port > 65535)
                die("--port: \"%s\" is not a port", optarg);
        } else if (option == '?') {
            exit(2); /* getopt_long has printed why */
        }
    }
    if (optind < argc)
        die("\"%s\" is not an option", argv[optind]);
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int yardstick_listen(int argc, char **argv)
{
    struct where where = { .host = "127.0.0.1" };
    read_options(argc, argv, &where);
    raise_descriptors();

    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)where.port) };
    socklen_t len = sizeof address;
    if (inet_pton(AF_INET, where.host, &address.sin_addr) != 1)
        die("--host: \"%s\" is not an IPv4 address", where.host);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)); /* accepted sockets have it too */
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        die("cannot listen on %s:%lu: %s", where.host, where.port, strerror(errno));
    printf("listening on %s:%u\n", where.host, ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}
