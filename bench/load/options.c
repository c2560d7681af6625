#include "options.h"
#include "conversation.h"
#include "scenario.h"
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scenario *scenario_find(const char *name)
{
    for (const struct scenario *const *scenario = scenarios; *scenario; scenario++) {
        if (strcmp((*scenario)->name, name) == 0)
            return *scenario;
    }
    return NULL;
}

static void help(FILE *out)
{
    fprintf(out, "usage: load SCENARIO --port N [options]\n\nscenarios:\n");
    for (const struct scenario *const *scenario = scenarios; *scenario; scenario++)
        fprintf(out, "  %-8s %s\n", (*scenario)->name, (*scenario)->help);
    fprintf(out,
            "\noptions:\n"
            "  --host ADDR        the server's IPv4 address (127.0.0.1)\n"
            "  --port N           its port\n"
            "  --pid N            its process, to see its CPU time and memory\n"
            "  --cpu N            run on this processor\n"
            "  --dialect NAME     " DIALECT_NAMES " (phoenix)\n"
            "  --connections N    how many clients\n"
            "  --topics N         how many topics they are spread over\n"
            "  --payload BYTES    the size of a message's payload, at least %d (64)\n"
            "  --burst N          fanout: broadcasts that leave in one segment\n"
            "  --stalled N        fanout: more subscribers, which read nothing\n"
            "  --publish-port N   fanout: publish at another node, which has this port\n"
            "  --group N          connect: clients that echo meanwhile\n"
            "  --cycles N         idle: how often they come and go\n"
            "  --rate R           messages a second, without waiting for answers (0: wait for them)\n"
            "  --seconds S        how long to measure\n"
            "  --warmup S         how long to run before that\n"
            "  --json             the report as JSON\n",
            PAYLOAD_MIN);
}

static void wrong(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, args);
    fputs("; load --help tells more\n", stderr);
    va_end(args);
    exit(2);
}

static double number(const char *name, const char *text, double min, double max)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno || end == text || *end || !(value >= min && value <= max))
        wrong("--%s: \"%s\" is not a number from %.10g to %.10g", name, text, min, max);
    return value;
}

static long whole_number(const char *name, const char *text, long min, long max)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max)
        wrong("--%s: \"%s\" is not a number from %ld to %ld", name, text, min, max);
    return value;
}

/* Options that are whole numbers, and members of struct options of type unsigned. */
static const struct whole {
    const char *name;
    size_t offset;
    long min, max;
} wholes[] = {
    { "connections", offsetof(struct options, connections), 1, 1000000 },
    { "topics", offsetof(struct options, topics), 1, 1000000 },
    { "payload", offsetof(struct options, payload), PAYLOAD_MIN, 1024 * 1024 },
    { "burst", offsetof(struct options, burst), 1, 1000 },
    { "stalled", offsetof(struct options, stalled), 0, 100000 },
    { "publish-port", offsetof(struct options, publish_port), 1, 65535 },
    { "group", offsetof(struct options, group), 1, 100000 },
    { "cycles", offsetof(struct options, cycles), 1, 1000 },
};

static bool set_whole(struct options *options, const char *name, const char *text)
{
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        if (strcmp(wholes[i].name, name) == 0) {
            unsigned *field = (unsigned *)((char *)options + wholes[i].offset);
            *field = (unsigned)whole_number(name, text, wholes[i].min, wholes[i].max);
            return true;
        }
    }
    return false;
}

static void set(struct options *options, const char *name, const char *text)
{
    struct in_addr address;
    if (set_whole(options, name, text))
        return;
    if (strcmp(name, "port") == 0)
        options->port = (uint16_t)whole_number(name, text, 1, 65535);
    else if (strcmp(name, "pid") == 0)
        options->pid = (pid_t)whole_number(name, text, 1, 4194304);
    else if (strcmp(name, "cpu") == 0)
        options->cpu = (int)whole_number(name, text, 0, CPU_SETSIZE - 1);
    else if (strcmp(name, "rate") == 0)
        options->rate = number(name, text, 0, 1e7);
    else if (strcmp(name, "seconds") == 0)
        options->seconds = number(name, text, 0.01, 3600);
    else if (strcmp(name, "warmup") == 0)
        options->warmup = number(name, text, 0, 3600);
    else if (strcmp(name, "json") == 0)
        options->json = true;
    else if (strcmp(name, "host") == 0 && inet_pton(AF_INET, text, &address) == 1)
        options->host = text;
    else if (strcmp(name, "dialect") == 0 && dialect_find(text))
        options->dialect = text;
    else
        wrong("--%s: \"%s\" is not valid", name, text);
}

static void take_default(unsigned *number_given, unsigned scenarios_own, unsigned otherwise)
{
    if (*number_given == 0)
        *number_given = scenarios_own ? scenarios_own : otherwise;
}

static void take_default_time(double *given, double scenarios_own, double otherwise)
{
    if (*given < 0)
        *given = scenarios_own > 0 ? scenarios_own : otherwise;
}

static void take_defaults(struct options *options)
{
    const struct options *own = &options->scenario->defaults;
    take_default(&options->connections, own->connections, 1000);
    take_default(&options->topics, own->topics, 1);
    take_default(&options->payload, own->payload, 64);
    take_default(&options->burst, own->burst, 1);
    take_default(&options->group, own->group, 50);
    take_default(&options->cycles, own->cycles, 1);
    take_default_time(&options->rate, own->rate, 0);
    take_default_time(&options->seconds, own->seconds, 3);
    take_default_time(&options->warmup, own->warmup, 0.5);
}

void options_read(int argc, char **argv, struct options *options)
{
    static const struct option long_options[] = {
        { "host", required_argument, NULL, 0 },
        { "port", required_argument, NULL, 0 },
        { "pid", required_argument, NULL, 0 },
        { "cpu", required_argument, NULL, 0 },
        { "dialect", required_argument, NULL, 0 },
        { "connections", required_argument, NULL, 0 },
        { "topics", required_argument, NULL, 0 },
        { "payload", required_argument, NULL, 0 },
        { "burst", required_argument, NULL, 0 },
        { "stalled", required_argument, NULL, 0 },
        { "publish-port", required_argument, NULL, 0 },
        { "group", required_argument, NULL, 0 },
        { "cycles", required_argument, NULL, 0 },
        { "rate", required_argument, NULL, 0 },
        { "seconds", required_argument, NULL, 0 },
        { "warmup", required_argument, NULL, 0 },
        { "json", no_argument, NULL, 0 },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    *options = (struct options){
        .host = "127.0.0.1", .dialect = "phoenix", .cpu = -1, .rate = -1, .seconds = -1, .warmup = -1
    };
    int index, option;
    while ((option = getopt_long(argc, argv, "", long_options, &index)) != -1) {
        if (option == 'h') {
            help(stdout);
            exit(0);
        }
        if (option != 0)
            exit(2); /* getopt_long has printed why */
        set(options, long_options[index].name, optarg);
    }
    if (optind + 1 != argc)
        wrong("give one scenario");
    options->scenario = scenario_find(argv[optind]);
    if (!options->scenario)
        wrong("\"%s\" is not a scenario", argv[optind]);
    if (options->port == 0)
        wrong("give the server's --port");
    take_defaults(options);
}
