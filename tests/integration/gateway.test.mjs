// The telemetry gateway (examples/gateway): a fast and a slow dashboard, and a producer that outruns the loops.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { SANITIZED } from "../helpers/build.mjs";
import { resident } from "../helpers/memory.mjs";
import { connect, join } from "../helpers/phoenix.mjs";
import { RawConnection, text } from "../helpers/raw.mjs";
import { isBuilt, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const TOPIC = "telemetry";
const SENSORS = 300; // of three kinds
const KINDS = ["pump", "valve", "tank"];
const MOST = 100e6; // bytes; 8 MiB may wait for the loop, and as much be under way
const LONG_MS = 120_000; // for what takes seconds on a machine that is not busy
const skip = isBuilt("gateway") ? false : "no C++ compiler";

async function started(t, ...args) {
  const server = await start("gateway", { args });
  t.after(() => server.stop());
  const stats = async () => (await fetch(`${server.url}/stats`)).json();
  return { server, stats };
}

// What a dashboard shows in the end: the newest value of each key with this prefix.
function newestOf(readings, prefix) {
  const newest = new Map();
  for (let value = readings - SENSORS; value < readings; value++) {
    const sensor = value % SENSORS;
    const key = `${KINDS[sensor % 3]}:${Math.floor(sensor / 3)}`;
    if (key.startsWith(prefix)) newest.set(key, value);
  }
  return newest;
}

// What it shows now. No key ever goes back to an older value. The same may come twice, when another loop was behind.
class Shown {
  values = new Map();
  messages = 0;
  conflated = 0;

  take(event, payload) {
    this.messages++;
    if (event === "reading") this.#put(payload.key, payload.value);
    if (event === "newest") for (const [key, { value }] of Object.entries(payload)) this.#put(key, value);
    this.conflated += event === "newest";
  }

  is(expected) {
    return this.values.size === expected.size && [...expected].every(([key, value]) => this.values.get(key) === value);
  }

  #put(key, value) {
    assert.ok(value >= (this.values.get(key) ?? -1), `${key} went back from ${this.values.get(key)} to ${value}`);
    this.values.set(key, value);
  }
}

// By the official client, which reads all the time. settled() waits until it shows this.
async function fastDashboard(t, server, params) {
  const shown = new Shown();
  const { channel } = await join(await connect(t, server), TOPIC, params);
  let look = () => {};
  for (const event of ["reading", "newest"]) {
    channel.on(event, (payload) => {
      shown.take(event, payload);
      look();
    });
  }
  const settled = (expected) => {
    const reached = new Promise((resolve) => (look = () => shown.is(expected) && resolve()));
    look();
    return within(reached, "the fast dashboard to show the newest values", LONG_MS);
  };
  return { shown, settled };
}

// One that does not read from its join on. read() reads until it shows this.
async function slowDashboard(t, server, params) {
  const raw = await RawConnection.websocket(t, server);
  raw.send(text(["1", "1", TOPIC, "phx_join", params]));
  assert.equal((await raw.message())[4].status, "ok");
  raw.tcp.pause();
  const shown = new Shown();
  const read = async (expected) => {
    raw.tcp.resume();
    while (!shown.is(expected)) {
      const [, , , event, payload] = await raw.message();
      shown.take(event, payload);
    }
  };
  return { raw, shown, read };
}

describe("the telemetry gateway", { skip }, () => {
  it("conflates for a dashboard that does not read, which ends with the newest values", async (t) => {
    const READINGS = 30_000; // of 2 kB: more than the kernel takes for a client
    const { server, stats } = await started(t, "--readings", `${READINGS}`, "--size", "2000", "--loops", "2");
    const slow = await slowDashboard(t, server, {});
    const fast = await fastDashboard(t, server, { prefix: "tank:" });
    await fast.settled(newestOf(READINGS, "tank:"));
    const { conflated, dashboards, sent } = await stats();
    assert.equal(sent, READINGS);
    assert.equal(dashboards, 2);
    assert.ok(conflated > 0, "nothing was conflated");
    await slow.read(newestOf(READINGS, ""));
    assert.ok(slow.shown.conflated > 0);
    assert.ok(slow.shown.messages < READINGS, `${slow.shown.messages} messages`);
  });

  it("tells the producer to wait when a loop is behind, instead of taking memory", async (t) => {
    const { server, stats } = await started(t, "--rate", "10000000", "--loops", "1");
    for (let i = 0; i < 8; i++) await slowDashboard(t, server, {});
    const before = resident(server.pid);
    const outrun = (async () => {
      while ((await stats()).busy < 5) await elapse(20);
    })();
    await within(outrun, "the producer to be told", LONG_MS);
    const more = resident(server.pid) - before;
    assert.ok(SANITIZED || more < MOST, `${more} bytes more`); // a sanitizer's memory is another
    assert.equal((await stats()).dashboards, 8);
  });

  it("rests while nobody looks", async (t) => {
    const { server, stats } = await started(t);
    const { raw } = await slowDashboard(t, server, {});
    const sends = (async () => {
      while ((await stats()).sent === 0) await elapse(5);
    })();
    await within(sends, "a reading");
    raw.tcp.destroy();
    const rests = (async () => {
      while ((await stats()).dashboards > 0) await elapse(5);
      for (let last = -1, now; last !== now; now = (await stats()).sent) {
        last = now;
        await elapse(50);
      }
    })();
    await within(rests, "the producer to rest");
  });
});
