// A client that does not read, and then reads (slow:* of the conformance server): it is never closed for it, may miss frames,
// and gets the last one. Over a WebSocket on TCP, and over long polling by hand.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, join } from "../helpers/phoenix.mjs";
import { OPCODE, RawConnection, text } from "../helpers/raw.mjs";
import { serve } from "../helpers/server.mjs";

const TOPIC = "slow:1";
const MAX_QUEUE = 1 << 20;
const COUNT = 1000; // of 60 kB: more than the kernel takes for a client

const message = (ref, event, payload = {}) => ["1", ref, TOPIC, event, payload];

// A WebSocket whose client reads only when it is asked for a message.
async function joined(t, server) {
  const raw = await RawConnection.websocket(t, server);
  raw.send(text(message("1", "phx_join")));
  assert.equal((await raw.message())[4].status, "ok");
  return raw;
}

// The numbers of the frames that come, up to this one.
async function numbersUntil(raw, last) {
  const numbers = [];
  while (numbers.at(-1) !== last) {
    const [, , , event, payload] = await raw.message();
    if (event === "fill") numbers.push(payload.i);
  }
  return numbers;
}

async function queued(raw, ref) {
  raw.send(text(message(ref, "queued")));
  for (;;) {
    const [, to, , , payload] = await raw.message();
    if (to === ref) return payload.response.bytes;
  }
}

function inOrder(numbers) {
  return numbers.every((number, i) => i === 0 || number > numbers[i - 1]);
}

// There is one loop, so that another client is answered only when the frames were pushed.
describe("a client that does not read", () => {
  const server = serve("conformance", { args: ["--loops", "1"] });

  it("misses frames, keeps its connection, and gets the last frame", async (t) => {
    const raw = await joined(t, server);
    raw.tcp.pause();
    raw.send(text(message("2", "fill", { kb: 60, count: COUNT })));
    raw.send(text(message("3", "queued")));
    const other = await join(await connect(t, server), "room:1"); // others are served meanwhile
    assert.deepEqual(await other.push("echo", { n: 1 }), ["ok", { n: 1 }]);
    raw.tcp.resume();
    const numbers = await numbersUntil(raw, COUNT - 1);
    assert.ok(inOrder(numbers), `${numbers}`);
    assert.ok(numbers.length < COUNT, "all frames came: nothing was dropped");
    const [, ref, , , { response }] = await raw.message();
    assert.equal(ref, "3");
    assert.ok(response.bytes > MAX_QUEUE / 2 && response.bytes <= MAX_QUEUE, `${response.bytes} bytes are queued`);
    assert.equal(await queued(raw, "4"), 0);
  });

  it("gets the last of frames that are larger than what may wait", async (t) => {
    const raw = await joined(t, server);
    raw.tcp.pause();
    raw.send(text(message("2", "fill", { kb: 9000, count: 5 })));
    const other = await join(await connect(t, server), "room:1");
    assert.deepEqual(await other.push("echo", { n: 1 }), ["ok", { n: 1 }]);
    raw.tcp.resume();
    const numbers = await numbersUntil(raw, 4);
    assert.ok(inOrder(numbers) && numbers.length < 5, `${numbers}`);
    assert.equal(await queued(raw, "3"), 0);
  });

  it("is closed neither by many fills, nor by a heartbeat", async (t) => {
    const raw = await joined(t, server);
    raw.tcp.pause();
    for (let i = 0; i < 5; i++) raw.send(text(message(`${10 + i}`, "fill", { kb: 100, count: 50 })));
    raw.send(text([null, "h", "phoenix", "heartbeat", {}]));
    const other = await join(await connect(t, server), "room:1");
    assert.deepEqual(await other.push("echo", { n: 1 }), ["ok", { n: 1 }]);
    raw.tcp.resume();
    let last, beat;
    while (last !== 49 || !beat) {
      const { opcode, payload } = await raw.frame();
      assert.equal(opcode, OPCODE.TEXT);
      const [, ref, , , { i }] = JSON.parse(payload);
      if (ref === "h") beat = true;
      else last = i;
    }
    assert.equal(await queued(raw, "3"), 0);
  });

  it("gets all of what fits", async (t) => {
    const raw = await joined(t, server);
    raw.send(text(message("2", "fill", { kb: 1, count: 100 })));
    assert.deepEqual(await numbersUntil(raw, 99), Array.from({ length: 100 }, (_, i) => i));
  });

  it("is refused a fill of no size", async (t) => {
    const { push } = await join(await connect(t, server), TOPIC);
    for (const payload of [{}, { kb: 0, count: 1 }, { kb: 1, count: "x" }, { kb: 1e9, count: 1 }]) {
      assert.deepEqual(await push("fill", payload), ["error", { reason: "kb and count are numbers" }]);
    }
  });
});

// A session by hand, which polls when it is told to.
async function session(server) {
  const base = `${server.url}/socket/longpoll?vsn=2.0.0`;
  const { token } = await (await fetch(base)).json();
  const url = `${base}&token=${encodeURIComponent(token)}`;
  const headers = { "content-type": "application/x-ndjson" };
  return {
    async say(...messages) {
      const body = messages.map((each) => `${JSON.stringify(each)}\n`).join("");
      assert.equal((await (await fetch(url, { method: "POST", headers, body })).json()).status, 200);
    },
    async poll() {
      const { status, messages } = await (await fetch(url)).json();
      assert.equal(status, 200);
      return messages.map((each) => JSON.parse(each));
    },
  };
}

describe("a client of long polling that does not poll", () => {
  const server = serve("conformance");
  const numbersOf = (messages) => messages.filter((each) => each[3] === "fill").map((each) => each[4].i);

  it("misses frames, keeps its session, and gets the last frame", async () => {
    const client = await session(server);
    await client.say(message("1", "phx_join"), message("2", "fill", { kb: 60, count: 500 }));
    await client.say(message("3", "queued")); // which waits for a poll, as much waits for the client
    const messages = await client.poll();
    const numbers = numbersOf(messages);
    assert.ok(inOrder(numbers) && numbers.length < 500, `${numbers}`);
    assert.equal(numbers.at(-1), 499);
    const [[, , , , { response }]] = await client.poll();
    assert.equal(response.bytes, 0);
  });

  it("gets the last of frames that are larger than what may wait", async () => {
    const client = await session(server);
    await client.say(message("1", "phx_join"));
    await client.poll();
    await client.say(message("2", "fill", { kb: 2000, count: 3 }));
    assert.deepEqual(numbersOf(await client.poll()), [2]); // each made room for the next
  });
});
