#include "report.h"
#include "die.h"
#include "load.h"
#include "scenario.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_LIMIT   0.9  /* of the time: above, the generator is what limits */
#define OTHERS_LIMIT 0.05 /* of a processor that should be ours alone */

static json_t *report;
static json_t *warnings;

static json_t *object(void)
{
    if (!report) {
        report = json_object();
        warnings = json_array();
    }
    return report;
}

static void put(json_t *into, const char *name, json_t *value)
{
    if (json_object_set_new(into, name, value))
        die("out of memory");
}

void report_number(const char *name, double value)
{
    bool whole = value == (double)(json_int_t)value;
    put(object(), name, whole ? json_integer((json_int_t)value) : json_real(value));
}

void report_latency(const char *name, const struct histogram *histogram)
{
    json_t *latency = json_object();
    put(latency, "count", json_integer((json_int_t)histogram->count));
    put(latency, "p50", json_integer((json_int_t)histogram_percentile(histogram, 0.5)));
    put(latency, "p99", json_integer((json_int_t)histogram_percentile(histogram, 0.99)));
    put(latency, "p99.9", json_integer((json_int_t)histogram_percentile(histogram, 0.999)));
    put(latency, "max", json_integer((json_int_t)histogram->max));
    put(object(), name, latency);
}

void report_warning(const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    object();
    json_array_append_new(warnings, json_string(text));
}

/* ---- the measurement ---- */

/* How much of a processor's time neither we nor the server used. */
static double share_of_others(uint64_t processor, uint64_t accounted, uint64_t time)
{
    return processor > accounted ? (double)(processor - accounted) / (double)time : 0;
}

static void add_server(const struct measurement *measurement)
{
    const struct usage *used = &measurement->used;
    json_t *server = json_object();
    uint64_t cpu = used->server_cpu + used->server_softirq;
    double others = share_of_others(used->server_processor, cpu, used->at);
    if (measurement->messages) {
        double messages = (double)measurement->messages;
        put(server, "cpu_ns_per_message", json_real((double)cpu / messages));
        put(server, "softirq_ns_per_message", json_real((double)used->server_softirq / messages));
    }
    put(server, "busy", json_real((double)cpu / (double)used->at));
    put(server, "others", json_real(others));
    put(object(), "server", server);
    if (others > OTHERS_LIMIT)
        report_warning("others had the server's processor for %.0f %% of the time", 100 * others);
}

static void add_generator(const struct load *load)
{
    const struct usage *used = &load->measurement.used;
    double busy = (double)used->own_cpu / (double)used->at;
    double others = share_of_others(used->own_processor, used->own_cpu, used->at);
    json_t *generator = json_object();
    put(generator, "busy", json_real(busy));
    put(generator, "others", json_real(others));
    put(generator, "longest_turn_ns", json_integer((json_int_t)load->longest_turn));
    put(generator, "bottleneck", json_boolean(busy > BUSY_LIMIT));
    put(object(), "generator", generator);
    if (busy > BUSY_LIMIT)
        report_warning("the generator was the bottleneck: it was busy for %.0f %% of the time", 100 * busy);
    if (others > OTHERS_LIMIT)
        report_warning("others had the generator's processor for %.0f %% of the time", 100 * others);
}

static void add_measurement(const struct load *load)
{
    const struct measurement *measurement = &load->measurement;
    double seconds = (double)measurement->used.at / (double)NS_PER_SECOND;
    if (measurement->used.at == 0)
        return;
    report_number("seconds", seconds);
    report_number("messages", (double)measurement->messages);
    report_number("messages_per_second", (double)measurement->messages / seconds);
    if (load->options.pid)
        add_server(measurement);
    add_generator(load);
}

static void add_options(const struct options *options)
{
    json_t *given = json_object();
    put(given, "dialect", json_string(options->dialect));
    put(given, "connections", json_integer(options->connections));
    put(given, "topics", json_integer(options->topics));
    put(given, "payload", json_integer(options->payload));
    put(given, "burst", json_integer(options->burst));
    put(given, "group", json_integer(options->group));
    put(given, "cycles", json_integer(options->cycles));
    put(given, "rate", json_real(options->rate));
    put(object(), "options", given);
}

/* ---- printing ---- */

static void print_value(const char *name, const json_t *value);

static void print_members(const char *name, json_t *value)
{
    const char *member;
    json_t *inner;
    printf("%s:", name);
    json_object_foreach(value, member, inner)
    {
        putchar(' ');
        print_value(member, inner);
    }
    putchar('\n');
}

static void print_value(const char *name, const json_t *value)
{
    printf("%s=", name);
    json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
}

static void print_for_people(void)
{
    const char *name;
    json_t *value;
    json_object_foreach(report, name, value)
    {
        if (json_is_object(value)) {
            print_members(name, value);
        } else {
            print_value(name, value);
            putchar('\n');
        }
    }
    for (size_t i = 0; i < json_array_size(warnings); i++)
        printf("warning: %s\n", json_string_value(json_array_get(warnings, i)));
}

void report_finish(const struct load *load)
{
    put(object(), "scenario", json_string(load->options.scenario->name));
    add_options(&load->options);
    add_measurement(load);
    if (load->options.json) {
        put(report, "warnings", json_incref(warnings));
        json_dumpf(report, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        print_for_people();
    }
    json_decref(report);
    json_decref(warnings);
}
