// A strict reader of the text format of Prometheus, version 0.0.4: whatever its grammar or its rules for names do not allow is an
// error here. Written from the format's description, and apart from what writes it.

import assert from "node:assert/strict";

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const NUMBER = /^(?:[+-]?Inf|NaN|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;
const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];

const valueOf = (text) => (/Inf/.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text));

// {a="1",b="2"}: [labels, the rest of the line]
function labelsOf(text) {
  const labels = new Map();
  if (!text.startsWith("{")) return [labels, text];
  let rest = text.slice(1);
  while (!rest.startsWith("}")) {
    const match = /^([^=]*)="((?:[^"\\\n]|\\["\\n])*)"(,?)/.exec(rest);
    assert.ok(match, `labels: ${text}`);
    const [whole, name, escaped, comma] = match;
    assert.match(name, LABEL);
    assert.ok(!labels.has(name), `the label ${name} twice: ${text}`);
    labels.set(name, escaped.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c)));
    rest = rest.slice(whole.length);
    assert.ok(comma || rest.startsWith("}"), `labels: ${text}`);
  }
  return [labels, rest.slice(1)];
}

function sampleOf(line) {
  const name = /^[^{ ]*/.exec(line)[0];
  assert.match(name, METRIC, line);
  const [labels, rest] = labelsOf(line.slice(name.length));
  assert.match(rest, /^ [^ ]+$/, line);
  assert.match(rest.slice(1), NUMBER, line);
  return { name, labels, value: valueOf(rest.slice(1)) };
}

const keyOf = ({ name, labels }) => `${name}{${[...labels].map(([label, value]) => `${label}=${JSON.stringify(value)}`).sort()}}`;

function checkNames({ name, type, help }) {
  assert.ok(help, `${name} has no HELP`);
  assert.equal(name.endsWith("_total"), type === "counter", `${name} is a ${type}`);
  if (type !== "histogram") assert.doesNotMatch(name, /_(bucket|count|sum)$/);
  assert.doesNotMatch(name, /milliseconds|minutes|kilobytes|_ms(_|$)/, `${name}: base units`);
}

const withoutBound = ({ labels }) => keyOf({ name: "", labels: new Map([...labels].filter(([label]) => label !== "le")) });

// Buckets grow with their bounds, and the last one, +Inf, is the count.
function checkHistogram({ name, samples }) {
  const series = Map.groupBy ? Map.groupBy(samples, withoutBound) : samples.reduce((all, one) => all.set(withoutBound(one), [...(all.get(withoutBound(one)) ?? []), one]), new Map());
  for (const [labels, all] of series) {
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`);
    const [count, sum] = ["_count", "_sum"].map((suffix) => all.filter((sample) => sample.name === name + suffix));
    assert.deepEqual([count.length, sum.length], [1, 1], `${name} ${labels}`);
    const bounds = buckets.map(({ labels: of }) => valueOf(of.get("le")));
    assert.deepEqual(bounds, [...bounds].sort((a, b) => a - b), `${name} ${labels}`);
    assert.equal(bounds.at(-1), Infinity, `${name} ${labels}`);
    const values = buckets.map(({ value }) => value);
    assert.deepEqual(values, [...values].sort((a, b) => a - b), `${name} ${labels}`);
    assert.equal(values.at(-1), count[0].value, `${name} ${labels}`);
  }
}

function checkFamily(family) {
  const suffixes = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  checkNames(family);
  for (const { name, value } of family.samples) {
    assert.ok(suffixes.some((suffix) => name === family.name + suffix), `${name} among the samples of ${family.name}`);
    if (family.type !== "gauge") assert.ok(value >= 0, `${name} is ${value}`);
  }
  if (family.type === "histogram") checkHistogram(family);
}

// The families of a page: Map of name to {name, type, help, samples: [{name, labels: Map, value}]}. Throws at the first mistake.
export function parse(text) {
  const families = new Map();
  const seen = new Set();
  let family;
  assert.ok(text.endsWith("\n"), "the last line has no end");
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === "HELP") {
      assert.match(comment[2], METRIC);
      assert.ok(!families.has(comment[2]), `${comment[2]} twice`);
      assert.doesNotMatch(comment[3], /(?<!\\)(?:\\\\)*\\[^\\n]/);
      families.set(comment[2], (family = { name: comment[2], help: comment[3], samples: [] }));
    } else if (comment) {
      assert.equal(comment[2], family?.name, line);
      assert.ok(!family.type && TYPES.includes(comment[3]), line);
      family.type = comment[3];
    } else {
      const sample = sampleOf(line);
      assert.ok(family?.type, line);
      assert.ok(!seen.has(keyOf(sample)), `twice: ${line}`);
      seen.add(keyOf(sample));
      family.samples.push(sample);
    }
  }
  for (const one of families.values()) checkFamily(one);
  return families;
}

// The sum of the samples of this name that have these labels.
export function sum(families, name, labels = {}) {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  assert.ok(family, `the page has no ${name}`);
  const fits = (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value);
  return family.samples.filter(fits).reduce((total, sample) => total + sample.value, 0);
}
