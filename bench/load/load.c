#include "load.h"
#include "die.h"
#include <string.h>

#define PATIENCE    (30 * NS_PER_SECOND)
#define AT_THE_SAME 256 /* clients that load_join has connecting and joining at a time */

/* ---- turns ---- */

/* Handle the completions that are there now. Others come later than load->now, and are for the next turn. */
static void handle_completions(struct load *load)
{
    unsigned count = ring_ready(&load->ring);
    if (count > 0)
        load->heard = load->now;
    while (count-- > 0) {
        struct io_uring_cqe cqe;
        ring_take(&load->ring, &cqe);
        client_completed(load, &cqe);
    }
}

void load_turn(struct load *load, uint64_t until)
{
    uint64_t now = clock_ns();
    uint64_t turn = now - load->now;
    if (turn > load->longest_turn)
        load->longest_turn = turn;
    ring_wait(&load->ring, until > now ? until - now : 0);
    load->now = clock_ns();
    handle_completions(load);
    if (load->now > load->heard + PATIENCE)
        die("the server has sent nothing for %llu seconds", PATIENCE / NS_PER_SECOND);
}

void load_run_until(struct load *load, uint64_t until)
{
    while (load->now < until)
        load_turn(load, until);
}

/* ---- joining ---- */

void load_make(struct load *load, size_t clients, unsigned topics)
{
    load->clients = must_calloc(clients, sizeof *load->clients);
    load->client_count = clients;
    for (size_t i = 0; i < clients; i++)
        load->clients[i].load = load;
    load->conversations = must_calloc(topics, sizeof *load->conversations);
    load->conversation_count = topics;
    for (unsigned i = 0; i < topics; i++)
        conversation_init(&load->conversations[i], load->dialect, i, load->options.payload);
}

struct joining {
    size_t started;
    size_t joined;
};

static void on_joined(struct client *client)
{
    struct joining *joining = client->load->state;
    client->expected = &client->conversation->delivery;
    joining->joined++;
}

static void on_received_early(struct client *client, uint64_t number)
{
    die("message %llu came before anybody sent one", (unsigned long long)number);
}

static void on_gone(struct client *client, const char *why)
{
    die("client %td of %zu: %s", client - client->load->clients, client->load->client_count,
        why ? why : "it is gone");
}

void load_join(struct load *load, size_t first, size_t count, unsigned topic, unsigned topics)
{
    static const struct client_events events = { .joined = on_joined,
                                                 .received = on_received_early,
                                                 .gone = on_gone };
    struct joining joining = { 0 };
    const struct client_events *scenarios_events = load->events;
    void *scenarios_state = load->state;
    load->events = &events;
    load->state = &joining;
    while (joining.joined < count) {
        for (; joining.started < count && joining.started - joining.joined < AT_THE_SAME; joining.started++) {
            unsigned own = topic + (unsigned)(joining.started % topics);
            client_start(&load->clients[first + joining.started], &load->conversations[own], own);
        }
        load_turn(load, load->now + NS_PER_SECOND);
    }
    load->events = scenarios_events;
    load->state = scenarios_state;
}
