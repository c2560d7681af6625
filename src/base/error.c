/* What the error codes mean, and the sentence about the last failed call of each thread. */
#include "base/log.h"
#include "base/log_writer.h"
#include <errno.h>
#include <pinion/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static _Thread_local struct {
    int code;
    unsigned count;    /* how many sentences this thread has kept */
    const char *whole; /* the sentence, where it is kept elsewhere and has any length; else NULL */
    char sentence[512];
} last_failure;

const char *pinion_strerror(int code)
{
    switch (code) {
    case 0:
        return "no error";
#define CASE(name, value, text)                                                                              \
    case PINION_##name:                                                                                      \
        return text;
        PINION_ERROR_MAP(CASE)
#undef CASE
    default:
        return "unknown error";
    }
}

const char *pinion_errname(int code)
{
    switch (code) {
    case 0:
        return "OK";
#define CASE(name, value, text)                                                                              \
    case PINION_##name:                                                                                      \
        return "PINION_" #name;
        PINION_ERROR_MAP(CASE)
#undef CASE
    default:
        return "unknown";
    }
}

const char *pinion_error_detail(void)
{
    return last_failure.whole ? last_failure.whole : last_failure.sentence;
}

int pinion__fail_whole(int code, const char *sentence)
{
    (void)pinion__fail(code, "%s", sentence);
    last_failure.whole = sentence;
    return code;
}

void pinion__fail_gone(const char *sentence)
{
    if (last_failure.whole == sentence)
        last_failure.whole = NULL;
}

int pinion__fail(int code, const char *format, ...)
{
    /* The sentence is formatted into a buffer of its own, because the arguments may include the one kept so
     * far. */
    char sentence[sizeof(last_failure.sentence)];
    va_list args;

    va_start(args, format);
    if (vsnprintf(sentence, sizeof(sentence), format, args) < 0)
        sentence[0] = '\0';
    va_end(args);
    last_failure.code = code;
    last_failure.count++;
    last_failure.whole = NULL;
    memcpy(last_failure.sentence, sentence, strlen(sentence) + 1);
    return code;
}

/* Say which limit was hit, and how to raise it. */
static void put_remedy(char *out, size_t size, int error)
{
    struct rlimit limit = { 0 };
    *out = '\0';
    if (error == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
        snprintf(out, size,
                 ": this process may open %llu descriptors; raise that limit (ulimit -n, systemd's "
                 "LimitNOFILE)",
                 (unsigned long long)limit.rlim_cur);
    else if (error == ENFILE)
        snprintf(out, size, ": this machine has no descriptors left; raise fs.file-max");
    else if (error == EAGAIN)
        snprintf(out, size,
                 ": the limit of threads is reached; raise it (ulimit -u, systemd's TasksMax, "
                 "kernel.threads-max)");
}

int pinion__fail_system(int error, const char *format, ...)
{
    char what[256], remedy[160];
    va_list args;
    va_start(args, format);
    if (vsnprintf(what, sizeof what, format, args) < 0)
        what[0] = '\0';
    va_end(args);
    put_remedy(remedy, sizeof remedy, error);
    return pinion__fail(error == ENOMEM ? PINION_ENOMEM : PINION_EIO, "%s: %s%s", what, strerror(error),
                        remedy);
}

unsigned pinion__error_mark(void)
{
    return last_failure.count;
}

const char *pinion__public_name(char out[PINION_FUNCTION_NAME], const char *function)
{
    static const char behind[] = "_sized";
    size_t len = strlen(function), cut = sizeof behind - 1;
    if (len > cut && strcmp(function + len - cut, behind) == 0)
        len -= cut;
    snprintf(out, PINION_FUNCTION_NAME, "%.*s", (int)len, function);
    return out;
}

/* The mark is older than sentences about other errors: those errors were handled and do not matter. */
int pinion__error_end(const char *function, unsigned mark, int code)
{
    bool said = last_failure.count != mark && last_failure.code == code;
    if (code < 0 && !said)
        (void)pinion__fail(code, "%s: %s", pinion__public_name((char[PINION_FUNCTION_NAME]){ 0 }, function),
                           pinion_strerror(code));
    return code;
}

/* The kept sentence may be about an earlier failure with another code. Then the code's own text is better. */
const char *pinion__error_sentence(int code)
{
    if (last_failure.code == code && last_failure.sentence[0] != '\0')
        return last_failure.sentence;
    return pinion_strerror(code);
}

int pinion_exit(int code)
{
    if (code == 0)
        return 0;
    char line[sizeof last_failure.sentence + 16];
    int len = snprintf(line, sizeof line, "pinion: %s\n", pinion__error_sentence(code));
    pinion__log_write(line, (size_t)len); /* behind the lines that were logged before; it never waits long */
    pinion__log_flush();
    return 1;
}
