// bench/report: makes docs/performance.md and its charts from a file of results.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { barChart, describeChart } from "./chart.mjs";
import { pick, SCENARIOS } from "./scenarios.mjs";
import { SERVERS } from "./servers.mjs";
import { median } from "./statistics.mjs";
import { describeResults, number } from "./table.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const resultsDirectory = path.join(root, "bench/results");
const chartsDirectory = path.join(root, "docs/performance");

const CHARTS = [
  {
    file: "fanout.svg",
    title: "CPU time of the server for one delivery of a broadcast, µs",
    panels: ["fanout-1k", "fanout-10k", "burst-1k"],
  },
  { file: "echo.svg", title: "CPU time of the server for one echo, µs", panels: ["echo"] },
  { file: "memory.svg", title: "Memory of the server for one connection, B", panels: ["idle"] },
];

function newest() {
  const files = readdirSync(resultsDirectory).filter((name) => name.endsWith(".json"));
  if (files.length === 0) throw new Error("there are no results yet: ./run bench makes some");
  const date = (name) => JSON.parse(readFileSync(path.join(resultsDirectory, name), "utf8")).date;
  const [last] = files.map((name) => [date(name), name]).sort().at(-1).slice(1);
  return path.join(resultsDirectory, last);
}

function kindOf(name) {
  if (name.startsWith("pinion")) return "pinion";
  return name === "limit" || name === "plain" ? "yardstick" : "peer";
}

function makePanel(results, name) {
  const scenario = SCENARIOS.find((each) => each.name === name);
  const reports = results.scenarios.find((each) => each.name === name)?.reports;
  if (!reports) return null;
  const { path: at, scale } = scenario.figure;
  const bars = SERVERS.filter((server) => reports[server.name]).map((server) => {
    const value = median(reports[server.name].map((report) => pick(report, at))) * scale;
    return { label: server.name, value, text: number(value), kind: kindOf(server.name) };
  });
  return { title: scenario.title, bars };
}

function makeCharts(results) {
  return CHARTS.map((chart) => ({ ...chart, panels: chart.panels.map((name) => makePanel(results, name)).filter(Boolean) }))
    .filter(({ panels }) => panels.length > 0);
}

function page(results, file, charts) {
  const images = charts.map((chart) => `![${describeChart(chart)}](performance/${chart.file})`);
  const measured = SERVERS.filter(({ name }) => results.scenarios.some(({ reports }) => reports[name]));
  const servers = measured.map(({ name, about }) => `- \`${name}\`: ${about}`);
  return `# Performance

<!-- Made by bench/report of ${path.relative(root, file)}: change the results or the script, not this page. -->

What Pinion costs, compared with two yardsticks and with two servers of other projects. The same load generator measured all of them in the same hour. The most important figure is the server's
CPU time for one message: it says how many messages a core can carry, and it depends less than elapsed time on what else the machine does. \`./run bench\` measures everything again.
[bench/README.md](../bench/README.md) says how, and what the figures do not say; [memory.md](memory.md) where each byte of a client goes.

${servers.join("\n")}

A number in parentheses is the ratio to \`limit\`, which is the lowest cost that we could reach.

${images.join("\n\n")}

${describeResults(results)}
`;
}

const file = process.argv[2] ?? newest();
const results = JSON.parse(readFileSync(file, "utf8"));
const charts = makeCharts(results);
rmSync(chartsDirectory, { recursive: true, force: true });
mkdirSync(chartsDirectory, { recursive: true });
for (const chart of charts) writeFileSync(path.join(chartsDirectory, chart.file), barChart(chart));
writeFileSync(path.join(root, "docs/performance.md"), page(results, path.resolve(file), charts));
console.log(`docs/performance.md and ${charts.length} charts are made from ${path.relative(root, path.resolve(file))}`);
