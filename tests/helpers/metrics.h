/* The page of metrics of a test's endpoint, and its figures. */
#ifndef TESTS_HELPERS_METRICS_H
#define TESTS_HELPERS_METRICS_H

#include "helpers/engine.h"
#include <pinion/metrics.h>

static inline void mount_metrics(void)
{
    ok(pinion_endpoint_metrics(pinion_test_endpoint(test), "/metrics", NULL));
}

static inline const char *metrics_page(void)
{
    pinion_test_answer *answer = NULL;
    ok(pinion_test_http(test, "GET", "/metrics", NULL, &answer));
    ok(pinion_test_expect_status(answer, 200));
    return pinion_test_answer_body(answer, NULL);
}

/* The sum of all samples of this name whose labels contain this text; "" for all. */
static inline double metric(const char *name, const char *labels)
{
    const char *line = metrics_page();
    double sum = 0;
    bool any = false;
    for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t len = strlen(name), end = strcspn(line, "\n");
        const char *found = strstr(line, labels), *value = line + end;
        if (strncmp(line, name, len) != 0 || (line[len] != ' ' && line[len] != '{') || !found ||
            found > line + end)
            continue;
        while (value[-1] != ' ')
            value--;
        sum += strtod(value, NULL);
        any = true;
    }
    if (!any)
        fail_msg("the page has no %s with %s", name, labels);
    return sum;
}

#define assert_metric(name, labels, value) assert_int_equal((long)metric(name, labels), value)

#endif
