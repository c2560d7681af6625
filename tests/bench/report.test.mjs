// From the load generator's reports to figures, tables and charts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { barChart } from "../../bench/compare/chart.mjs";
import { SCENARIOS } from "../../bench/compare/scenarios.mjs";
import { doubts, median, medianAt, summarize } from "../../bench/compare/statistics.mjs";
import { describeResults, markdownTable, number } from "../../bench/compare/table.mjs";

const echo = SCENARIOS.find(({ name }) => name === "echo");

function report(cpu, more = {}) {
  return {
    messages: 1000,
    server: { cpu_ns_per_message: cpu, others: 0 },
    generator: { bottleneck: false, others: 0 },
    latency_ns: { count: 1000, p50: 1000, p99: 2000, "p99.9": 3000 },
    ...more,
  };
}

function resultsOf(scenarios) {
  return {
    date: "2026-01-02T03:04:05.000Z",
    commit: "0123456789ab",
    changed: false,
    machine: { cpu: "a processor", processors: 2, kernel: "6.1", node: "v20" },
    rounds: 3,
    seconds: 3,
    skipped: { "pinion-uring": "there is no such engine" },
    scenarios,
  };
}

describe("the statistics", () => {
  it("take the middle", () => {
    assert.equal(median([5, 1, 3]), 3);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(medianAt([{ a: { b: 1 } }, {}, { a: { b: 3 } }], ["a", "b"]), 2);
    assert.equal(medianAt([{}], ["a", "b"]), undefined);
  });

  it("compare within a round", () => {
    const yardstick = [report(1000), report(9000), report(2000)];
    const reports = [report(2000), report(18000), report(6000)];
    assert.deepEqual(summarize(echo, reports, yardstick), { value: 6000, least: 2000, most: 18000, ratio: 2 });
    assert.equal(summarize(echo, reports, undefined).ratio, undefined);
  });

  it("notice what casts doubt", () => {
    const disturbed = report(1, { server: { cpu_ns_per_message: 1, others: 0.2 } });
    const stuck = report(1, { generator: { bottleneck: true, others: 0 }, missing: 7 });
    assert.deepEqual(doubts([report(1), disturbed, stuck]), { bottleneck: 1, disturbed: 1, missing: 7 });
  });
});

describe("the tables", () => {
  it("give three digits", () => {
    assert.equal(number(1.234), "1.23");
    assert.equal(number(12.34), "12.3");
    assert.equal(number(1234.5), "1,235");
    assert.equal(number(undefined), "–");
  });

  it("are Markdown", () => {
    assert.equal(markdownTable(["", "n"], [["a", "1"], ["bcd", "22"]]), "|     |  n |\n|-----|---:|\n| a   |  1 |\n| bcd | 22 |");
  });

  it("show figures, ratios, doubts and what is missing", () => {
    const text = describeResults(
      resultsOf([
        {
          name: "echo-rate",
          reports: {
            limit: [report(1000), report(1000)],
            plain: [report(3000), report(3000, { generator: { bottleneck: true, others: 0 } })],
          },
        },
      ]),
    );
    assert.match(text, /\| 200 connections, 5,000 messages a second, µs per echo \| +1\.00 \| 3\.00 \(3\.00×\)¹ \|/);
    assert.match(text, /5,000 messages a second: plain \| +1\.00 \| 2\.00 \| +3\.00 \| ¹ \|/);
    assert.match(text, /¹ The load generator was busy/);
    assert.doesNotMatch(text, /²/);
    assert.match(text, /Not measured: pinion-uring \(there is no such engine\)/);
    assert.match(text, /Medians of 3 rounds of 3 s/);
  });
});

describe("a run on a busy machine", () => {
  const disturbed = report(1000, { server: { cpu_ns_per_message: 1000, others: 0.5 } });
  const run = (reports) => describeResults(resultsOf([{ name: "echo", reports: { limit: reports } }]));

  it("is provisional", () => {
    assert.match(run([report(1000), disturbed]), /Provisional: other programs disturbed 1 of 2 runs/);
  });

  it("is not when it was quiet", () => {
    assert.doesNotMatch(run([report(1000), report(1000)]), /Provisional/);
  });
});

describe("the charts", () => {
  const svg = barChart({
    title: "Cost <µs>",
    panels: [
      {
        title: "a & b",
        bars: [
          { label: "one", value: 2, text: "2.00", kind: "yardstick" },
          { label: "two", value: 4, text: "4.00", kind: "pinion" },
        ],
      },
    ],
  });

  it("escape what they say", () => {
    assert.match(svg, /<title id="title">Cost &lt;µs&gt;<\/title>/);
    assert.doesNotMatch(svg, /a & b/);
  });

  it("say to a screen reader what they show", () => {
    assert.match(svg, /role="img" aria-labelledby="title desc"/);
    assert.match(svg, /<desc id="desc">.*a &amp; b: one 2\.00, two 4\.00\.<\/desc>/);
  });

  it("draw bars in proportion", () => {
    const widths = [...svg.matchAll(/<rect [^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));
    assert.equal(widths.length, 2);
    assert.ok(Math.abs(widths[1] / widths[0] - 2) < 0.01);
  });

  it("have colours for dark ground too", () => {
    assert.match(svg, /prefers-color-scheme: dark/);
  });
});

describe("the scenarios", () => {
  it("have names of their own, and figures", () => {
    assert.equal(new Set(SCENARIOS.map(({ name }) => name)).size, SCENARIOS.length);
    for (const { title, args, figure, per } of SCENARIOS) assert.ok(title && args.length > 0 && figure.path && per);
  });
});
