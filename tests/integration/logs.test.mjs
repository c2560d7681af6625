// Whoever reads the log may go away or stall: that is no reason for a server to end, or to let anybody wait.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { childrenOf, gone } from "../helpers/processes.mjs";
import { RawConnection } from "../helpers/raw.mjs";
import { start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

async function started(t, options) {
  const server = await start("conformance", options);
  t.after(() => server.kill());
  return server;
}

// Each leaves a line in the log.
async function sendNonsense(t, server) {
  for (let i = 0; i < 20; i++) {
    const raw = await RawConnection.open(t, server);
    raw.send("BAD\r\n\r\n");
    assert.equal((await raw.response()).status, 400);
  }
}

async function serves(server) {
  const response = await fetch(server.url);
  assert.deepEqual([response.status, await response.text()], [200, "ok"]);
}

// What the crashed child had accepted is lost: as any client does, ask again then.
async function servesAgain(server) {
  const answered = (async () => {
    while (!(await fetch(server.url).then(({ ok }) => ok, () => false)));
  })();
  await within(answered, "an answer after the crash");
}

async function endsOnSigterm(server) {
  const exit = once(server.child, "exit");
  process.kill(server.pid, "SIGTERM");
  assert.deepEqual(await within(exit, "the exit"), [0, null]);
}

// At the level "debug" each message has its line. Resolves when all were answered.
async function logMuch(t, server, messages) {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/socket/websocket?vsn=2.0.0`);
  t.after(() => ws.terminate());
  await within(once(ws, "open"), "the connection");
  const name = "x".repeat(200);
  let answered = 0;
  const all = new Promise((resolve) => ws.on("message", () => ++answered === messages && resolve()));
  for (let i = 0; i < messages; i++) ws.send(JSON.stringify([`${i}`, `${i}`, `room:${name}`, "phx_join", {}]));
  await within(all, "the answers", 30_000);
}

describe("a log whose reader", () => {
  it("has gone ends nobody", async (t) => {
    const server = await started(t);
    server.child.stderr.destroy();
    await sendNonsense(t, server);
    await serves(server);
    await endsOnSigterm(server);
  });

  it("has gone ends neither a supervisor nor its child, and a crash is made up for", async (t) => {
    const server = await started(t, { args: ["--supervise"] });
    const [first] = childrenOf(server.pid);
    server.child.stderr.destroy();
    await sendNonsense(t, server);
    assert.deepEqual(childrenOf(server.pid), [first]);
    process.kill(first, "SIGSEGV");
    await gone(first);
    await servesAgain(server);
    assert.notDeepEqual(childrenOf(server.pid), [first]);
    await endsOnSigterm(server);
  });

  it("has stalled holds up nobody, not even the end", async (t) => {
    const server = await started(t, { args: ["--log", "debug"] });
    server.child.stderr.pause();
    await logMuch(t, server, 8000);
    await serves(server);
    await endsOnSigterm(server);
  });

  it("reads JSON gets an object in each line, of the supervisor too", async (t) => {
    const server = await started(t, { args: ["--log", "debug", "--log-format", "json", "--supervise"] });
    await logMuch(t, server, 10);
    await server.stop();
    const lines = server.output().stderr.trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(lines.length > 10);
    for (const { time, level, message } of lines) {
      assert.equal(new Date(time).toISOString(), time);
      assert.match(level, /^(debug|info)$/);
      assert.ok(message.length > 0);
    }
    assert.ok(lines.some(({ message }) => message.startsWith("listening on")));
  });

  it("reads again is told how much it has missed", async (t) => {
    const server = await started(t, { args: ["--log", "debug"] });
    server.child.stderr.pause();
    await logMuch(t, server, 8000);
    server.child.stderr.resume();
    await server.said(/\[warning\] \d+ log lines were dropped/);
    await server.stop();
  });
});
