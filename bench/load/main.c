/* The load generator: see `load --help`. bench/README.md says what its figures mean. */
#include "die.h"
#include "handshake.h"
#include "load.h"
#include "report.h"
#include "scenario.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define SMALL_MESSAGE 2048

const struct scenario *const scenarios[] = {
    &scenario_fanout, &scenario_echo, &scenario_connect, &scenario_idle, &scenario_churn,
    &scenario_mixed,  NULL,
};

static void run_on(int cpu)
{
    cpu_set_t set;
    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("cannot run on processor %d: %s", cpu, strerror(errno));
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A buffer has room for a message, so that each message is one completion. All buffers together stay near the
 * cache's size. */
static struct ring_options ring_for(const struct options *options)
{
    struct ring_options ring = { .sqes = 4096, .cqes = 65536, .buffer_size = 4096, .buffer_count = 1024 };
    if (options->payload * options->burst > SMALL_MESSAGE) {
        ring.buffer_size = 65536;
        ring.buffer_count = 128;
    }
    return ring;
}

static void start(struct load *load)
{
    const struct options *options = &load->options;
    struct ring_options ring_options = ring_for(options);
    int rc = ring_open(&load->ring, &ring_options);
    if (rc)
        die("no io_uring here: %s", strerror(-rc));
    load->dialect = dialect_find(options->dialect);
    load->address.sin_family = AF_INET;
    load->address.sin_port = htons(options->port);
    inet_pton(AF_INET, options->host, &load->address.sin_addr);
    load->request = handshake_request(load->dialect->path, options->host, options->port);
    load->now = load->heard = clock_ns();
}

static void stop(struct load *load)
{
    ring_close(&load->ring);
    for (unsigned i = 0; load->conversations && i < load->conversation_count; i++)
        conversation_release(&load->conversations[i]);
    for (size_t i = 0; i < load->client_count; i++)
        client_release(&load->clients[i]);
    free(load->conversations);
    free(load->clients);
    free(load->request);
}

int main(int argc, char **argv)
{
    struct load load = { 0 };
    options_read(argc, argv, &load.options);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1UL);
    raise_descriptors();
    run_on(load.options.cpu);
    start(&load);
    load.options.scenario->run(&load);
    report_finish(&load);
    stop(&load);
    return 0;
}
