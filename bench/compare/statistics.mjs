// Makes one figure for each server out of the reports of several rounds, and its ratio to the yardstick.

import { pick } from "./scenarios.mjs";

export const YARDSTICK = "limit";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// The median of the values at a path, over all rounds; undefined when no round has one.
export function medianAt(reports, path) {
  const values = reports.map((report) => pick(report, path)).filter((value) => value !== undefined);
  return values.length > 0 ? median(values) : undefined;
}

// {value, least, most, ratio}. The ratio is the median of the ratios of each round, so that what disturbed a round
// cancels out. It is missing if there is no yardstick.
export function summarize(scenario, reports, yardstick) {
  const at = (report) => pick(report, scenario.figure.path);
  const values = reports.map(at);
  const ratios = yardstick ? reports.map((report, round) => at(report) / at(yardstick[round])) : [];
  return {
    value: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    ratio: ratios.length > 0 ? median(ratios) : undefined,
  };
}

// A run is disturbed when other programs had more than this share of one of the two processors.
const OTHERS_LIMIT = 0.05;

function isDisturbed(report) {
  return Math.max(report.server?.others ?? 0, report.generator?.others ?? 0) > OTHERS_LIMIT;
}

// How many of all runs were disturbed: {disturbed, all}.
export function disturbances(results) {
  const reports = results.scenarios.flatMap((scenario) => Object.values(scenario.reports).flat());
  return { disturbed: reports.filter(isDisturbed).length, all: reports.length };
}

// The warnings about a server's figures in a scenario, each once, with the number of rounds that have it.
export function doubts(reports) {
  const count = (test) => reports.filter(test).length;
  return {
    bottleneck: count((report) => report.generator?.bottleneck),
    disturbed: count(isDisturbed),
    missing: Math.max(0, ...reports.map((report) => report.missing ?? 0)),
  };
}
