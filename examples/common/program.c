#include "program.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLAG_BASE 1000 /* what getopt_long returns for the program's first own flag */

static void help(const char *name, const program_flag *flags, FILE *out)
{
    fprintf(out,
            "usage: %s [options]\n"
            "  --port N       the port to listen on; 0 takes any free one and prints it\n"
            "  --host ADDR    the address to listen on\n"
            "  --loops N      event loops, a thread each (default: as many as processors)\n"
            "  --io ENGINE    I/O engine: uring or uv (default: uring where it works)\n"
            "  --log LEVEL    debug, info, warning, error or none\n"
            "  --log-format F text or json: a JSON object in each line\n"
            "  --supervise    run as the child of a process that starts it again when it crashes\n"
            "  --pubsub URL   what carries broadcasts to other nodes (default: PINION_PUBSUB, else local:\n"
            "                 there are no other nodes)\n"
            "  --trusted-proxies LIST\n"
            "                 addresses and networks of proxies, such as \"127.0.0.1, 10.0.0.0/8\": their\n"
            "                 X-Forwarded-* headers are believed\n",
            name);
    for (; flags && flags->name; flags++)
        fprintf(out, "  --%s%s\n                 %s\n", flags->name, flags->number ? " N" : "", flags->help);
}

static int parse_number(const char *name, const char *text, unsigned long min, unsigned long max,
                        unsigned long *out)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || value < min || value > max) {
        fprintf(stderr, "--%s: \"%s\" is not a number from %lu to %lu\n", name, text, min, max);
        return PINION_EINVAL;
    }
    *out = value;
    return 0;
}

static int set_log_level(const char *word)
{
    pinion_log_level level;
    int rc = pinion_log_level_parse(word, &level);
    if (rc)
        fprintf(stderr, "--log: \"%s\" is not one of debug, info, warning, error, none\n", word);
    else
        pinion_log_set_level(level);
    return rc;
}

static int set_log_format(const char *word)
{
    pinion_log_format format;
    int rc = pinion_log_format_parse(word, &format);
    if (rc)
        fprintf(stderr, "--log-format: \"%s\" is neither text nor json\n", word);
    else
        pinion_log_set_format(format);
    return rc;
}

static int set_option(int option, pinion_endpoint_options *options, bool *supervised)
{
    unsigned long number = 0;
    int rc = 0;
    switch (option) {
    case 'p':
        rc = parse_number("port", optarg, 0, 65535, &number);
        options->port = (uint16_t)number;
        break;
    case 'l':
        rc = parse_number("loops", optarg, 1, 64, &number);
        options->loops = (unsigned)number;
        break;
    case 'h':
        options->host = optarg;
        break;
    case 'i':
        options->io = optarg;
        break;
    case 's':
        *supervised = true;
        break;
    case 'b':
        options->pubsub = optarg;
        break;
    case 't':
        options->trusted_proxies = optarg;
        break;
    case 'g':
        rc = set_log_level(optarg);
        break;
    case 'f':
        rc = set_log_format(optarg);
        break;
    default:
        rc = PINION_EINVAL; /* getopt_long has printed what is wrong */
        break;
    }
    return rc;
}

static void say_port(uint16_t port, void *data)
{
    const pinion_endpoint_options *options = data;
    const char *host = options->host ? options->host : "localhost";
    if (port == 0)
        printf("listening on a unix-domain socket\n");
    else
        printf(strchr(host, ':') ? "listening on [%s]:%u\n" : "listening on %s:%u\n", host, port);
    fflush(stdout);
}

static void say_where(pinion_endpoint *endpoint, void *data)
{
    say_port(pinion_endpoint_port(endpoint), data);
}

/* The supervisor prints where it listens, once; its child starts more often. */
static int supervise(pinion_endpoint_options *options, char **argv)
{
    options->ready = NULL;
    return pinion_supervise(&(pinion_supervise_options){ .host = options->host,
                                                         .port = options->port,
                                                         .listeners = options->loops,
                                                         .ready = say_port,
                                                         .ready_data = options },
                            argv);
}

static const struct option common_options[] = {
    { "port", required_argument, NULL, 'p' },
    { "host", required_argument, NULL, 'h' },
    { "loops", required_argument, NULL, 'l' },
    { "io", required_argument, NULL, 'i' },
    { "log", required_argument, NULL, 'g' },
    { "log-format", required_argument, NULL, 'f' },
    { "supervise", no_argument, NULL, 's' },
    { "pubsub", required_argument, NULL, 'b' },
    { "trusted-proxies", required_argument, NULL, 't' },
    { "help", no_argument, NULL, '?' + 1 },
};

#define COMMON_COUNT (sizeof common_options / sizeof *common_options)

/* The common options and the program's own, as getopt_long wants them. */
static void all_options(const program_flag *flags, struct option all[COMMON_COUNT + FLAGS_MAX + 1])
{
    size_t count = COMMON_COUNT;
    memcpy(all, common_options, sizeof common_options);
    for (int i = 0; flags && flags[i].name && i < FLAGS_MAX; i++)
        all[count++] = (struct option){ flags[i].name, flags[i].given ? no_argument : required_argument, NULL,
                                        FLAG_BASE + i };
    all[count] = (struct option){ 0 };
}

static int set_flag(const program_flag *flag)
{
    unsigned long number = 0;
    if (flag->given) {
        *flag->given = true;
        return 0;
    }
    int rc = parse_number(flag->name, optarg, 0, flag->most, &number);
    *flag->number = (uint32_t)number;
    return rc;
}

/* If a program is started without the descriptors 0 to 2, the first files that it opens get these numbers,
 * and its log is written into one of them. pinion_endpoint_run prevents this too, but we open files before.
 */
static void open_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int program_options(int argc, char **argv, const program_flag *flags, pinion_endpoint_options *options)
{
    struct option long_options[COMMON_COUNT + FLAGS_MAX + 1];
    open_standard_descriptors();
    options->ready = say_where;
    options->ready_data = options;
    all_options(flags, long_options);
    bool supervised = false;
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == '?' + 1) {
            help(argv[0], flags, stdout);
            return 1;
        }
        int rc = option >= FLAG_BASE ? set_flag(&flags[option - FLAG_BASE])
                                     : set_option(option, options, &supervised);
        if (rc) {
            help(argv[0], flags, stderr);
            return 2 + 1;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "\"%s\" is not an option\n", argv[optind]);
        help(argv[0], flags, stderr);
        return 2 + 1;
    }
    int rc = supervised ? supervise(options, argv) : 0;
    return rc ? pinion_exit(rc) + 1 : 0;
}
