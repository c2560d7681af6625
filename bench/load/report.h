/* The report of a run, as JSON or as lines for people. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "histogram.h"

struct load;

/* Put a figure into the report, under this name. */
void report_number(const char *name, double value);
void report_latency(const char *name, const struct histogram *histogram);

/* Warn of something that casts doubt on the figures. */
void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Add the measurement, and what the generator knows about itself. Then print everything. */
void report_finish(const struct load *load);

#endif
