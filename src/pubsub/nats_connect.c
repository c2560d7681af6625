/* The library does not say on which descriptor it waits. So the descriptors of this process that lead to the
 * server are listed before it connects, and again when it has taken too long. New ones are shut down, and the
 * library finds that the server has closed them. */
#include "pubsub/nats_connect.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/thread.h"
#include "pubsub/broker.h"
#include <dirent.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PATIENCE_MS (2 * PINION_BROKER_PATIENCE_MS)
#define AGAIN_MS    1000
#define FDS_MAX     64 /* to one server */

struct fds {
    int list[FDS_MAX];
    size_t count;
};

struct watch {
    struct pinion_lock lock; /* guards what follows */
    pthread_cond_t changed;
    bool over;
    bool cut_short;
    struct addrinfo *server;
    struct fds before;
};

/* ---- descriptors ---- */

static bool leads_to(int fd, const struct addrinfo *server)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
        return false;
    for (; server; server = server->ai_next) {
        if (server->ai_addrlen == len && memcmp(server->ai_addr, &peer, len) == 0)
            return true;
    }
    return false;
}

static bool has(const struct fds *fds, int fd)
{
    for (size_t i = 0; i < fds->count; i++) {
        if (fds->list[i] == fd)
            return true;
    }
    return false;
}

/* List the descriptors to the server that are not among `known`. */
static void list_fds(const struct addrinfo *server, const struct fds *known, struct fds *out)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;
    out->count = 0;
    while (directory && out->count < FDS_MAX && (entry = readdir(directory))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (!has(known, fd) && leads_to(fd, server))
            out->list[out->count++] = fd;
    }
    if (directory)
        closedir(directory);
}

/* ---- watching ---- */

/* If another part of the process has begun a connection to the same server in this time, it is shut down too,
 * and must be made anew. Adapters of this kind do that. */
static void cut_short(struct watch *watch)
{
    struct fds fds;
    list_fds(watch->server, &watch->before, &fds);
    for (size_t i = 0; i < fds.count; i++)
        (void)shutdown(fds.list[i], SHUT_RDWR);
    watch->cut_short = true;
}

/* The caller holds the lock. */
static void wait_until_over(struct watch *watch, uint64_t ms)
{
    struct timespec deadline = pinion__clock_in_ms(ms);
    int rc = 0;
    while (!watch->over && rc == 0)
        rc = pinion__lock_wait_until(&watch->lock, &watch->changed, &deadline);
}

/* If the library has not begun to connect because the name server is slow, it is cut short later. */
static void *run(void *data)
{
    struct watch *watch = data;
    pinion__lock(&watch->lock);
    wait_until_over(watch, PATIENCE_MS);
    while (!watch->over) {
        cut_short(watch);
        wait_until_over(watch, AGAIN_MS);
    }
    pinion__unlock(&watch->lock);
    return NULL;
}

static void end_watch(struct watch *watch, pthread_t thread)
{
    pinion__lock(&watch->lock);
    watch->over = true;
    pthread_cond_signal(&watch->changed);
    pinion__unlock(&watch->lock);
    pthread_join(thread, NULL);
}

static natsStatus connect_watched(struct watch *watch, natsConnection **out, natsOptions *options)
{
    pthread_t thread;
    if (pinion__thread_start(&thread, run, watch) != 0)
        return NATS_NO_MEMORY;
    natsStatus status = natsConnection_Connect(out, options);
    end_watch(watch, thread);
    return status != NATS_OK && watch->cut_short ? NATS_TIMEOUT : status;
}

/* If a name is not found, the library reports it. */
natsStatus pinion__nats_connect(natsConnection **out, natsOptions *options,
                                const struct pinion_broker_url *url)
{
    struct watch watch = { .over = false };
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    char port[8];
    snprintf(port, sizeof port, "%u", url->port);
    if (getaddrinfo(url->host, port, &hints, &watch.server) != 0)
        return natsConnection_Connect(out, options);
    pinion__lock_init(&watch.lock, PINION_RANK_CONNECTING);
    pinion__condition_init(&watch.changed);
    list_fds(watch.server, &(struct fds){ .count = 0 }, &watch.before);
    natsStatus status = connect_watched(&watch, out, options);
    freeaddrinfo(watch.server);
    pthread_cond_destroy(&watch.changed);
    pinion__lock_destroy(&watch.lock);
    return status;
}
