#include "endpoint/exposition.h"
#include <math.h>
#include <pinion/error.h>
#include <stdio.h>
#include <string.h>

#define NS_IN_A_SECOND UINT64_C(1000000000)

/* ---- text ---- */

static void put(struct pinion_exposition *out, const char *text, size_t len)
{
    if (!out->error)
        out->error = pinion__buf_append(&out->text, text, len);
}

static void put_text(struct pinion_exposition *out, const char *text)
{
    put(out, text, strlen(text));
}

/* A backslash stands before another one, before a quote, and for a line end. HELP has no escape for quotes,
 * and needs none. */
static void put_escaped(struct pinion_exposition *out, const char *text, bool quotes)
{
    const char *special = quotes ? "\\\"\n" : "\\\n";
    while (*text) {
        size_t plain = strcspn(text, special);
        put(out, text, plain);
        text += plain;
        if (!*text)
            return;
        char escape[2] = { '\\', *text == '\n' ? 'n' : *text };
        put(out, escape, sizeof escape);
        text++;
    }
}

/* ---- samples ---- */

static void put_label(struct pinion_exposition *out, const char *before, const char *name, const char *value)
{
    put_text(out, before);
    put_text(out, name);
    put_text(out, "=\"");
    put_escaped(out, value, true);
    put_text(out, "\"");
}

/* `bound` is the label `le` of a bucket; NULL: it has none. */
static void begin_sample(struct pinion_exposition *out, const char *suffix,
                         const struct pinion_exposition_label *labels, const char *bound)
{
    const char *before = "{";
    put_text(out, out->name);
    put_text(out, suffix);
    for (; labels && labels->name; labels++) {
        put_label(out, before, labels->name, labels->value);
        before = ",";
    }
    if (bound)
        put_label(out, before, "le", bound);
    put_text(out, bound || *before == ',' ? "} " : " ");
}

static void put_count(struct pinion_exposition *out, uint64_t value)
{
    char text[32];
    put(out, text, (size_t)snprintf(text, sizeof text, "%llu\n", (unsigned long long)value));
}

static void put_seconds(struct pinion_exposition *out, uint64_t ns)
{
    char text[48];
    put(out, text,
        (size_t)snprintf(text, sizeof text, "%llu.%09llu\n", (unsigned long long)(ns / NS_IN_A_SECOND),
                         (unsigned long long)(ns % NS_IN_A_SECOND)));
}

/* The locale of the program may have another point. */
static void put_number(struct pinion_exposition *out, double value)
{
    char text[48];
    if (isnan(value) || isinf(value)) {
        put_text(out, isnan(value) ? "NaN\n" : value > 0 ? "+Inf\n" : "-Inf\n");
        return;
    }
    snprintf(text, sizeof text, "%.17g\n", value);
    char *comma = strchr(text, ',');
    if (comma)
        *comma = '.';
    put_text(out, text);
}

void pinion__exposition_count(struct pinion_exposition *out, const struct pinion_exposition_label *labels,
                              uint64_t value)
{
    begin_sample(out, "", labels, NULL);
    put_count(out, value);
}

void pinion__exposition_number(struct pinion_exposition *out, const struct pinion_exposition_label *labels,
                               double value)
{
    begin_sample(out, "", labels, NULL);
    put_number(out, value);
}

void pinion__exposition_seconds(struct pinion_exposition *out, const struct pinion_exposition_label *labels,
                                uint64_t ns)
{
    begin_sample(out, "", labels, NULL);
    put_seconds(out, ns);
}

void pinion__exposition_histogram(struct pinion_exposition *out, const struct pinion_exposition_label *labels,
                                  const struct pinion_histogram_sum *sum)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < PINION_HISTOGRAM_BOUNDS; i++) {
        count += sum->counts[i];
        begin_sample(out, "_bucket", labels, pinion__histogram_bounds[i].seconds);
        put_count(out, count);
    }
    count += sum->counts[PINION_HISTOGRAM_BOUNDS];
    begin_sample(out, "_bucket", labels, "+Inf");
    put_count(out, count);
    begin_sample(out, "_sum", labels, NULL);
    put_seconds(out, sum->sum_ns);
    begin_sample(out, "_count", labels, NULL);
    put_count(out, count);
}

/* ---- families ---- */

void pinion__exposition_family(struct pinion_exposition *out, const char *name, const char *type,
                               const char *help)
{
    out->name = name;
    put_text(out, "# HELP ");
    put_text(out, name);
    put_text(out, " ");
    put_escaped(out, help, false);
    put_text(out, "\n# TYPE ");
    put_text(out, name);
    put_text(out, " ");
    put_text(out, type);
    put_text(out, "\n");
}

void pinion__exposition_counter(struct pinion_exposition *out, const char *name, const char *help,
                                uint64_t value)
{
    pinion__exposition_family(out, name, "counter", help);
    pinion__exposition_count(out, NULL, value);
}

void pinion__exposition_gauge(struct pinion_exposition *out, const char *name, const char *help,
                              uint64_t value)
{
    pinion__exposition_family(out, name, "gauge", help);
    pinion__exposition_count(out, NULL, value);
}

void pinion__exposition_init(struct pinion_exposition *out)
{
    *out = (struct pinion_exposition){ .error = 0 };
    pinion__buf_init(&out->text, PINION_EXPOSITION_MAX);
}

void pinion__exposition_release(struct pinion_exposition *out)
{
    pinion__buf_release(&out->text);
}
