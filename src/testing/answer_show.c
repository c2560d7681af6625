/* Requests over HTTP, and the answers to them, as the kit's failures show them: whole, and without
 * secrets. */
#include "engine/log_params.h"
#include "proto/http1.h"
#include "proto/payload.h"
#include "proto/query.h"
#include "proto/utf8.h"
#include "testing/answer.h"
#include <strings.h>

#define HIDDEN "[FILTERED]"

/* ---- the request ---- */

/* The parameters of a query are shown as JSON. */
static void write_target(FILE *out, const char *target)
{
    size_t path = strcspn(target, "?");
    json_t *tree = NULL;
    fwrite(target, 1, path, out);
    if (!target[path])
        return;
    if (pinion__query_parse(pinion__slice_str(target + path + 1), &tree) != 0) {
        json_decref(tree);
        fputs("?…", out);
        return;
    }
    pinion_payload *params = pinion_payload_json(tree);
    fputs(" with ", out);
    pinion__test_write_payload(out, params);
    pinion_payload_unref(params);
}

void pinion__test_write_asked(FILE *out, const struct pinion_test_answer *answer)
{
    fprintf(out, "%s ", answer->method);
    write_target(out, answer->target);
}

/* ---- the head ---- */

static bool is_named(const char *line, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(line, name, len) == 0;
}

static bool is_hidden(const char *line, size_t len)
{
    char name[200];
    snprintf(name, sizeof name, "%.*s", (int)len, line);
    return pinion__log_hides(name, NULL) || is_named(line, len, "cookie");
}

/* The name and the attributes of a cookie are no secrets. */
static void write_cookie(FILE *out, const char *value)
{
    size_t name = strcspn(value, "="), rest = strcspn(value, ";");
    fprintf(out, "%.*s=%s%s", (int)(name < rest ? name : rest), value, HIDDEN, value + rest);
}

static void write_line(FILE *out, const char *line)
{
    size_t name = strcspn(line, ":");
    const char *value = line + name + 1 + strspn(line + name + 1, " ");
    fprintf(out, "\n%.*s: ", (int)name, line);
    if (is_named(line, name, "set-cookie"))
        write_cookie(out, value);
    else if (is_named(line, name, "location"))
        write_target(out, value);
    else
        fputs(is_hidden(line, name) ? HIDDEN : value, out);
}

/* ---- the answer ---- */

static void write_body(FILE *out, struct pinion_slice bytes)
{
    pinion_payload *payload = pinion_payload_text(bytes.ptr, bytes.len);
    bool json = pinion_payload_kind(payload) == PINION_PAYLOAD_JSON && pinion_payload_tree(payload);
    if (json)
        pinion__test_write_payload(out, payload);
    else if (pinion__utf8_valid(bytes.ptr, bytes.len))
        fwrite(bytes.ptr, 1, bytes.len, out);
    else
        pinion__test_write_bytes(out, bytes);
    pinion_payload_unref(payload);
}

void pinion__test_write_answer(FILE *out, const struct pinion_test_answer *answer)
{
    const struct pinion_buf *came = &answer->client.came;
    if (answer->status == 0) {
        fputs(" nothing", out);
        return;
    }
    fprintf(out, "\n%d %s", answer->status, pinion__http1_reason(answer->status));
    for (const char *line = pinion__test_answer_next(answer, NULL); line;
         line = pinion__test_answer_next(answer, line))
        write_line(out, line);
    fputs("\n\n", out);
    write_body(out, pinion__slice(came->data + answer->body,
                                  answer->whole ? answer->length : came->len - answer->body));
}
