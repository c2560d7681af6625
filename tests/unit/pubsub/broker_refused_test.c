/* What a broker refuses is asked for again, as long as it is wanted. The link is this test's own: it refuses
 * when it is told to. So is the time. */
#include "pubsub/broker.h"
#include "pubsub/broker_int.h"
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "helpers/broker_log.h"

#define SUBJECTS_MAX 2000
#define MANY         1500
#define STEP_MS      250
#define PROMISED_MS  10000 /* from when it is allowed */

struct subject {
    char name[64];
    unsigned asked; /* how often */
    bool there;     /* subscribed to */
    bool waits;     /* for its refusal, which comes with the next answer */
};

/* Under the log's lock, as all that is awaited. */
static struct {
    struct pinion_broker broker;
    struct subject subjects[SUBJECTS_MAX];
    unsigned count;
    const char *denied;            /* what subjects that are refused begin with; NULL: none are */
    unsigned late;                 /* so many answers take too long */
    unsigned batch, largest_batch; /* subscriptions before an answer */
    unsigned told_subscribed, told_refused, told_up, told_down, told_lost;
    uint64_t last_refused; /* the ticket */
    unsigned published;
    unsigned turns; /* of the broker's thread, while it is connected */
} fake;

/* ---- time ---- */

static atomic_uint_fast64_t now_ms = 1000000;

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_MONOTONIC)
        return __real_clock_gettime(clock, out);
    *out = (struct timespec){ (time_t)(now_ms / 1000), (long)(now_ms % 1000) * 1000000 };
    return 0;
}

static void begin_change(void)
{
    pthread_mutex_lock(&lock);
}

