#include "base/log_limit.h"
#include "base/clock.h"
#include "base/lock.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PERIOD_MS 1000

static struct pinion_lock lock = PINION_LOCK(LOG_LIMIT);
static struct pinion_log_kind *pending; /* the kinds that hold back a line; under the lock */
static atomic_bool any_pending;
static atomic_uint generation;

static uint64_t (*test_clock)(void);

void pinion__log_limit_set_clock(uint64_t (*clock)(void))
{
    test_clock = clock;
}

static uint64_t now_ms(void)
{
    return test_clock ? test_clock() : pinion__clock_coarse_ms();
}

static void format_line(char line[PINION_LOG_KEPT], const char *format, va_list args)
{
    int length = vsnprintf(line, PINION_LOG_KEPT, format, args);
    if (length < 0)
        line[0] = '\0';
    else if (length >= PINION_LOG_KEPT)
        memcpy(line + PINION_LOG_KEPT - sizeof "...", "...", sizeof "...");
}

/* ---- the caller holds the lock ---- */

static void forget(struct pinion_log_kind *kind)
{
    kind->is_pending = false;
    atomic_store_explicit(&kind->held, 0, memory_order_relaxed);
    atomic_store_explicit(&kind->next, 0, memory_order_relaxed);
}

/* A kind that was last used with another receiver of the log starts anew. */
static void renew(struct pinion_log_kind *kind)
{
    unsigned current = atomic_load_explicit(&generation, memory_order_relaxed);
    if (atomic_load_explicit(&kind->generation, memory_order_relaxed) == current)
        return;
    atomic_store_explicit(&kind->generation, current, memory_order_relaxed);
    if (!kind->is_pending)
        forget(kind);
}

/* May a line of this kind be written now? If so, it counts as written at this time. */
static bool may_write(struct pinion_log_kind *kind, uint64_t now)
{
    renew(kind);
    if (kind->is_pending || now < atomic_load_explicit(&kind->next, memory_order_relaxed))
        return false;
    atomic_store_explicit(&kind->next, now + PERIOD_MS, memory_order_relaxed);
    return true;
}

static void keep(struct pinion_log_kind *kind, pinion_log_level level, const char *format, va_list args)
{
    atomic_fetch_add_explicit(&kind->held, 1, memory_order_relaxed);
    if (kind->is_pending)
        return;
    format_line(kind->kept, format, args);
    kind->level = level;
    kind->is_pending = true;
    kind->pending = pending;
    pending = kind;
    atomic_store_explicit(&any_pending, true, memory_order_relaxed);
}

/* ---- writing ---- */

/* True when the line is not written or kept, but only counted. */
static bool is_only_counted(struct pinion_log_kind *kind, uint64_t now)
{
    if (atomic_load_explicit(&kind->generation, memory_order_relaxed) !=
            atomic_load_explicit(&generation, memory_order_relaxed) ||
        now >= atomic_load_explicit(&kind->next, memory_order_relaxed))
        return false;
    size_t held = atomic_load_explicit(&kind->held, memory_order_relaxed);
    while (held > 0) { /* 0: this one is to be kept, or the others are being written */
        if (atomic_compare_exchange_weak_explicit(&kind->held, &held, held + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
    return false;
}

bool pinion__log_wanted(struct pinion_log_kind *kind, pinion_log_level level)
{
    return pinion__log_enabled(level) && !is_only_counted(kind, now_ms());
}

void pinion__log_limited(struct pinion_log_kind *kind, pinion_log_level level, const char *format, ...)
{
    char line[PINION_LOG_KEPT];
    int saved_errno = errno;
    uint64_t now = now_ms();
    va_list args;

    va_start(args, format);
    pinion__lock(&lock);
    bool at_once = may_write(kind, now);
    if (!at_once)
        keep(kind, level, format, args);
    pinion__unlock(&lock);
    if (at_once) {
        format_line(line, format, args);
        pinion__log(level, "%s", line);
    }
    va_end(args);
    errno = saved_errno;
}

/* A kept line that was taken out. */
struct kept_line {
    pinion_log_level level;
    size_t others;
    char text[PINION_LOG_KEPT];
};

static void take(struct pinion_log_kind *kind, uint64_t now, struct kept_line *line)
{
    size_t held = atomic_exchange_explicit(&kind->held, 0, memory_order_relaxed);
    memcpy(line->text, kind->kept, sizeof line->text);
    line->level = kind->level;
    line->others = held - 1;
    kind->is_pending = false;
    atomic_store_explicit(&kind->next, now + PERIOD_MS, memory_order_relaxed);
}

/* Take out the first line that is due. *wait is set to the time until the next one is due. */
static bool take_due(uint64_t now, bool all, struct kept_line *line, uint64_t *wait)
{
    bool found = false;
    *wait = UINT64_MAX;
    pinion__lock(&lock);
    for (struct pinion_log_kind **link = &pending; *link && !found;) {
        struct pinion_log_kind *kind = *link;
        uint64_t next = atomic_load_explicit(&kind->next, memory_order_relaxed);
        found = all || now >= next;
        if (found) {
            *link = kind->pending;
            take(kind, now, line);
        } else {
            *wait = next - now < *wait ? next - now : *wait;
            link = &kind->pending;
        }
    }
    if (!pending)
        atomic_store_explicit(&any_pending, false, memory_order_relaxed);
    pinion__unlock(&lock);
    return found;
}

static void write_kept(const struct kept_line *line)
{
    if (line->others > 0)
        pinion__log(line->level, "%s (and %zu more like it)", line->text, line->others);
    else
        pinion__log(line->level, "%s", line->text);
}

static uint64_t flush(bool all)
{
    struct kept_line line;
    uint64_t wait = UINT64_MAX, now = now_ms();
    while (take_due(now, all, &line, &wait))
        write_kept(&line);
    return wait;
}

uint64_t pinion__log_limit_flush(void)
{
    return atomic_load_explicit(&any_pending, memory_order_relaxed) ? flush(false) : UINT64_MAX;
}

void pinion__log_limit_finish(void)
{
    if (atomic_load_explicit(&any_pending, memory_order_relaxed))
        (void)flush(true);
}

void pinion__log_limit_reset(void)
{
    pinion__lock(&lock);
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
    while (pending) {
        struct pinion_log_kind *kind = pending;
        pending = kind->pending;
        forget(kind);
    }
    atomic_store_explicit(&any_pending, false, memory_order_relaxed);
    pinion__unlock(&lock);
}
