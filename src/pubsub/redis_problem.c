#include "pubsub/redis_problem.h"
#include <stdio.h>
#include <string.h>

/* A longer word comes before its beginning. */
static const struct pinion_redis_problem problems[] = {
    { "WRONGPASS", false, "the server refuses the user or the password" },
    { "NOAUTH", false, "the server refuses the user: it wants a password" },
    { "ERR invalid password", false, "the server refuses the user or the password" },
    { "ERR Client sent AUTH", false, "the server refuses the user or the password: it has none set" },
    { "ERR AUTH", false, "the server refuses the user or the password: it has none set" },
    { "ERR wrong number of arguments for 'auth'", false,
      "the server refuses the user: it knows passwords alone" },
    { "ERR unknown command", false, "the server does not know a command that is needed" },
    { "DENIED", false, "the server is in protected mode and takes no connection from here" },
    { "NOPERM", false, "the server does not let this user run a command that is needed" },
    { "ERR max number of clients", true, "the server has as many clients as it may (maxclients)" },
    { "LOADING", true, "the server is loading its data" },
    { "BUSY", true, "the server is busy with a script" },
    { "MASTERDOWN", true, "the server is a replica that has lost its master" },
    { "MISCONF", true, "the server cannot save its data" },
    { "READONLY", true, "the server is a replica that only reads" },
    { "CLUSTERDOWN", true, "the servers' cluster is down" },
    { "TRYAGAIN", true, "the servers' cluster is being rearranged" },
    { "NOREPLICAS", true, "the server has too few replicas" },
    { "OOM", true, "the server has no memory left" },
};

static const struct pinion_redis_problem unknown = { "", true, NULL };

const struct pinion_redis_problem *pinion__redis_problem(const char *answer)
{
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (strncmp(answer, problems[i].word, strlen(problems[i].word)) == 0)
            return &problems[i];
    }
    return &unknown;
}

bool pinion__redis_is_refusal(const char *answer)
{
    return strncmp(answer, "NOPERM", 6) == 0;
}

void pinion__redis_sentence(const char *answer, char *out, size_t size)
{
    const struct pinion_redis_problem *problem = pinion__redis_problem(answer);
    if (problem->text)
        snprintf(out, size, "%s", problem->text);
    else
        snprintf(out, size, "the server answers with an error, %.*s", (int)strcspn(answer, " "), answer);
}
