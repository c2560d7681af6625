/* The vectors, where memory runs out: one after the other, as vectors_test.c finds them. */
#include "helpers/shortage.h"
#include "sweep/sweep.h"
#include "vectors/steps.h"

struct vector {
    json_t *vector;
    const char *vsn;
};

static void count_inside(bool inside)
{
    shortage_spare(!inside);
}

static int play(void *data)
{
    const struct vector *vector = data;
    replay_inside = count_inside;
    shortage_spare(true);
    int rc = play_vector(vector->vector, vector->vsn);
    shortage_spare(false);
    replay_inside = NULL;
    return rc;
}

void run_vector(const char *name, json_t *vector, const char *vsn)
{
    struct vector one = { vector, vsn };
    sweep(name, play, &one);
    replay_vector(vector, vsn);
}
