/* The pubsub contract, on a nats-server: with all broadcasts in one place, and by topic. */
#include <pinion/log.h>
#include <pinion/pubsub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/pubsub.h"
#include "helpers/broker.h"
#include "pubsub/adapter.h"

static struct broker_server server;

/* The settings are what comes after the '?'. */
static int open_node(void *context, const char *node, pinion_pubsub_adapter **out)
{
    char url[128];
    const char *settings = context;
    snprintf(url, sizeof url, "nats://127.0.0.1:%u?node=%s&prefix=%s", server.port, node, settings);
    return pinion__adapter_open(url, out);
}

static int run(void)
{
    int failed = pubsub_contract_adapters("nats", open_node, "one");
    failed += pubsub_contract_endpoints("nats, endpoints", open_node, "one");
    failed += pubsub_contract_adapters("nats by topic", open_node, "two&topics=1");
    failed += pubsub_contract_endpoints("nats by topic, endpoints", open_node, "two&topics=1");
    return failed;
}

static void start(void **state)
{
    if (!broker_is_installed(&broker_nats))
        skip();
    broker_start(&server, &broker_nats, NULL);
}

int main(void)
{
    const struct CMUnitTest first[] = { cmocka_unit_test(start) };
    pinion_log_set_level(PINION_LOG_NONE);
    int failed = cmocka_run_group_tests_name("a nats-server", first, NULL, NULL);
    if (server.pid > 0)
        failed += run();
    broker_kill(&server);
    return failed;
}