static void end_change(void)
{
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* ---- the link ---- */

static struct subject *find(const char *name)
{
    for (unsigned i = 0; i < fake.count; i++) {
        if (strcmp(fake.subjects[i].name, name) == 0)
            return &fake.subjects[i];
    }
    assert_true(fake.count < SUBJECTS_MAX && strlen(name) < sizeof fake.subjects[0].name);
    struct subject *made = &fake.subjects[fake.count++];
    memset(made, 0, sizeof *made);
    strcpy(made->name, name);
    return made;
}

static bool is_denied(const char *subject)
{
    return fake.denied && strncmp(subject, fake.denied, strlen(fake.denied)) == 0;
}

static int open_link(struct pinion_broker *broker)
{
    begin_change();
    for (unsigned i = 0; i < fake.count; i++)
        fake.subjects[i].there = fake.subjects[i].waits = false;
    end_change();
    return 0;
}

static int subscribe(struct pinion_broker *broker, const char *subject)
{
    begin_change();
    struct subject *found = find(subject);
    found->asked++;
    found->waits = is_denied(subject);
    found->there = !found->waits;
    if (++fake.batch > fake.largest_batch)
        fake.largest_batch = fake.batch;
    end_change();
    return 0;
}

static int unsubscribe(struct pinion_broker *broker, const char *subject)
{
    begin_change();
    find(subject)->there = false;
    end_change();
    return 0;
}

static int publish(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                   const void *bytes, size_t length)
{
    begin_change();
    bool denied = is_denied(subject);
    fake.published += !denied && kind == PINION_SUBJECT_TOPIC;
    end_change();
    if (denied)
        pinion__broker_refused(broker, PINION_BROKER_PUBLISH, subject);
    return 0;
}

static size_t largest(struct pinion_broker *broker)
{
    return 0;
}

static int ask(struct pinion_broker *broker, const char *subject, const void *bytes, size_t length)
{
    return PINION_ENOENT;
}

static int sync_link(struct pinion_broker *broker)
{
    begin_change();
    bool late = fake.late > 0;
    fake.late -= late;
    fake.batch = 0;
    end_change();
    if (late)
        return pinion__broker_explain(broker, PINION_ETIMEDOUT, "late");
    for (unsigned i = 0; i < fake.count; i++) { /* which this thread alone adds to */
        struct subject *subject = &fake.subjects[i];
        if (subject->waits)
            pinion__broker_refused(broker, PINION_BROKER_SUBSCRIBE, subject->name);
        subject->waits = false;
    }
    return 0;
}

static int flush(struct pinion_broker *broker)
{
    return 0;
}

static int wait_for_work(struct pinion_broker *broker, int wake_fd, int timeout_ms)
{
    struct pollfd wake = { .fd = wake_fd, .events = POLLIN };
    begin_change();
    fake.turns++;
    end_change();
    (void)poll(&wake, 1, 1); /* time may have passed */
    return 0;
}

static void close_link(struct pinion_broker *broker)
{
}

static const struct pinion_link_ops link_ops = {
    .name = "fake",
    .open = open_link,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
    .largest = largest,
    .ask = ask,
    .sync = sync_link,
    .flush = flush,
    .wait = wait_for_work,
    .close = close_link,
    .free = close_link,
};

/* ---- the core ---- */

static void on_received(void *core, const void *bytes, size_t length)
{
}

static void on_subscribed(void *core, const char *topic, uint64_t ticket)
{
    begin_change();
    fake.told_subscribed++;
    end_change();
}

static void on_refused(void *core, const char *topic, uint64_t ticket)
{
    begin_change();
    fake.told_refused++;
    fake.last_refused = ticket;
    end_change();
}

static void on_connection(void *core, bool up, const char *detail)
{
    begin_change();
    fake.told_up += up;
    fake.told_down += !up;
    end_change();
}

static void on_lost(void *core, size_t count)
{
    begin_change();
    fake.told_lost += (unsigned)count;
    end_change();
}

static void on_node(void *core, const char *node, bool up)
{
}

static const pinion_pubsub_events events = {
    .received = on_received,
    .subscribed = on_subscribed,
    .connection = on_connection,
    .lost = on_lost,
    .refused = on_refused,
    .node = on_node,
};

/* ---- what tests do ---- */

static pinion_pubsub_adapter *adapter;

static int begin(void **state)
{
    char why[256] = "";
    keep_log();
    memset(&fake, 0, sizeof fake);
    fake.broker.link = &link_ops;
    assert_int_equal(pinion__broker_init(&fake.broker, "redis://h?topics=1&node=n", 1), 0);
    adapter = &fake.broker.base;
    assert_int_equal(adapter->ops->start(adapter, &events, NULL, why, sizeof why), 0);
    return 0;
}

static int finish(void **state)
{
    adapter->ops->stop(adapter);
    adapter->ops->free(adapter);
    pinion_log_set_function(NULL, NULL);
    return 0;
}

static void deny(const char *beginning)
{
    begin_change();
    fake.denied = beginning;
    end_change();
}

static void answer_late(unsigned times)
{
    begin_change();
    fake.late = times;
    end_change();
}

static void await_count(const unsigned *count, unsigned n)
{
    struct timespec deadline = in_patience();
    int rc = 0;
    pthread_mutex_lock(&lock);
    while (*count < n && rc == 0)
        rc = pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &deadline);
    pthread_mutex_unlock(&lock);
    assert_int_equal(rc, 0);
}

/* The thread takes note of each step: in the first of two turns it may have looked at the clock before. */
static void pass(uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += STEP_MS) {
        pthread_mutex_lock(&lock);
        unsigned turns = fake.turns;
        pthread_mutex_unlock(&lock);
        now_ms += STEP_MS;
        await_count(&fake.turns, turns + 2);
    }
}

