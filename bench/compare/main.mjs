// ./run bench: every scenario against every server, side by side. In each round all servers take their turn, and each
// is started anew. The next round begins with another server. So whatever disturbs the machine disturbs all alike.

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { chooseProcessors, describeCommit, describeMachine } from "./machine.mjs";
import { SCENARIOS } from "./scenarios.mjs";
import { CannotStart, SERVERS, start } from "./servers.mjs";
import { describeResults } from "./table.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const load = path.join(root, "build/bin/load");

const USAGE = `usage: ./run bench [options] [scenario…]

  A scenario is meant by its name or the beginning of it; none means all.
  --quick          one round of a second each: an impression, not a measurement
  --rounds N       how often each server is measured (5)
  --seconds S      how long each time (3)
  --servers A,B    only these
  --list           the scenarios and the servers

Results of all scenarios and servers go into bench/results, of some, or with --quick, into build/bench.`;

class Mistake extends Error {}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      servers: { type: "string" },
      list: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  return {
    ...values,
    rounds: Math.ceil(positive("rounds", values.rounds ?? (values.quick ? 1 : 5))),
    seconds: positive("seconds", values.seconds ?? (values.quick ? 1 : 3)),
    servers: chosen(SERVERS, values.servers?.split(","), (name, word) => name === word),
    scenarios: chosen(SCENARIOS, positionals, (name, word) => name.startsWith(word)),
  };
}

function positive(name, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Mistake(`--${name}: "${text}" is not a number above 0`);
  return value;
}

function chosen(all, words, matches) {
  if (!words?.length) return all;
  for (const word of words) {
    if (!all.some(({ name }) => matches(name, word))) throw new Mistake(`there is no "${word}": --list shows what there is`);
  }
  return all.filter(({ name }) => words.some((word) => matches(name, word)));
}

// True when the results of a run may become the page docs/performance.md.
function isComplete({ quick, servers, scenarios }) {
  return !quick && servers.length === SERVERS.length && scenarios.length === SCENARIOS.length;
}

function list() {
  for (const { name, title } of SCENARIOS) console.log(`${name.padEnd(16)} ${title}`);
  console.log();
  for (const { name, about } of SERVERS) console.log(`${name.padEnd(16)} ${about}`);
}

// One run of one scenario against one server: the load generator's report.
async function measure(scenario, server, processors, seconds) {
  const running = await start(server, processors.server);
  const args = [
    ...scenario.args,
    ...(scenario.ownTime ? [] : ["--seconds", seconds]),
    ...(server.dialect ? ["--dialect", server.dialect] : []),
    ...["--port", running.port, "--pid", running.pid, "--cpu", processors.generator, "--json"],
  ];
  try {
    const { stdout } = await promisify(execFile)(load, args.map(String));
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`${scenario.name} with ${server.name}: ${error.stderr || error.message}`);
  } finally {
    await running.stop();
  }
}

// The servers that start. The others go into `skipped`, with what they say.
async function available(servers, processors, skipped) {
  const those = [];
  for (const server of servers) {
    try {
      const running = await start(server, processors.server);
      await running.stop();
      those.push(server);
    } catch (error) {
      if (!(error instanceof CannotStart)) throw error;
      skipped[server.name] = error.message;
      console.log(`${server.name} is skipped: ${error.message}`);
    }
  }
  return those;
}

async function runScenario(scenario, servers, processors, options) {
  const reports = Object.fromEntries(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < servers.length; turn++) {
      const server = servers[(turn + round) % servers.length];
      process.stderr.write(`${scenario.name}, round ${round + 1} of ${options.rounds}: ${server.name}\n`);
      reports[server.name].push(await measure(scenario, server, processors, options.seconds));
    }
  }
  return { name: scenario.name, reports };
}

function write(results, complete) {
  const directory = path.join(root, complete ? "bench/results" : "build/bench");
  const name = `${results.date.slice(0, 10)}-${results.commit || "uncommitted"}`;
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, name);
  writeFileSync(`${file}.json`, `${JSON.stringify(results)}\n`);
  writeFileSync(`${file}.md`, `# ${name}\n\n${describeResults(results)}\n`);
  return path.relative(root, file);
}

async function main() {
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  if (options.list) return list();

  const processors = chooseProcessors();
  if (processors.server === processors.generator) {
    console.log("There is only one processor: server and load generator share it, and the figures are worth little.");
  }
  const results = {
    date: new Date().toISOString(),
    ...describeCommit(),
    machine: describeMachine(),
    processors,
    rounds: options.rounds,
    seconds: options.seconds,
    skipped: {},
    scenarios: [],
  };
  const servers = await available(options.servers, processors, results.skipped);
  for (const scenario of options.scenarios) {
    results.scenarios.push(await runScenario(scenario, servers, processors, options));
  }
  console.log(`\n${describeResults(results)}`);
  console.log(`\nWritten to ${write(results, isComplete(options))}.json and .md`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  if (error instanceof Mistake || error.code?.startsWith("ERR_PARSE_ARGS")) console.error(USAGE);
  process.exitCode = 1;
}
