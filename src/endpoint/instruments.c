#include "endpoint/instruments.h"
#include "base/hash.h"
#include "base/held.h"
#include "base/misuse.h"
#include "base/quote.h"
#include "base/slice.h"
#include "endpoint/endpoint.h"
#include "proto/utf8.h"
#include <pinion/metrics.h>
#include <stdlib.h>

#define NAME_MAX_LEN 200
#define TEXT_MAX     1000
#define LABELS_MAX   16
#define CELLS        8
#define LINE         64

struct pinion_instrument {
    struct pinion_instrument *next;
    char *name;
    char *help;
    uint64_t name_hash;   /* with the next one, so that most others are told apart at once */
    uint64_t labels_hash; /* whatever their order */
    struct pinion_exposition_label labels[LABELS_MAX + 1];
    bool gauge;
};

struct cell {
    _Alignas(LINE) atomic_uint_fast64_t count;
};

struct pinion_counter {
    struct pinion_instrument instrument;
    struct cell cells[CELLS];
};

struct pinion_gauge {
    struct pinion_instrument instrument;
    _Atomic double value;
};

/* ---- names ---- */

static bool is_name(const char *name, bool colons)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        bool digit = name[i] >= '0' && name[i] <= '9';
        if (!strchr(letters, name[i]) && !(digit && i > 0) && !(name[i] == ':' && colons))
            return false;
    }
    return len > 0 && len <= NAME_MAX_LEN;
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static bool begins_with(const char *name, const char *start)
{
    return strncmp(name, start, strlen(start)) == 0;
}

static int check_name(const char *name, bool gauge)
{
    const char *wrong = NULL;
    if (!is_name(name, true))
        wrong = "it has 1 to 200 of a-z, A-Z, 0-9, _ and :, and begins with no digit";
    else if (begins_with(name, "pinion_") || begins_with(name, "process_"))
        wrong = "names with pinion_ and process_ are the library's";
    else if (!gauge && !ends_with(name, "_total"))
        wrong = "the name of a counter ends with _total";
    else if (gauge && (ends_with(name, "_total") || ends_with(name, "_bucket") || ends_with(name, "_sum") ||
                       ends_with(name, "_count")))
        wrong = "_total is for counters, and _bucket, _sum and _count are for histograms";
    return wrong ? pinion__fail(PINION_EINVAL, "name %s: %s", PINION_QUOTE(pinion__slice_str(name)), wrong)
                 : 0;
}

static bool is_text(const char *text)
{
    size_t len = strlen(text);
    return len <= TEXT_MAX && pinion__utf8_valid(text, len);
}

static int check_label(const pinion_label *labels, size_t at)
{
    const pinion_label *label = &labels[at];
    bool twice = false;
    for (size_t i = 0; i < at; i++)
        twice |= strcmp(labels[i].name, label->name) == 0;
    const char *wrong = !is_name(label->name, false) || begins_with(label->name, "__")
                            ? "its name has 1 to 200 of a-z, A-Z, 0-9 and _, and begins with no digit or __"
                        : twice                                   ? "it is there twice"
                        : at >= LABELS_MAX                        ? "there are more than 16"
                        : !label->value || !is_text(label->value) ? "its value is UTF-8 of up to 1000 bytes"
                                                                  : NULL;
    if (!wrong)
        return 0;
    return pinion__fail(PINION_EINVAL, "label %s: %s", PINION_QUOTE(pinion__slice_str(label->name)), wrong);
}

static int check(const char *name, const char *help, const pinion_label *labels, bool gauge)
{
    int rc = check_name(name, gauge);
    if (!rc && (!help[0] || !is_text(help)))
        rc = pinion__fail(PINION_EINVAL, "help: it is UTF-8 of 1 to %d bytes", TEXT_MAX);
    for (size_t i = 0; !rc && labels && labels[i].name; i++)
        rc = check_label(labels, i);
    return rc;
}

/* ---- one instrument ---- */

