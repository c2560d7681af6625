#include "engine/hub.h"
#include "engine/mount.h"
#include "engine/socket_class.h"
#include "proto/serializer.h"
#include <pinion/transport.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct pinion_mount mounts[2];
static const pinion_transport transports[2];
static const pinion_serializer serializers[2];

/* Sockets that have all three in common share one. */
static void there_is_one_for_each_combination(void **state)
{
    static struct pinion_shard shard;
    const struct pinion_socket_class *classes[8];
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 8; i++) {
            const struct pinion_socket_class *class =
                pinion__socket_class(&shard, &mounts[i & 1], &transports[i >> 1 & 1], &serializers[i >> 2]);
            assert_ptr_equal(class->mount, &mounts[i & 1]);
            assert_ptr_equal(class->transport, &transports[i >> 1 & 1]);
            assert_ptr_equal(class->serializer, &serializers[i >> 2]);
            if (round > 0)
                assert_ptr_equal(class, classes[i]);
            for (unsigned other = 0; round == 0 && other < i; other++)
                assert_ptr_not_equal(class, classes[other]);
            classes[i] = class;
        }
    }
    const struct pinion_socket_class *raw = pinion__socket_class(&shard, &mounts[0], &transports[0], NULL);
    assert_null(raw->serializer);
    assert_ptr_equal(pinion__socket_class(&shard, &mounts[0], &transports[0], NULL), raw);
    pinion__socket_class_release_all(&shard);
    assert_null(shard.classes);
}

static void each_loop_has_its_own(void **state)
{
    static struct pinion_shard shards[2];
    const struct pinion_socket_class *one =
        pinion__socket_class(&shards[0], &mounts[0], &transports[0], NULL);
    assert_ptr_not_equal(pinion__socket_class(&shards[1], &mounts[0], &transports[0], NULL), one);
    pinion__socket_class_release_all(&shards[0]);
    pinion__socket_class_release_all(&shards[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_for_each_combination),
        cmocka_unit_test(each_loop_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
