// A server that stands still for a while, as one that is stopped or whose machine sleeps: that time does not count
// against those who kept sending, whose bytes waited in the kernel.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { RawConnection, text } from "../helpers/raw.mjs";
import { serve } from "../helpers/server.mjs";

const IDLE_MS = 200; /* the timeout of this path */
const FAST = "/fast/websocket?vsn=2.0.0";
const CLIENTS = 4;
const ROUNDS = 5;
const BEATS = 15;
const BEAT_MS = 40; /* all in all three times as long as a client may be silent */

describe("a server that was stopped for longer than clients may be silent", () => {
  const server = serve("conformance", { args: ["--loops", "1"] });

  // Clients that are not silent for long when the server stops. On a machine that holds this test up they may have
  // been: then nothing is shown yet.
  async function stoppedWithClients(t) {
    for (;;) {
      const began = Date.now();
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, () => RawConnection.websocket(t, server, FAST)));
      process.kill(server.pid, "SIGSTOP");
      if (Date.now() - began < IDLE_MS / 2) return clients;
      process.kill(server.pid, "SIGCONT");
    }
  }

  it("answers all that clients sent meanwhile, and closes those who are silent after it", async (t) => {
    t.after(() => process.kill(server.pid, "SIGCONT")); /* a test that fails may leave it stopped */
    for (let round = 0; round < ROUNDS; round++) {
      const clients = await stoppedWithClients(t);
      for (let beat = 0; beat < BEATS; beat++) {
        for (const raw of clients) raw.send(text([null, String(beat), "phoenix", "heartbeat", {}]));
        await elapse(BEAT_MS);
      }
      process.kill(server.pid, "SIGCONT");
      await Promise.all(clients.map(async (raw) => {
        for (let beat = 0; beat < BEATS; beat++) assert.equal((await raw.message())[1], String(beat));
        assert.equal(await raw.closeCode(), 1002);
      }));
    }
  });
});