static void release(struct pinion_instrument *instrument)
{
    for (size_t i = 0; i < LABELS_MAX; i++) {
        free((char *)instrument->labels[i].name);
        free((char *)instrument->labels[i].value);
    }
    free(instrument->name);
    free(instrument->help);
    free(instrument);
}

static bool copy_labels(struct pinion_instrument *instrument, const pinion_label *labels)
{
    bool copied = true;
    for (size_t i = 0; copied && labels && labels[i].name; i++) {
        instrument->labels[i].name = strdup(labels[i].name);
        instrument->labels[i].value = strdup(labels[i].value);
        copied = instrument->labels[i].name && instrument->labels[i].value;
    }
    return copied;
}

static uint64_t hash_text(const char *text)
{
    return pinion__hash(pinion__slice_str(text));
}

static uint64_t hash_labels(const struct pinion_instrument *instrument)
{
    uint64_t sum = 0;
    for (const struct pinion_exposition_label *label = instrument->labels; label->name; label++)
        sum += hash_text(label->name) * (hash_text(label->value) | 1);
    return sum;
}

/* An instrument of `size` bytes, all of which are zero but its texts. NULL when out of memory. */
static struct pinion_instrument *instrument_new(size_t size, const char *name, const char *help,
                                                const pinion_label *labels, bool gauge)
{
    struct pinion_instrument *instrument = aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE);
    if (!instrument)
        return NULL;
    memset(instrument, 0, size);
    instrument->gauge = gauge;
    instrument->name = strdup(name);
    instrument->help = strdup(help);
    if (!instrument->name || !instrument->help || !copy_labels(instrument, labels)) {
        release(instrument);
        return NULL;
    }
    instrument->name_hash = hash_text(name);
    instrument->labels_hash = hash_labels(instrument);
    return instrument;
}

/* ---- the list ---- */

static const char *value_of(const struct pinion_instrument *instrument, const char *label)
{
    for (const struct pinion_exposition_label *own = instrument->labels; own->name; own++) {
        if (strcmp(own->name, label) == 0)
            return own->value;
    }
    return NULL;
}

static size_t label_count(const struct pinion_instrument *instrument)
{
    size_t count = 0;
    while (instrument->labels[count].name)
        count++;
    return count;
}

/* The order of labels makes no difference. */
static bool same_labels(const struct pinion_instrument *one, const struct pinion_instrument *other)
{
    if (one->labels_hash != other->labels_hash)
        return false;
    for (const struct pinion_exposition_label *label = one->labels; label->name; label++) {
        const char *value = value_of(other, label->name);
        if (!value || strcmp(value, label->value) != 0)
            return false;
    }
    return label_count(one) == label_count(other);
}

/* Whether it may stand beside one of its name. */
static int check_neighbour(const struct pinion_instrument *known, const struct pinion_instrument *instrument)
{
    if (known->gauge != instrument->gauge || strcmp(known->help, instrument->help) != 0)
        return pinion__fail(PINION_EINVAL, "name \"%s\": it has another help text already", instrument->name);
    if (same_labels(known, instrument))
        return pinion__fail(PINION_EINVAL, "name \"%s\": it is there already, with these labels",
                            instrument->name);
    return 0;
}

/* Put it behind those of its name, or last. Under the lock. */
static int add_locked(struct pinion_instruments *instruments, struct pinion_instrument *instrument)
{
    struct pinion_instrument **at = &instruments->first;
    bool known = false;
    if (instruments->count == PINION_INSTRUMENTS_MAX)
        return pinion__fail(PINION_EBUSY, "the endpoint has %d counters and gauges already",
                            PINION_INSTRUMENTS_MAX);
    for (; *at; at = &(*at)->next) {
        bool same = (*at)->name_hash == instrument->name_hash && strcmp((*at)->name, instrument->name) == 0;
        if (known && !same)
            break;
        known = same;
        int rc = same ? check_neighbour(*at, instrument) : 0;
        if (rc)
            return rc;
    }
    instrument->next = *at;
    *at = instrument;
    instruments->count++;
    return 0;
}

