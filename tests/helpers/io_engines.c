/* Says which I/O engines work on this machine: a line each, the name, and after it why if it does not. */
#include "io/loop.h"
#include <stdio.h>

static void say(const char *name)
{
    const struct pinion_loop_ops *engine = pinion__loop_engine(name);
    const char *refusal = engine ? pinion__loop_engine_refusal(engine) : "not in this build";

    printf("%s%s%s\n", name, refusal ? " " : "", refusal ? refusal : "");
}

int main(void)
{
    say("uring");
    say("uv");
    return 0;
}
