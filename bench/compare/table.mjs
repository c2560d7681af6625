// Results as Markdown tables, which can be read in a terminal too.

import { pick, SCENARIOS } from "./scenarios.mjs";
import { SERVERS } from "./servers.mjs";
import { disturbances, doubts, medianAt, summarize, YARDSTICK } from "./statistics.mjs";

const MARKS = {
  bottleneck: "¹",
  disturbed: "²",
  missing: "³",
};

const NOTES = {
  bottleneck: "The load generator was busy for more than 90 % of the time: the server may do better.",
  disturbed: "Others had more than 5 % of one of the two processors in at least one round.",
  missing: "Not all messages arrived: the server could not keep up with the rate.",
};

// A number with three significant digits.
export function number(value) {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export function markdownTable(head, rows) {
  const widths = head.map((cell, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function marks(reports) {
  const found = doubts(reports);
  return Object.keys(MARKS)
    .filter((doubt) => found[doubt] > 0)
    .map((doubt) => MARKS[doubt])
    .join("");
}

function notes(results) {
  const all = results.scenarios.flatMap((scenario) => Object.values(scenario.reports).map(doubts));
  return Object.keys(MARKS)
    .filter((doubt) => all.some((found) => found[doubt] > 0))
    .map((doubt) => `${MARKS[doubt]} ${NOTES[doubt]}`);
}

// The scenarios of a file of results, with what scenarios.mjs says about them.
function known(results) {
  return results.scenarios.map((scenario) => ({ ...SCENARIOS.find(({ name }) => name === scenario.name), ...scenario }));
}

function serversIn(results) {
  return SERVERS.filter(({ name }) => results.scenarios.some((scenario) => scenario.reports[name]));
}

function figureCell(scenario, name) {
  const reports = scenario.reports[name];
  if (!reports) return "–";
  const { value, ratio } = summarize(scenario, reports, scenario.reports[YARDSTICK]);
  const times = ratio === undefined || name === YARDSTICK ? "" : ` (${ratio.toFixed(2)}×)`;
  return `${number(value * scenario.figure.scale)}${times}${marks(reports)}`;
}

// A row for each scenario, and a column for each server: the figure, and its ratio to the yardstick's.
export function figureTable(results) {
  const servers = serversIn(results);
  const rows = known(results).map((scenario) => [
    `${scenario.title}, ${scenario.figure.unit} per ${scenario.per}`,
    ...servers.map(({ name }) => figureCell(scenario, name)),
  ]);
  return markdownTable(["", ...servers.map(({ name }) => name)], rows);
}

function microseconds(reports, path) {
  const value = medianAt(reports, path);
  return value === undefined ? "–" : number(value / 1000);
}

// p50, p99 and p99.9 in microseconds, for the scenarios with a fixed rate.
export function latencyTable(results) {
  const rows = known(results)
    .filter((scenario) => scenario.latency)
    .flatMap((scenario) =>
      serversIn(results)
        .filter(({ name }) => scenario.reports[name])
        .map(({ name }) => [
          `${scenario.title}: ${name}`,
          ...["p50", "p99", "p99.9"].map((share) => microseconds(scenario.reports[name], ["latency_ns", share])),
          marks(scenario.reports[name]),
        ]),
    );
  return rows.length > 0 && markdownTable(["µs", "p50", "p99", "p99.9", ""], rows);
}

export function stormTable(results) {
  const storm = known(results).find(({ name }) => name === "connect");
  if (!storm) return false;
  const rows = serversIn(results)
    .filter(({ name }) => storm.reports[name])
    .map(({ name }) => {
      const reports = storm.reports[name];
      const at = (...path) => medianAt(reports, path);
      return [
        name,
        number(at("seconds")),
        number(at("refused") + at("timed_out")),
        microseconds(reports, ["echo_before_ns", "p99"]),
        microseconds(reports, ["echo_during_ns", "p99"]),
        marks(reports),
      ];
    });
  return markdownTable(["", "s until all have joined", "failed", "echo p99 before, µs", "during, µs", ""], rows);
}

export function memoryTable(results) {
  const idle = known(results).find(({ name }) => name === "idle");
  if (!idle) return false;
  const rows = serversIn(results)
    .filter(({ name }) => idle.reports[name])
    .map(({ name }) => {
      const mib = (field) => number(medianAt(idle.reports[name], [field]) / 2 ** 20);
      return [
        name,
        number(medianAt(idle.reports[name], ["bytes_per_connection"])),
        mib("memory_before"),
        mib("memory_joined"),
        mib("memory_left"),
        mib("memory_left_last"),
      ];
    });
  return markdownTable(
    ["", "B per connection", "MiB before", "joined", "when they have left", "after the last of three times"],
    rows,
  );
}

export function describeRun(results) {
  const { machine, commit, changed, rounds, seconds } = results;
  const built = `${commit}${changed ? " with changes that are not committed" : ""}`;
  return (
    `${results.date.slice(0, 10)}, commit ${built}; ${machine.cpu}, ${machine.processors} processors, ` +
    `Linux ${machine.kernel}, node ${machine.node}. Medians of ${rounds} ${rounds === 1 ? "round" : "rounds"} ` +
    `of ${seconds} s, all servers in turn in each.`
  );
}

// The note above the figures, when the machine was busy with other things for much of the time.
function warning(results) {
  const { disturbed, all } = disturbances(results);
  return (
    disturbed > all / 10 &&
    `**Provisional: other programs disturbed ${disturbed} of ${all} runs.** Measure again on a quiet machine before you ` +
      "quote any of this; until then ratios say more than figures, and differences of a third say nothing."
  );
}

// The whole report.
export function describeResults(results) {
  const tables = [
    ["CPU time of the server, and memory", figureTable(results)],
    ["Latency at a fixed rate", latencyTable(results)],
    ["A storm of connects", stormTable(results)],
    ["Memory", memoryTable(results)],
  ].filter(([, table]) => table);
  const skipped = Object.entries(results.skipped).map(([name, why]) => `Not measured: ${name} (${why}).`);
  return [
    describeRun(results),
    warning(results),
    ...tables.map(([title, table]) => `## ${title}\n\n${table}`),
    [...notes(results), ...skipped].join("\n\n"),
  ]
    .filter(Boolean)
    .join("\n\n");
}
