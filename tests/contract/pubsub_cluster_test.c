/* The pubsub contract: without an adapter, and on the cluster in one process. */
#include <pinion/log.h>
#include <pinion/pubsub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/pubsub.h"

static int open_node(void *context, const char *node, pinion_pubsub_adapter **out)
{
    return pinion_cluster_adapter_new(out, context, node);
}

int main(void)
{
    pinion_cluster *firehose = NULL, *by_topic = NULL;
    pinion_log_set_level(PINION_LOG_NONE);
    if (pinion_cluster_new(&firehose, NULL) != 0 ||
        pinion_cluster_new(&by_topic, &(pinion_cluster_options){ .topics = true }) != 0)
        return 1;
    int failed = pubsub_contract_endpoints("local", NULL, NULL);
    failed += pubsub_contract_adapters("cluster", open_node, firehose);
    failed += pubsub_contract_endpoints("cluster, endpoints", open_node, firehose);
    failed += pubsub_contract_adapters("cluster by topic", open_node, by_topic);
    failed += pubsub_contract_endpoints("cluster by topic, endpoints", open_node, by_topic);
    pinion_cluster_free(firehose);
    pinion_cluster_free(by_topic);
    return failed;
}
