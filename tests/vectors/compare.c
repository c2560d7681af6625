/* Each vector as it stands. */
#include "vectors/steps.h"

void run_vector(const char *name, json_t *vector, const char *vsn)
{
    replay_vector(vector, vsn);
}
