/* What a process tells its supervisor. A second reader, which reads by lines, must find the same. What is
 * passed on contains only lines that may be.
 *
 * Fuzzes in part: src/process/notify.c; all but its reading needs a socket */
#include "fuzz.h"
#include "process/notify.h"
#include <ctype.h>

static bool begins(struct pinion_slice line, const char *word)
{
    return line.len >= strlen(word) && memcmp(line.ptr, word, strlen(word)) == 0;
}

static bool is_passed_on(struct pinion_slice line)
{
    return begins(line, "STATUS=") || begins(line, "EXTEND_TIMEOUT_USEC=");
}

/* A decimal number, or 0. */
static uint64_t number_of(struct pinion_slice line, const char *word)
{
    uint64_t value = 0;
    for (size_t i = strlen(word); i < line.len; i++) {
        if (!isdigit((unsigned char)line.ptr[i]) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(line.ptr[i] - '0'), &value))
            return 0;
    }
    return line.len - strlen(word) < 24 && value < UINT64_MAX ? value : 0;
}

static void check_line(struct pinion_slice line, struct pinion_notification *expected)
{
    expected->ready = expected->ready || pinion__slice_is(line, "READY=1");
    expected->stopping = expected->stopping || pinion__slice_is(line, "STOPPING=1");
    expected->ping = expected->ping || pinion__slice_is(line, "WATCHDOG=1");
    if (begins(line, "EXTEND_TIMEOUT_USEC="))
        expected->extend_us = number_of(line, "EXTEND_TIMEOUT_USEC=");
    if (begins(line, "ERRNO="))
        expected->error = (int)(number_of(line, "ERRNO=") & INT32_MAX);
}

/* Each line that is passed on was in the message, and the lines keep their order. */
static void check_relay(const char *relay, struct pinion_slice message)
{
    struct input lines = { (const uint8_t *)relay, strlen(relay) };
    struct input from = { (const uint8_t *)message.ptr, message.len };
    REQUIRE(lines.left == 0 || relay[lines.left - 1] == '\n');
    while (lines.left > 0) {
        struct pinion_slice line = input_until(&lines, '\n'), other;
        REQUIRE(is_passed_on(line));
        do {
            REQUIRE(from.left > 0);
            other = input_until(&from, '\n');
        } while (!pinion__slice_eq(line, other));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_notification found, expected = { .ready = false };
    struct pinion_slice message = pinion__slice((const char *)data, size);
    char *exact = copy_exactly(message);
    struct input input = { data, size };
    pinion__notification_parse(&found, exact, size);
    while (input.left > 0)
        check_line(input_until(&input, '\n'), &expected);
    REQUIRE(found.ready == expected.ready && found.stopping == expected.stopping);
    REQUIRE(found.ping == expected.ping && found.extend_us == expected.extend_us);
    REQUIRE(found.error == expected.error);
    REQUIRE(memchr(found.claim, '\0', sizeof found.claim) && memchr(found.relay, '\0', sizeof found.relay));
    REQUIRE(!*found.claim || memmem(data, size, found.claim, strlen(found.claim)));
    check_relay(found.relay, message);
    free(exact);
    return 0;
}
