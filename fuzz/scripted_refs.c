#include "scripted_refs.h"
#include "elsewhere.h"
#include "scripted_channel.h"

static struct {
    pinion_ref *ref; /* NULL: none */
    bool orphan;     /* its endpoint has gone */
    bool away;       /* it was used on the other thread: one thread at a time may use it */
} refs[SCRIPT_REFS];
static unsigned next_ref;

/* ---- using one ---- */

static void destroy_data(void *data)
{
    atomic_fetch_add_explicit(&scripted_counts.data_destroyed, 1, memory_order_relaxed);
    free(data);
}

static int send_data(const pinion_ref *ref)
{
    void *data = allocate(1);
    atomic_fetch_add_explicit(&scripted_counts.data_sent, 1, memory_order_relaxed);
    return pinion_ref_send_data(ref, "data", data, destroy_data);
}

int scripted_use(pinion_ref *ref, char letter, const char *script)
{
    switch (letter) {
    case 'a':
        return pinion_ref_send(ref, "sent", scripted_payload(script));
    case 'b':
        return send_data(ref);
    case 'c':
        return pinion_ref_reply(ref, "ok", scripted_payload(script));
    case 'd':
        return pinion_ref_answer(ref, pinion_ok(NULL));
    default:
        return pinion_ref_answer(ref, scripted_result(letter));
    }
}

/* The possible results: nothing is accepted if nobody can be reached. */
static void check_outcome(int rc, bool orphan)
{
    REQUIRE(rc == 0 || rc == PINION_ECLOSED || rc == PINION_EINVAL || rc == PINION_EPAYLOAD ||
            rc == PINION_ENOTSUP || rc == PINION_ENOMEM);
    REQUIRE(rc != PINION_ENOMEM || scripted_short());
    REQUIRE(rc != PINION_ECLOSED || orphan);
}

struct use {
    pinion_ref *ref;
    bool orphan;
    char letter;
    char script[SCRIPT_MAX + 1];
};

static void use(void *data)
{
    const struct use *use = data;
    check_outcome(scripted_use(use->ref, use->letter, use->script), use->orphan);
}

static void take_back(unsigned index)
{
    if (refs[index].away)
        elsewhere_take_back();
    refs[index].away = false;
}

void scripted_use_ref(unsigned index, char letter, const char *script, bool there)
{
    struct use one = { refs[index].ref, refs[index].orphan, letter, "" };
    if (!one.ref)
        return;
    snprintf(one.script, sizeof one.script, "%s", script);
    if (there) {
        refs[index].away = true;
        elsewhere(use, &one, sizeof one);
    } else {
        take_back(index);
        use(&one);
    }
}

/* ---- keeping them ---- */

static void free_there(void *data)
{
    pinion_ref_free(*(pinion_ref **)data);
}

void scripted_free_ref(unsigned index)
{
    pinion_ref *ref = refs[index].ref;
    refs[index].ref = NULL;
    elsewhere(free_there, &ref, sizeof ref);
}

static void drop_ref(unsigned index)
{
    take_back(index);
    if (refs[index].ref)
        (void)pinion_ref_answer(refs[index].ref, pinion_ok(NULL));
    pinion_ref_free(refs[index].ref);
    refs[index].ref = NULL;
}

void scripted_keep_ref(pinion_ref *ref)
{
    REQUIRE(ref || scripted_short());
    if (!ref)
        return;
    drop_ref(next_ref);
    refs[next_ref].ref = ref;
    refs[next_ref].orphan = refs[next_ref].away = false;
    next_ref = (next_ref + 1) % SCRIPT_REFS;
}

bool scripted_drop_refs(void)
{
    bool any = false;
    for (unsigned i = 0; i < SCRIPT_REFS; i++) {
        any = any || refs[i].ref;
        drop_ref(i);
    }
    return any;
}

void scripted_refs_outlive(void)
{
    for (unsigned i = 0; i < SCRIPT_REFS; i++)
        refs[i].orphan = true;
}
