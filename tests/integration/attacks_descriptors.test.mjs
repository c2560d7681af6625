// Clients that take all descriptors a server may have: those it has are served, and when they go it accepts again.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { RawConnection, text } from "../helpers/raw.mjs";
import { start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const DESCRIPTORS = 100;
const PAUSED = /accepting connections is paused/;
const HEARTBEAT = text([null, "1", "phoenix", "heartbeat", {}]);

function obstacle() {
  if (process.env.PINION_TEST_IO !== "uv") return "io_uring: a limit lowered later bounds nothing; see the loops' contract";
  return spawnSync("prlimit", ["--version"]).status !== 0 && "prlimit is not installed";
}

// Connected as far as the kernel is concerned; whether it was accepted is the server's matter.
async function silent(t, server) {
  const tcp = net.connect({ port: server.port, host: "127.0.0.1" });
  tcp.on("error", () => {});
  t.after(() => tcp.destroy());
  await once(tcp, "connect");
  return tcp;
}

describe("a server without descriptors", () => {
  it("goes on with those it has, and accepts again", { skip: obstacle() }, async (t) => {
    const server = await start("conformance", { args: ["--loops", "1", "--log", "warning"] });
    t.after(() => server.stop());
    execFileSync("prlimit", ["--pid", String(server.pid), `--nofile=${DESCRIPTORS}`]);
    const healthy = await RawConnection.websocket(t, server);
    const crowd = await Promise.all(Array.from({ length: 2 * DESCRIPTORS }, () => silent(t, server)));
    await server.said(PAUSED);
    for (let i = 0; i < 20; i++) {
      healthy.send(HEARTBEAT);
      await healthy.message();
    }
    for (const tcp of crowd) tcp.resetAndDestroy();
    const late = await within(RawConnection.websocket(t, server), "a connection afterwards");
    late.send(HEARTBEAT);
    await late.message();
    for (const raw of [healthy, late]) raw.tcp.destroy(); // else the server waits for their close frames
    assert.equal(server.output().stderr.split("\n").filter((line) => PAUSED.test(line)).length, 1);
  });
});
