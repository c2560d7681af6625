/* The checkers of this folder (see base/check.h). */
#ifndef PINION_IO_CHECK_H
#define PINION_IO_CHECK_H

#include "base/check.h"
#include "io/loop_int.h"

#ifdef PINION_CHECKS

const char *pinion__outbox_check(const struct pinion_outbox *outbox);
const char *pinion__outbox_pool_check(const struct pinion_outbox_pool *pool);
const char *pinion__busy_check(const struct pinion_loop *loop);

/* Checks what the loops of all engines have, including their connections. */
const char *pinion__loop_check(const struct pinion_loop *loop);

#endif

#endif
