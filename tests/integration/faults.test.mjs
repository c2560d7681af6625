// Every call a server makes fails once (tests/helpers/scarce): at its start, during visits, while it is replaced, and at
// its end. Whoever suffers that gets a clear end, everybody else is served, and nothing is left waiting.
//
// Each call in its turn and in each of its ways where PINION_SWEEP=all, else some by chance. PINION_SEED repeats a choice.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { childrenOf } from "../helpers/processes.mjs";
import { SCARCE, chosen, everything, listensOrEnds, seed, shared } from "../helpers/scarce.mjs";
import { run, start } from "../helpers/server.mjs";
import { byLongPolling, byWebSocket, member, ofFiles } from "../helpers/visits.mjs";
import { within } from "../helpers/wait.mjs";

const UNREACHED = 5; // so many numbers in a row that no call had: there are no more
const VISITS = 40; // of each kind, by chance
const STARTS = 8;
const FILE_SIZE = 600_000;
const LONG_MS = 60_000; // a supervisor waits for half of it
const NOT_EXECUTED = 127; // a child's, which its supervisor hands on

// Runs `scenario` with its n-th call failing, for each n, in each way; it resolves to how it went, in a word.
async function sweep(t, { set, get, failure }, count, some, scenario) {
  const numbers = everything ? Array.from({ length: 10 * count }, (_, i) => i + 1) : chosen(count, some);
  const tally = {};
  let unreached = 0, swept = 0, last = 0;
  for (const n of numbers) {
    const first = everything ? 0 : (seed + n) % 8;
    for (let way = first, ways = 1; way < first + ways; way++) {
      const before = get("failedCalls");
      set("way", way);
      const arm = () => set("theCall", get("called") + n);
      const describe = () => `call ${n}, way ${way} (${get("failedCalls") > before ? failure() : "not reached"}), seed ${seed}`;
      const began = performance.now();
      const went = await scenario(arm, describe);
      set("theCall", 0);
      if (get("failedCalls") === before) {
        unreached++;
        break;
      }
      unreached = 0;
      swept++;
      last = n;
      if (everything) ways = get("ways");
      tally[went] = (tally[went] ?? 0) + 1;
      if (process.env.PINION_SWEEP_SHOW) t.diagnostic(`${describe()}: ${went}, ${Math.round(performance.now() - began)} ms`);
    }
    if (everything && unreached >= UNREACHED) break;
  }
  t.diagnostic(`${swept} faults in ${everything ? last : count} calls, seed ${seed}: ${JSON.stringify(tally)}`);
  assert.ok(swept > 0, "something failed");
}

// How many calls a scenario makes when all is well.
async function counted({ get }, scenario) {
  const before = get("called");
  await scenario();
  return get("called") - before;
}

const VISITORS = {
  WebSocket: byWebSocket,
  "long polling": byLongPolling,
  "a static file": (server) => ofFiles(server, FILE_SIZE),
};

async function assertServes(server, when) {
  for (const [by, visitor] of Object.entries(VISITORS)) assert.equal(await visitor(server), "served", `${by}, ${when}`);
}

// With a directory of files.
function scarce(t) {
  const control = shared(t);
  writeFileSync(path.join(control.directory, "large.bin"), Buffer.alloc(FILE_SIZE, "x"));
  return { ...control, env: { ...control.env, PINION_SCARCE_FILES: control.directory } };
}

// Nothing tells when the one before has gone.
async function oneChild(pid) {
  while (childrenOf(pid).length !== 1) await elapse(5);
}

// What is wrong was said in a sentence, not only by the name of a code.
function assertSaid(stderr, what) {
  assert.match(stderr, /^(?:pinion:|\S+ \[error\]) .*(cannot|could not|does not|no |descriptors|memory|resources|another program)/m, `${what}: ${stderr}`);
}

// A program that starts, or exits and says why: {server, port}, of which the port is undefined when it has exited.
async function launched(t, control, args, describe) {
  const server = run(SCARCE, { env: control.env, args });
  t.after(() => server.child.kill("SIGKILL"));
  const port = await within(listensOrEnds(server), `a start or an end with ${describe()}`, LONG_MS);
  return { server, port };
}

