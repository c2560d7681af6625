/* A proxy for TCP that can stop forwarding, without closing anything: what a network that has fallen apart
 * looks like from its ends. One thread. Include after cmocka.h. */
#ifndef PINION_TESTS_FREEZING_PROXY_H
#define PINION_TESTS_FREEZING_PROXY_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROXY_PAIRS_MAX 64

struct freezing_proxy {
    pthread_t thread;
    int listener;
    int wake;
    uint16_t port;
    uint16_t target;
    atomic_bool frozen;
    atomic_bool ending;
    int pairs[PROXY_PAIRS_MAX][2];
    unsigned count;
};

static inline struct sockaddr_in proxy_address(uint16_t port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static inline void proxy_accept(struct freezing_proxy *proxy)
{
    struct sockaddr_in address = proxy_address(proxy->target);
    int client = accept(proxy->listener, NULL, NULL);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0 || server < 0 || proxy->count == PROXY_PAIRS_MAX ||
        connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        close(client);
        close(server);
        return;
    }
    proxy->pairs[proxy->count][0] = client;
    proxy->pairs[proxy->count++][1] = server;
}

static inline void proxy_drop(struct freezing_proxy *proxy, unsigned i)
{
    close(proxy->pairs[i][0]);
    close(proxy->pairs[i][1]);
    memcpy(proxy->pairs[i], proxy->pairs[--proxy->count], sizeof proxy->pairs[i]);
}

/* False: the connection is over. */
static inline bool proxy_forward(int from, int to)
{
    char bytes[65536];
    ssize_t n = read(from, bytes, sizeof bytes);
    for (ssize_t done = 0; done < n;) {
        ssize_t m = send(to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);
        if (m <= 0)
            return false;
        done += m;
    }
    return n > 0;
}

static inline void proxy_turn(struct freezing_proxy *proxy)
{
    struct pollfd fds[2 + 2 * PROXY_PAIRS_MAX] = { { .fd = proxy->wake, .events = POLLIN },
                                                   { .fd = proxy->listener, .events = POLLIN } };
    unsigned count = atomic_load(&proxy->frozen) ? 1 : 2 + 2 * proxy->count;
    for (unsigned i = 2; i < count; i++)
        fds[i] = (struct pollfd){ .fd = proxy->pairs[(i - 2) / 2][i % 2], .events = POLLIN };
    (void)poll(fds, count, -1);
    uint64_t wakes;
    if (fds[0].revents && read(proxy->wake, &wakes, sizeof wakes) < 0)
        abort();
    for (unsigned i = count; i-- > 2;) {
        unsigned pair = (i - 2) / 2;
        if (fds[i].revents && pair < proxy->count && proxy->pairs[pair][i % 2] == fds[i].fd &&
            !proxy_forward(fds[i].fd, proxy->pairs[pair][1 - i % 2]))
            proxy_drop(proxy, pair);
    }
    if (count > 1 && fds[1].revents)
        proxy_accept(proxy);
}

static inline void *proxy_run(void *data)
{
    struct freezing_proxy *proxy = data;
    while (!atomic_load(&proxy->ending))
        proxy_turn(proxy);
    while (proxy->count > 0)
        proxy_drop(proxy, 0);
    return NULL;
}

static inline void proxy_start(struct freezing_proxy *proxy, uint16_t target)
{
    struct sockaddr_in address = proxy_address(0);
    socklen_t len = sizeof address;
    memset(proxy, 0, sizeof *proxy);
    proxy->target = target;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    proxy->wake = eventfd(0, EFD_CLOEXEC);
    assert_true(proxy->listener >= 0 && proxy->wake >= 0);
    assert_int_equal(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(proxy->listener, 16), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&address, &len), 0);
    proxy->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&proxy->thread, NULL, proxy_run, proxy), 0);
}

static inline void proxy_wake(struct freezing_proxy *proxy)
{
    uint64_t one = 1;
    assert_int_equal(write(proxy->wake, &one, sizeof one), sizeof one);
}

static inline void proxy_freeze(struct freezing_proxy *proxy, bool frozen)
{
    atomic_store(&proxy->frozen, frozen);
    proxy_wake(proxy);
}

static inline void proxy_end(struct freezing_proxy *proxy)
{
    atomic_store(&proxy->ending, true);
    proxy_wake(proxy);
    pthread_join(proxy->thread, NULL);
    close(proxy->listener);
    close(proxy->wake);
}

#endif
