// The raw socket of the conformance server: messages as large as its limit, and one byte more.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { serve } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const LIMIT = 16 * 1024 * 1024;

describe("/echo", () => {
  const server = serve("conformance");

  async function open(t) {
    const ws = new WebSocket(`ws://127.0.0.1:${server.port}/echo/websocket`);
    t.after(() => ws.terminate());
    await within(once(ws, "open"), "the connection");
    return ws;
  }

  it("gives a message of 16 MiB back, byte for byte", async (t) => {
    const ws = await open(t);
    const bytes = Buffer.allocUnsafe(LIMIT);
    for (let i = 0; i < LIMIT; i += 4) bytes.writeUInt32LE((i * 2654435761) >>> 0, i);
    ws.send(bytes);
    const [back, binary] = await within(once(ws, "message"), "the echo", 30_000);
    assert.ok(binary);
    assert.ok(bytes.equals(back));
  });

  it("takes no more than that", async (t) => {
    const ws = await open(t);
    ws.on("error", () => {});
    ws.send(Buffer.alloc(LIMIT + 1));
    const [code] = await within(once(ws, "close"), "the close");
    assert.equal(code, 1009);
  });

  it("keeps the order of many", async (t) => {
    const ws = await open(t);
    const back = [];
    const all = new Promise((resolve) => ws.on("message", (data) => back.push(data.toString()) === 1_000 && resolve()));
    for (let n = 0; n < 1_000; n++) ws.send(String(n));
    await within(all, "all echoes");
    assert.deepEqual(back, [...Array(1_000).keys()].map(String));
  });
});
