/* An actor is broken on purpose: its checker tells. */
#include "actor/actor.h"
#include "actor/check.h"
#include "helpers/actor.h"

#include "helpers/checks.h"

static pinion_actor_ref *ref;
static struct pinion_actors_loop *loop;
static struct pinion_shard *shard;

/* An actor with a timer and a subscription. */
static int begin(void **state)
{
    int rc = actor_setup(state);
    ref = opened("a");
    sent(ref, "hello");
    pinion_test_run(test);
    ok(pinion_actor_send_after(last_actor, 1000, "later", NULL, NULL));
    ok(pinion_actor_subscribe(last_actor, "news"));
    shard = last_actor->shard;
    loop = pinion__actors_loop(shard);
    assert_sound(pinion__actors_check(shard));
    return rc;
}

static int end(void **state)
{
    assert_sound(pinion__actors_check(shard));
    pinion_actor_ref_free(ref);
    return teardown(state);
}

static void an_actor(void **state)
{
    struct pinion_actor *actor = last_actor;
    uint8_t life = actor->state_of_life;
    actor->state_of_life = PINION_ACTOR_ENDED;
    assert_tells(pinion__actors_check(shard), "has ended");
    actor->state_of_life = PINION_ACTOR_ENDING;
    assert_tells(pinion__actors_check(shard), "nothing to wait for");
    actor->state_of_life = life;
    actor->extra->timers.count++;
    assert_tells(pinion__actors_check(shard), "timers");
    actor->extra->timers.count--;
    unsigned refs = atomic_exchange(&actor->refs, 0);
    assert_tells(pinion__actors_check(shard), "nobody holds");
    atomic_store(&actor->refs, refs);
}

static void a_queue(void **state)
{
    struct pinion_actor *actor = last_actor;
    sent(ref, "waits");
    assert_sound(pinion__actors_check(shard));
    actor->scheduled = false;
    assert_tells(pinion__actors_check(shard), "nothing is set to take it");
    actor->scheduled = true;
    pinion_test_run(test);
}

static void a_loop(void **state)
{
    size_t count = atomic_exchange(&loop->count, 0);
    assert_tells(pinion__actors_check(shard), "than it has counted");
    atomic_store(&loop->count, count);
    loop->watched.count++;
    assert_tells(pinion__actors_check(shard), "map");
    loop->watched.count--;
    struct pinion_shard *home = last_actor->shard;
    last_actor->shard = NULL;
    assert_tells(pinion__actors_check(shard), "another loop");
    last_actor->shard = home;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_actor),
        TEST(a_queue),
        TEST(a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