static int new_instrument(struct pinion_instrument **out, struct pinion_endpoint *endpoint, size_t size,
                          const char *name, const char *help, const pinion_label *labels, bool gauge)
{
    int rc = check(name, help, labels, gauge);
    struct pinion_instrument *instrument = rc ? NULL : instrument_new(size, name, help, labels, gauge);
    if (!instrument)
        return rc ? rc : PINION_ENOMEM;
    pinion__lock(&endpoint->instruments.lock);
    rc = add_locked(&endpoint->instruments, instrument);
    pinion__unlock(&endpoint->instruments.lock);
    if (rc)
        release(instrument);
    else
        *out = instrument;
    return rc;
}

void pinion__instruments_init(struct pinion_instruments *instruments)
{
    instruments->first = NULL;
    instruments->count = 0;
    (void)pinion__lock_init(&instruments->lock, PINION_RANK_INSTRUMENTS);
}

void pinion__instruments_release(struct pinion_instruments *instruments)
{
    while (instruments->first) {
        struct pinion_instrument *instrument = instruments->first;
        instruments->first = instrument->next;
        release(instrument);
    }
    pinion__lock_destroy(&instruments->lock);
}

/* ---- showing them ---- */

static uint64_t count_of(const struct pinion_counter *counter)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < CELLS; i++)
        sum += atomic_load_explicit(&counter->cells[i].count, memory_order_relaxed);
    return sum;
}

static void show(const struct pinion_instrument *instrument, struct pinion_exposition *out)
{
    const struct pinion_gauge *gauge = (const struct pinion_gauge *)instrument;
    if (instrument->gauge)
        pinion__exposition_number(out, instrument->labels,
                                  atomic_load_explicit(&gauge->value, memory_order_relaxed));
    else
        pinion__exposition_count(out, instrument->labels,
                                 count_of((const struct pinion_counter *)instrument));
}

void pinion__instruments_show(struct pinion_instruments *instruments, struct pinion_exposition *out)
{
    const char *name = "";
    pinion__lock(&instruments->lock);
    for (const struct pinion_instrument *one = instruments->first; one; one = one->next) {
        if (strcmp(one->name, name) != 0)
            pinion__exposition_family(out, one->name, one->gauge ? "gauge" : "counter", one->help);
        name = one->name;
        show(one, out);
    }
    pinion__unlock(&instruments->lock);
}

/* ---- public ---- */

int pinion_counter_new(pinion_counter **out, pinion_endpoint *endpoint, const char *name, const char *help,
                       const pinion_label *labels)
{
    PINION_NEEDED(out);
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(name);
    PINION_NEEDED(help);
    PINION_RETURN(new_instrument((struct pinion_instrument **)out, endpoint, sizeof(struct pinion_counter),
                                 name, help, labels, false));
}

int pinion_gauge_new(pinion_gauge **out, pinion_endpoint *endpoint, const char *name, const char *help,
                     const pinion_label *labels)
{
    PINION_NEEDED(out);
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(name);
    PINION_NEEDED(help);
    PINION_RETURN(new_instrument((struct pinion_instrument **)out, endpoint, sizeof(struct pinion_gauge),
                                 name, help, labels, true));
}

/* Which cell a thread adds to. */
static unsigned own_cell(void)
{
    static atomic_uint next;
    static _Thread_local unsigned cell = CELLS;
    if (cell == CELLS)
        cell = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % CELLS;
    return cell;
}

void pinion_counter_add(pinion_counter *counter, uint64_t n)
{
    PINION_NEED(counter, return );
    atomic_fetch_add_explicit(&counter->cells[own_cell()].count, n, memory_order_relaxed);
}

void pinion_gauge_set(pinion_gauge *gauge, double value)
{
    PINION_NEED(gauge, return );
    atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

void pinion_gauge_add(pinion_gauge *gauge, double n)
{
    PINION_NEED(gauge, return );
    double value = atomic_load_explicit(&gauge->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&gauge->value, &value, value + n, memory_order_relaxed,
                                                  memory_order_relaxed))
        continue;
}
