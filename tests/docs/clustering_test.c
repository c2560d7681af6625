/* The snippets of docs/clustering.md. */
#include <pinion/pinion.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* clang-format off */
static void two_nodes_in_one_process(void **state)
{
    pinion_cluster *cluster = NULL;
    pinion_endpoint_options a = { .host = "127.0.0.1" }, b = { .host = "127.0.0.1" };
    int rc = pinion_cluster_new(&cluster, NULL);
    if (!rc) rc = pinion_cluster_adapter_new(&a.pubsub_adapter, cluster, "a");
    if (!rc) rc = pinion_cluster_adapter_new(&b.pubsub_adapter, cluster, "b");
    /* clang-format on */
    pinion_endpoint *first = NULL, *second = NULL;
    assert_int_equal(rc, 0);
    assert_int_equal(pinion_endpoint_new(&first, &a), 0);
    assert_int_equal(pinion_endpoint_new(&second, &b), 0);
    assert_int_equal(pinion_endpoint_start(first), 0);
    assert_int_equal(pinion_endpoint_start(second), 0);
    pinion_cluster_free(cluster);
    pinion_endpoint_free(first);
    pinion_endpoint_free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(two_nodes_in_one_process) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
