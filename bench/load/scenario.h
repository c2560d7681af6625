/* A scenario is a run against a server, and a report of it. */
#ifndef LOAD_SCENARIO_H
#define LOAD_SCENARIO_H

#include "options.h"

struct load;

struct scenario {
    const char *name;
    const char *help;
    struct options defaults; /* for numbers that are 0 on the command line, `seconds` too */
    void (*run)(struct load *load);
};

extern const struct scenario scenario_fanout;
extern const struct scenario scenario_echo;
extern const struct scenario scenario_connect;
extern const struct scenario scenario_idle;
extern const struct scenario scenario_churn;
extern const struct scenario scenario_mixed;

/* All scenarios; NULL ends them. */
extern const struct scenario *const scenarios[];

#endif
