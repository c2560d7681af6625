// ./run micro: how many instructions each micro-benchmark takes for one operation, compared with the figures that were
// committed last (baseline.json next to this file). A count of instructions is the same every time, whatever else the
// machine does, so a jump means that the code has changed. Nanoseconds are printed for interest only.
//
//   node bench/micro/check.mjs PROGRAM            compare; the last line is `N passed, N failed`
//   node bench/micro/check.mjs PROGRAM --accept   write what was counted as the new figures

import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { promisify } from "node:util";

const JUMP = 0.1;
const BASELINE = new URL("baseline.json", import.meta.url);

const [program, option] = process.argv.slice(2);
if (!program || (option && option !== "--accept")) {
  console.error("usage: check.mjs PROGRAM [--accept]");
  process.exit(2);
}

// "name number" lines.
function table(...args) {
  const lines = execFileSync(program, args, { encoding: "utf8" }).trimEnd().split("\n");
  return new Map(lines.map((line) => line.split(" ")).map(([name, number]) => [name, Number(number)]));
}

async function countInstructions(name) {
  const { stderr } = await promisify(execFile)("valgrind", [
    "--tool=callgrind",
    "--callgrind-out-file=/dev/null",
    "--collect-atstart=no",
    "--toggle-collect=micro_measured",
    program,
    "--once",
    name,
  ]);
  const collected = /Collected : (\d+)/.exec(stderr);
  if (!collected || collected[1] === "0") throw new Error(`valgrind counted nothing of ${name}:\n${stderr}`);
  return Number(collected[1]);
}

// The instructions of one operation, for all of `operations`. As many run at once as there are processors.
async function countAll(operations) {
  const counts = new Map([...operations.keys()].map((name) => [name, NaN]));
  const left = [...operations.keys()];
  async function work() {
    for (let name = left.shift(); name; name = left.shift()) {
      counts.set(name, (await countInstructions(name)) / operations.get(name));
    }
  }
  await Promise.all(cpus().map(work));
  return counts;
}

function readBaseline() {
  try {
    return JSON.parse(readFileSync(BASELINE, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return { instructions: {} };
    throw error;
  }
}

function round(count) {
  return Number(count.toPrecision(5));
}

function accept(about, counts) {
  const instructions = Object.fromEntries([...counts].map(([name, count]) => [name, round(count)]).sort());
  writeFileSync(BASELINE, `${JSON.stringify({ about, instructions }, null, 2)}\n`);
  console.log(`${counts.size} figures written to bench/micro/baseline.json: commit them, and say why they changed`);
}

function verdict(count, before) {
  if (count === undefined) return "is gone";
  if (before === undefined) return "has no figure to compare with";
  const change = count / before - 1;
  return change > JUMP ? `takes ${(100 * change).toFixed(1)} % more instructions` : null;
}

function print(name, count, before, nanoseconds) {
  const change = count && before ? `${(100 * (count / before - 1)).toFixed(1)} %` : "";
  const cells = [round(count ?? NaN), before ?? "", change, nanoseconds ?? ""];
  console.log(name.padEnd(34), ...cells.map((cell) => String(cell).padStart(11)));
}

function compare(about, counts, nanoseconds) {
  const baseline = readBaseline();
  const faults = [];
  const names = new Set([...counts.keys(), ...Object.keys(baseline.instructions)]);
  console.log("".padEnd(34), ...["instructions", "before", "change", "ns"].map((head) => head.padStart(11)));
  for (const name of names) {
    const before = baseline.instructions[name];
    print(name, counts.get(name), before, nanoseconds.get(name));
    const fault = verdict(counts.get(name), before);
    if (fault) faults.push(`${name} ${fault}`);
  }
  if (baseline.about && baseline.about !== about) {
    console.log(`skipped: the figures are of ${baseline.about}, this is ${about}: what differs may be the compiler's`);
    console.log(`0 passed, 0 failed, ${names.size} skipped`);
    return true;
  }
  if ([...counts].some(([name, count]) => count / baseline.instructions[name] < 1 - JUMP)) {
    console.log("Some take far fewer than before. So that they stay so: ./run micro --accept, and commit the new figures.");
  }
  for (const fault of faults) console.log(`FAILED ${fault}`);
  if (faults.length > 0) {
    console.log("If this is the price of something that is worth it: ./run micro --accept, and commit the new figures.");
  }
  console.log(`${names.size - faults.length} passed, ${faults.length} failed`);
  return faults.length === 0;
}

const about = execFileSync(program, ["--about"], { encoding: "utf8" }).trim();
const counts = await countAll(table("--list"));
if (option === "--accept") accept(about, counts);
else if (!compare(about, counts, table())) process.exitCode = 1;
