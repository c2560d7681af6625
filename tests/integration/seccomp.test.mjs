// The chat with no system calls but those that docs/deployment/seccomp.json allows: another one would end it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { brokerNames, missing, startBroker } from "../helpers/brokers.mjs";
import { SANITIZED } from "../helpers/build.mjs";
import { connect, join } from "../helpers/phoenix.mjs";
import { childrenOf, gone } from "../helpers/processes.mjs";
import { isBuilt, programFile, start } from "../helpers/server.mjs";

const PROFILE = fileURLToPath(new URL("../../docs/deployment/seccomp.json", import.meta.url));
const CONFINED = "../tests/helpers/confined";
const skip = SANITIZED ? "the sanitizers make calls of their own" : !isBuilt(CONFINED) && "libseccomp is not installed";

const env = { PINION_SECRET_KEY_BASE: "a secret of the tests, as long as one should be at the least: 64 bytes" };

async function confined(t, args = []) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-seccomp-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const script = path.join(directory, "chat");
  writeFileSync(script, `#!/bin/sh\nexec '${programFile(CONFINED)}' '${PROFILE}' '${programFile("chat")}' "$@"\n`);
  chmodSync(script, 0o755);
  const server = await start(script, { args: ["--require-token", ...args], env });
  t.after(() => server.kill());
  assert.match(readFileSync(`/proc/${server.pid}/status`, "utf8"), /^Seccomp:\t2$/m);
  return server;
}

// Somebody who talks over this transport, and hears what is said.
async function talker(t, server, transport) {
  const token = await (await fetch(`${server.url}/token?user=ann`)).text();
  const socket = await connect(t, server, { transport, authToken: token });
  return join(socket, "rooms:lobby");
}

async function isServed(t, server, transport) {
  const [one, other] = [await talker(t, server, transport), await talker(t, server, WebSocket)];
  other.cast("new_msg", { body: "hello" });
  assert.deepEqual(await one.events("new_msg").next(), { body: "hello", user: "ann" });
}

describe("the chat under its seccomp profile", { skip }, () => {
  for (const transport of [WebSocket, LongPoll]) {
    it(`serves by ${transport.name}`, async (t) => {
      const server = await confined(t);
      await isServed(t, server, transport);
      assert.match(await (await fetch(server.url)).text(), /<html/);
      await server.stop();
    });
  }

  it("starts again after a crash, and is replaced at SIGHUP", async (t) => {
    const server = await confined(t, ["--supervise"]);
    const [first] = childrenOf(server.pid);
    process.kill(first, "SIGKILL");
    const [, second] = await server.said(/child \d+ is ready[^]*child (\d+) is ready/);
    await isServed(t, server, WebSocket);
    process.kill(server.pid, "SIGHUP");
    await server.said(/(?:child \d+ is ready[^]*){3}/);
    await gone(Number(second));
    await isServed(t, server, WebSocket);
    await server.stop();
  });

  for (const name of brokerNames) {
    it(`speaks to ${name}`, { skip: missing(name) }, async (t) => {
      const broker = await startBroker(t, name);
      const server = await confined(t, ["--pubsub", `${name}://127.0.0.1:${broker.port}`]);
      await isServed(t, server, WebSocket);
      await server.stop();
    });
  }
});

describe("the seccomp profile", { skip }, () => {
  it("ends what asks for more", () => {
    const ended = spawnSync(programFile(CONFINED), [PROFILE, "/usr/bin/unshare", "--user", "true"]);
    assert.equal(ended.signal, "SIGSYS");
  });
});
