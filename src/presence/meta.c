#include "presence/meta.h"
#include "base/log.h"
#include "presence/state.h"
#include "proto/json_scan.h"
#include "proto/json_word.h"
#include <string.h>

#define PREV     "\"phx_ref_prev\":\"" /* if it is there, it is the last member of a kept meta */
#define PREV_LEN (sizeof PREV - 1)
#define TAIL_LEN (PINION_PRESENCE_REF_LEN + 2) /* the ref, and the ends of string and object */

/* ---- walking over a compact object that was checked ---- */

/* Move past the value that begins here, to the ',' or '}' behind it. */
static const char *skip_value(const char *at)
{
    for (unsigned depth = 0;;) {
        if (depth == 0 && (*at == ',' || *at == '}'))
            return at;
        if (*at == '"') {
            at = pinion__json_skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        at++;
    }
}

static bool is_ours(struct pinion_slice quoted)
{
    char scratch[16];
    struct pinion_slice name;
    struct pinion_json_value value = { .text = quoted,
                                       .type = PINION_JSON_STRING,
                                       .escaped = memchr(quoted.ptr, '\\', quoted.len) != NULL };
    if (pinion__json_unescape(&value, scratch, sizeof scratch, &name) != 0)
        return false; /* longer than our names */
    return pinion__slice_is(name, "phx_ref") || pinion__slice_is(name, "phx_ref_prev");
}

/* Append the members, with commas between them. */
static int keep_members(const char *at, struct pinion_buf *kept)
{
    int rc = 0;
    while (!rc && *at != '}') {
        const char *name = at, *name_end = pinion__json_skip_string(at);
        at = skip_value(name_end + 1);
        if (!is_ours(pinion__slice(name, (size_t)(name_end - name)))) {
            if (kept->len > 1)
                rc = pinion__buf_append_char(kept, ',');
            if (!rc)
                rc = pinion__buf_append(kept, name, (size_t)(at - name));
        }
        at += *at == ',';
    }
    return rc;
}

/* ---- the kept form ---- */

int pinion__presence_meta_keep(const pinion_payload *meta, struct pinion_buf *kept)
{
    size_t len;
    const char *text = pinion_payload_bytes(meta, &len);
    if (pinion_payload_kind(meta) == PINION_PAYLOAD_POISON || !text)
        return PINION_EPAYLOAD;
    if (pinion_payload_kind(meta) != PINION_PAYLOAD_JSON || text[0] != '{')
        return pinion__fail(PINION_EINVAL, "a meta must be a JSON object");
    int rc = pinion__buf_append_char(kept, '{');
    if (!rc)
        rc = keep_members(text + 1, kept);
    return rc ? rc : pinion__buf_append_char(kept, '}');
}

int pinion__presence_meta_add_prev(struct pinion_buf *kept, const char *ref)
{
    bool empty = kept->len == 2;
    kept->len--;
    int rc = empty ? 0 : pinion__buf_append_char(kept, ',');
    if (!rc)
        rc = pinion__buf_append_str(kept, PREV);
    if (!rc)
        rc = pinion__buf_append_str(kept, ref);
    return rc ? rc : pinion__buf_append_str(kept, "\"}");
}

/* The last bytes are enough to decide. In front of them, outside of any string, is a ',' or the '{' of the
 * whole object. Inside a string, every quote has a backslash in front of it. An inner object would end with
 * two braces. */
const char *pinion__presence_meta_prev(struct pinion_slice kept)
{
    if (kept.len < 1 + PREV_LEN + TAIL_LEN)
        return NULL;
    const char *name = kept.ptr + kept.len - TAIL_LEN - PREV_LEN;
    bool has = memcmp(name, PREV, PREV_LEN) == 0 && (name[-1] == ',' || name == kept.ptr + 1) &&
               memcmp(kept.ptr + kept.len - 2, "\"}", 2) == 0;
    return has ? name + PREV_LEN : NULL;
}

size_t pinion__presence_meta_cut_prev(char *kept, size_t len)
{
    size_t rest = len - TAIL_LEN - PREV_LEN; /* the bytes before the member */
    rest -= kept[rest - 1] == ',';
    kept[rest] = '}';
    return rest + 1;
}
