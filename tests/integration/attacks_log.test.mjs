// What clients choose never forges a line of the log, nor fills it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawConnection, text, upgradeRequest } from "../helpers/raw.mjs";
import { start } from "../helpers/server.mjs";

const LINE = /^\d{4}-\d\d-\d\dT[\d:.]+Z \[(debug|info|warning|error)\] /;
const FORGED = "\r\n2026-01-01T00:00:00.000Z [error] forged \u001b[31m\u0000\u007f\u009b";
const ESCAPED = encodeURIComponent(FORGED.replace("\0", ""));
const TARGET = "/socket/websocket?vsn=2.0.0";

async function started(t, level) {
  const server = await start("conformance", { args: ["--loops", "1", "--log", level] });
  t.after(() => server.kill());
  return server;
}

async function refused(t, server, bytes) {
  const raw = await RawConnection.open(t, server);
  raw.send(Buffer.from(bytes, "latin1"));
  return (await raw.response()).status;
}

// All that was said, once the server has ended.
async function log(server) {
  await server.stop();
  return server.output().stderr.split("\n").slice(0, -1);
}

describe("the log", () => {
  it("shows what clients chose in lines of its own making", async (t) => {
    const server = await started(t, "debug");
    const raw = await RawConnection.websocket(t, server);
    for (const message of [
      ["1", "1", `room:${FORGED}`, "phx_join", { [FORGED]: FORGED }],
      ["1", "2", `room:${FORGED}`, `echo${FORGED}`, { [FORGED]: FORGED }],
      ["1", "3", `nowhere:${FORGED}`, "phx_join", {}],
      [null, FORGED, "phoenix", "heartbeat", {}],
    ]) raw.send(text(message));
    for (let answer; answer?.[1] !== FORGED; ) answer = await raw.message();
    await refused(t, server, upgradeRequest(`${TARGET}&x=${ESCAPED}&vsn=${ESCAPED}`));
    await refused(t, server, upgradeRequest("/fast/websocket?vsn=2.0.0", { Origin: "https://x\u001b[31m\u009b" }));
    await refused(t, server, `GET /${ESCAPED} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await refused(t, server, "GET /\u001b[31m HTTP/1.1\r\nHost: x\r\n\r\n");
    await refused(t, server, upgradeRequest(TARGET, { "Sec-WebSocket-Version": "8\u009b" }));
    raw.tcp.destroy(); // else the server waits for its close frame
    const lines = await log(server);
    assert.ok(lines.some((line) => line.includes("forged")), "nothing of it was logged: the test shows nothing");
    for (const line of lines) {
      assert.match(line, LINE);
      assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f]/);
      assert.doesNotMatch(line, /^\S+ \[error\] forged/);
    }
  });

  it("has a line a second of each kind, however many there were", async (t) => {
    const server = await started(t, "info");
    const raw = await RawConnection.websocket(t, server);
    const began = performance.now();
    for (let i = 0; i < 2000; i++) raw.send(text(["1", `${i}`, `nowhere:${i}`, "phx_join", {}]));
    for (let i = 0; i < 2000; i++) await raw.message();
    const seconds = Math.ceil((performance.now() - began) / 1000);
    raw.tcp.destroy();
    const lines = (await log(server)).filter((line) => line.includes("nowhere:"));
    assert.ok(lines.length >= 1 && lines.length <= seconds + 1, `${lines.length} lines in ${seconds} s`);
  });
});