/* Time passes until it is so, however long it takes the thread. */
static void pass_until(const unsigned *count, unsigned n)
{
    struct timespec deadline = in_patience(), soon = { 0 };
    pthread_mutex_lock(&lock);
    while (*count < n && soon.tv_sec <= deadline.tv_sec) {
        now_ms += STEP_MS;
        pinion__broker_wake(&fake.broker);
        clock_gettime(CLOCK_MONOTONIC_COARSE, &soon); /* the real one */
        soon.tv_nsec += 5000000;
        soon.tv_sec += soon.tv_nsec / 1000000000;
        soon.tv_nsec %= 1000000000;
        (void)pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &soon);
    }
    bool enough = *count >= n;
    pthread_mutex_unlock(&lock);
    assert_true(enough);
}

static unsigned asked(const char *subject)
{
    pthread_mutex_lock(&lock);
    unsigned count = find(subject)->asked;
    pthread_mutex_unlock(&lock);
    return count;
}

static bool is_there(const char *subject)
{
    pthread_mutex_lock(&lock);
    bool there = find(subject)->there;
    pthread_mutex_unlock(&lock);
    return there;
}

static void ask_for(const char *topic, uint64_t ticket)
{
    assert_int_equal(adapter->ops->subscribe(adapter, topic, ticket), 0);
}

/* ---- the tests ---- */

static void a_topic_is_asked_for_until_it_is_allowed(void **state)
{
    deny("pinion.topic.");
    ask_for("", 1); /* a name of its own in a subject */
    await_count(&fake.told_refused, 1);
    assert_int_equal(fake.last_refused, 1);
    pass(60000);
    assert_in_range(asked("pinion.topic.%"), 8, 16); /* less and less often */
    assert_int_equal(fake.told_refused, asked("pinion.topic.%"));
    assert_int_equal(fake.last_refused, 0); /* nobody waits for that */
    assert_int_equal(count_logged("lets this user"), 0);
    deny(NULL);
    pass(PROMISED_MS);
    assert_true(is_there("pinion.topic.%"));
    assert_int_equal(fake.told_refused, asked("pinion.topic.%") - 1);
    assert_int_equal(count_logged("lets this user subscribe to what it had refused"), 1);
    assert_int_equal(fake.told_subscribed, 0);
    assert_int_equal(fake.told_down, 0);
    assert_in_range(count_logged("does not let this user"), 1, 2); /* in a minute */
    unsigned times = asked("pinion.topic.%");
    pass(60000);
    assert_int_equal(asked("pinion.topic.%"), times);
}

/* Whoever joins a topic is refused, and then it is not wanted any more. Nothing is kept of it. */
static void a_topic_that_nobody_wants_is_not_asked_for(void **state)
{
    struct pinion_broker_state *of = fake.broker.state;
    char topic[32];
    deny("pinion.topic.");
    for (unsigned i = 1; i <= 100; i++) {
        snprintf(topic, sizeof topic, "t%u", i);
        ask_for(topic, i);
        await_count(&fake.told_refused, i);
        adapter->ops->unsubscribe(adapter, topic);
    }
    ask_for("wanted", 101);
    await_count(&fake.told_refused, 101);
    pinion__lock(&of->refusing);
    assert_int_equal(of->refused.map.count, 1);
    pinion__unlock(&of->refusing);
    pass(20000);
    assert_int_equal(asked("pinion.topic.t1"), 1);
    assert_in_range(asked("pinion.topic.wanted"), 3, 10);
}

/* Its subscription begins and ends at once, so that it is refused when it is not wanted any more. */
static void one_that_was_wanted_for_a_moment_is_forgotten(void **state)
{
    struct pinion_broker_state *of = fake.broker.state;
    pinion__broker_refused(&fake.broker, PINION_BROKER_SUBSCRIBE, "pinion.topic.gone");
    pass(5000);
    pinion__lock(&of->refusing);
    assert_int_equal(of->refused.map.count, 0);
    pinion__unlock(&of->refusing);
    assert_int_equal(asked("pinion.topic.gone"), 0);
    assert_int_equal(count_logged("lets this user"), 0);
}