// With one of these; and no sanitizer found anything, in children neither.
async function exits({ exited, output }, statuses, describe) {
  const { code, signal } = await within(exited, `the end with ${describe()}`, LONG_MS);
  assert.ok(statuses.includes(signal ?? code), `${signal ?? code}, ${describe()}: ${output().stderr}`);
  assert.doesNotMatch(output().stderr, /Sanitizer|runtime error/, describe());
}

function ended(server, describe) {
  server.child.kill("SIGTERM");
  return exits(server, [0], describe);
}

for (const [kind, args] of [["a server", ["--loops", "2"]], ["a supervised server", ["--loops", "1", "--supervise"]]]) {
  describe(`${kind} of which a call fails`, () => {
    it("starts and serves, or says why it does not", async (t) => {
      const control = scarce(t);
      const one = async (arm, describe) => {
        const before = control.get("failedCalls");
        arm();
        const { server, port } = await launched(t, control, args, describe);
        if (!port) {
          await exits(server, [1, NOT_EXECUTED], describe);
          assertSaid(server.output().stderr, describe());
          return "refused";
        }
        await byWebSocket({ port });
        if (control.get("failedCalls") > before) assert.equal(await byWebSocket({ port }), "served", `after ${describe()}`);
        await ended(server, describe);
        return "served";
      };
      const count = await counted(control, () => one(() => {}, () => "nothing failing"));
      await sweep(t, control, count, STARTS, one);
    });

    it("stops, with a client that is told", async (t) => {
      const control = scarce(t);
      const one = async (arm, describe) => {
        control.set("theCall", 0);
        const { server, port } = await launched(t, control, args, describe);
        const bystander = await member(t, { port });
        arm();
        const [end] = await Promise.all([bystander.end(), ended(server, describe)]);
        return end;
      };
      const count = (await counted(control, () => one(() => control.set("called", 0), () => "nothing failing"))) || 1;
      await sweep(t, control, count, STARTS, one);
    });
  });
}

describe("a supervised server of which a call fails", () => {
  it("upgrades, or goes on as it was", async (t) => {
    const control = scarce(t);
    const server = await start(SCARCE, { env: control.env, args: ["--loops", "1", "--supervise"] });
    t.after(() => server.kill());
    await server.said(/child \d+ is ready/);
    const outcomes = () => server.output().stderr.match(/child \d+ is ready|the upgrade failed|was dropped/g) ?? [];
    const one = async (arm, describe) => {
      const before = outcomes().length;
      arm();
      server.child.kill("SIGHUP");
      const another = async () => {
        while (outcomes().length === before) await once(server.child.stderr, "data");
      };
      await within(another(), "an outcome", LONG_MS).catch(() => assert.fail(`no outcome of ${describe()}: ${server.output().stderr.slice(-2000)}`));
      await within(oneChild(server.pid), `one child after ${describe()}`, LONG_MS);
      control.set("theCall", 0);
      assert.equal(await byWebSocket(server), "served", `after ${describe()}: ${server.output().stderr.slice(-2000)}`);
      const [outcome] = outcomes().slice(before);
      return outcome.startsWith("child") ? "upgraded" : outcome;
    };
    const count = await counted(control, () => one(() => {}, () => "nothing failing"));
    await sweep(t, control, count, STARTS, one);
    await server.stop();
    assert.doesNotMatch(server.output().stderr, /Sanitizer|runtime error/);
  });
});

describe("of the calls that a visit makes", () => {
  for (const [by, visitor] of Object.entries(VISITORS)) {
    it(`any may fail: others are served, by ${by}`, async (t) => {
      const control = scarce(t);
      const server = await start(SCARCE, { env: control.env, args: ["--loops", "1"] });
      t.after(() => server.kill());
      const bystander = await member(t, server);
      await assertServes(server, "before");
      const count = await counted(control, () => visitor(server));
      await sweep(t, control, count, VISITS, async (arm, describe) => {
        arm();
        const went = await visitor(server).catch((error) => assert.fail(`${describe()}: ${error.message}`));
        control.set("theCall", 0);
        const fine = await bystander.ask().catch((error) => assert.fail(`the bystander after ${describe()}: ${error.message}`));
        assert.ok(fine, `the bystander after ${describe()}`);
        assert.equal(await visitor(server), "served", `the next one after ${describe()}`);
        return went;
      });
      await assertServes(server, "after it all");
      await bystander.leave();
      await server.stop();
    });
  }
});
