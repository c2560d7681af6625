#include "scripted_order.h"
#include "elsewhere.h"

static const char signs[] = "#%"; /* by thread */
static uint64_t marks[2];         /* each belongs to its thread */

const char *scripted_mark(char out[SCRIPT_MARK_MAX])
{
    unsigned thread = is_elsewhere();
    snprintf(out, SCRIPT_MARK_MAX, "%c%llu", signs[thread], (unsigned long long)++marks[thread]);
    return out;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void note_from(struct scripted_order *order, unsigned thread, struct pinion_slice bytes)
{
    uint64_t mark = 0;
    const char *at = bytes.len ? memchr(bytes.ptr, signs[thread], bytes.len) : NULL;
    if (!at)
        return;
    while (++at < bytes.ptr + bytes.len && is_digit(*at))
        mark = mark * 10 + (uint64_t)(*at - '0');
    if (mark == 0)
        return;
    REQUIRE(mark > order->last[thread]);
    order->last[thread] = mark;
}

void scripted_note(struct scripted_order *order, struct pinion_slice bytes)
{
    for (unsigned thread = 0; thread < 2; thread++)
        note_from(order, thread, bytes);
}
