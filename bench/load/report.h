/* What a run has shown, as JSON or as lines for people. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "histogram.h"

struct load;

/* Put into the report, under that name. */
void report_number(const char *name, double value);
void report_latency(const char *name, const struct histogram *histogram);

/* Something that casts doubt on the figures. */
void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Add what the measurement says, and what the generator says of itself; then print all. */
void report_finish(const struct load *load);

#endif