/* A broker that answers too late is taken to be away, and nobody waits for it. What it says then counts. */
static void a_refusal_that_comes_late_is_told(void **state)
{
    deny("pinion.topic.");
    answer_late(1);
    ask_for("a", 1);
    await_count(&fake.told_refused, 1);
    assert_int_equal(fake.told_subscribed, 1);
    assert_int_equal(fake.last_refused, 0);
    deny(NULL);
    pass(PROMISED_MS);
    assert_true(is_there("pinion.topic.a"));
    assert_int_equal(fake.told_subscribed, 1);
}

/* So it is with NATS, whose settings may change while it runs. */
static void without_what_it_needs_a_node_is_cut_off(void **state)
{
    deny("pinion.all");
    pinion__broker_refused(&fake.broker, PINION_BROKER_SUBSCRIBE, "pinion.all");
    pass_until(&fake.told_down, 3); /* it does not come back */
    assert_int_equal(fake.told_up, 1);
    deny(NULL);
    pass_until(&fake.told_up, 2);
    assert_true(is_there("pinion.all"));
}

static bool each_is_there(void)
{
    char subject[32];
    for (unsigned i = 1; i <= MANY; i++) {
        snprintf(subject, sizeof subject, "pinion.topic.t%u", i);
        if (!is_there(subject))
            return false;
    }
    return true;
}

/* They are not asked for all at once, but each has its turn, though one time has begun before all are there.
 */
static void many_are_asked_for_in_turn(void **state)
{
    char topic[32];
    deny("pinion.topic.");
    for (unsigned i = 1; i <= MANY; i++) {
        snprintf(topic, sizeof topic, "t%u", i);
        ask_for(topic, i);
    }
    await_count(&fake.told_refused, MANY);
    begin_change();
    fake.largest_batch = 0;
    end_change();
    pass(20000);
    assert_int_equal(fake.largest_batch, 1000);
    for (unsigned i = 1; i <= MANY; i++) {
        snprintf(topic, sizeof topic, "pinion.topic.t%u", i);
        assert_in_range(asked(topic), 2, 10);
    }
    deny("pinion.topic.t1500"); /* one stays refused */
    pass(PROMISED_MS);
    deny(NULL);
    assert_false(each_is_there());
    pass(PROMISED_MS);
    assert_true(each_is_there());
}

/* Each message is asked for by itself. */
static void what_may_be_published_again_is(void **state)
{
    deny("pinion.topic.");
    assert_int_equal(adapter->ops->broadcast(adapter, "a", "hello", 5), 0);
    await_count(&fake.told_lost, 1);
    deny(NULL);
    assert_int_equal(adapter->ops->broadcast(adapter, "a", "hello", 5), 0);
    await_count(&fake.published, 1);
    assert_int_equal(fake.told_lost, 1);
    assert_int_equal(fake.told_down, 0);
}

/* Each is said, however soon one comes after the other; and before what is lost by it. */
static void what_may_not_be_published_is_named(void **state)
{
    deny("pinion.topic.a");
    ask_for("a", 1);
    await_logged("let this user subscribe to pinion.topic.a");
    assert_int_equal(adapter->ops->broadcast(adapter, "a", "hello", 5), 0);
    await_count(&fake.told_lost, 1);
    assert_int_equal(count_logged("let this user publish to pinion.topic.a"), 1);
    assert_int_equal(adapter->ops->broadcast(adapter, "a", "hello", 5), 0);
    await_count(&fake.told_lost, 2);
    assert_int_equal(count_logged("let this user publish to"), 1); /* once a minute */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_topic_is_asked_for_until_it_is_allowed),
        TEST(a_topic_that_nobody_wants_is_not_asked_for),
        TEST(one_that_was_wanted_for_a_moment_is_forgotten),
        TEST(a_refusal_that_comes_late_is_told),
        TEST(without_what_it_needs_a_node_is_cut_off),
        TEST(many_are_asked_for_in_turn),
        TEST(what_may_be_published_again_is),
        TEST(what_may_not_be_published_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
