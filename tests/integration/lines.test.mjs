// examples/lines: the official client over a transport of one's own, beside one by WebSocket.

import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { describe, it } from "node:test";
import { linesTransport } from "../helpers/lines.mjs";
import { connect, join, refusal } from "../helpers/phoenix.mjs";
import { start } from "../helpers/server.mjs";
import { Inbox, within } from "../helpers/wait.mjs";

const TOPIC = "sensor:7";

// A server, and `place`: where its lines are.
async function started(t, place = {}) {
  const server = await start("lines", { args: ["--host", "127.0.0.1", "--loops", "2"] });
  t.after(() => server.stop());
  place.port = Number((await server.said(/^lines on port (\d+)$/m, "stdout"))[1]);
  return { server, place };
}

const byLines = (t, server, place, options) =>
  connect(t, server, { transport: linesTransport(place), ...options });

// What a plain TCP client is told, until the end.
async function told(place, ...lines) {
  const tcp = net.connect({ port: place.port, host: "127.0.0.1" });
  let text = "";
  tcp.setEncoding("utf8").on("data", (more) => (text += more));
  tcp.write(lines.map((line) => `${line}\n`).join(""));
  await within(once(tcp, "end"), "the server to end it");
  tcp.destroy();
  return text.split("\n").slice(0, -1);
}

// A plain TCP client that has joined; `lines` has what comes after that.
async function joinedByTcp(t, place) {
  const tcp = net.connect({ port: place.port, host: "127.0.0.1" });
  t.after(() => tcp.destroy());
  const lines = new Inbox();
  let text = "";
  tcp.setEncoding("utf8").on("data", (more) => {
    const whole = (text + more).split("\n");
    text = whole.pop();
    for (const line of whole) lines.put(line);
  });
  tcp.write(`vsn=2.0.0\n["1","1","${TOPIC}","phx_join",{}]\n`);
  assert.equal(await lines.next(), "ok");
  assert.equal(JSON.parse(await lines.next())[3], "phx_reply");
  return { tcp, lines };
}

describe("the lines example", () => {
  it("joins, is answered and leaves", async (t) => {
    const { server, place } = await started(t);
    const socket = await byLines(t, server, place);
    const { channel, response, push } = await join(socket, TOPIC);
    assert.deepEqual(response, { by: "lines" });
    assert.deepEqual(await push("reading", { value: 1 }), ["ok", {}]);
    assert.deepEqual(await push("reading", {}), ["error", { reason: "no value" }]);
    // The client calls a leave answered as soon as it is sent; the server says this once it is done.
    const left = new Promise((resolve) => socket.onMessage(({ event }) => event === "phx_close" && resolve()));
    channel.leave();
    await within(left, "the channel to be closed");
  });

  it("refuses a topic that nobody serves", async (t) => {
    const { server, place } = await started(t);
    const [status, { reason }] = await refusal(await byLines(t, server, place), "nobody:1");
    assert.deepEqual([status, reason], ["error", "unmatched topic"]);
  });

  it("shares a topic with WebSockets", async (t) => {
    const { server, place } = await started(t);
    const sensor = await join(await byLines(t, server, place), TOPIC);
    const viewer = await join(await connect(t, server), TOPIC);
    assert.deepEqual(viewer.response, { by: "websocket" });
    for (let value = 0; value < 100; value++) sensor.cast("reading", { value, text: "a\nb" });
    for (let value = 0; value < 100; value++)
      assert.deepEqual(await viewer.events("reading").next(), { value, text: "a\nb" });
    viewer.cast("reading", { value: -1 });
    assert.deepEqual(await sensor.events("reading").next(), { value: -1 });
  });

  it("comes back when the server was killed and started again", async (t) => {
    const { server, place } = await started(t);
    const socket = await byLines(t, server, place);
    const sensor = await join(socket, TOPIC);
    const closed = new Inbox();
    socket.onClose(({ code }) => closed.put(code));
    await server.kill();
    assert.equal(await closed.next(), 1006);
    const { server: second } = await started(t, place);
    assert.deepEqual(await sensor.joins.next("a join again"), { by: "lines" });
    const viewer = await join(await connect(t, second), TOPIC);
    sensor.cast("reading", { value: 2 });
    assert.deepEqual(await viewer.events("reading").next(), { value: 2 });
  });

  it("is told that the server goes down", async (t) => {
    const { server, place } = await started(t);
    const socket = await byLines(t, server, place);
    const closed = new Inbox();
    socket.onClose(({ code }) => closed.put(code));
    await Promise.all([server.stop(), closed.next().then((code) => assert.equal(code, 1012))]);
  });

  // The kernel takes some megabytes for a client before anything waits in the server.
  it("lets a client that does not read do without the oldest readings", async (t) => {
    const READINGS = 300;
    const text = "x".repeat(100_000);
    const { server, place } = await started(t);
    const slow = await joinedByTcp(t, place);
    slow.tcp.pause();
    const sensor = await join(await byLines(t, server, place), TOPIC);
    const viewer = await join(await connect(t, server), TOPIC);
    const readings = viewer.events("reading");
    for (let value = 0; value < READINGS; value++) {
      sensor.cast("reading", { value, text });
      if (value % 10 === 9) for (let seen = value - 9; seen <= value; seen++) assert.equal((await readings.next()).value, seen);
    }
    slow.tcp.resume();
    const values = [];
    while (values.at(-1) !== READINGS - 1) values.push(JSON.parse(await slow.lines.next())[4].value);
    assert.deepEqual(values, values.toSorted((a, b) => a - b));
    assert.equal(new Set(values).size, values.length);
    assert.ok(values.length < READINGS, `all of ${READINGS} came: nothing was dropped`);
    sensor.cast("reading", { value: -1 }); // it is still there
    assert.equal(JSON.parse(await slow.lines.next())[4].value, -1);
    assert.deepEqual(await sensor.push("reading", { value: 1 }), ["ok", {}]);
  });

  it("refuses what is no connect, and ends what is no message", async (t) => {
    const { server, place } = await started(t);
    const other = await join(await byLines(t, server, place), TOPIC);
    const [refused, ...nothing] = await told(place, "vsn=9.9.9");
    assert.match(refused, /^refused /);
    assert.deepEqual(nothing, []);
    assert.deepEqual(await told(place, "vsn=2.0.0", "no message"), ["ok", "close 1011"]);
    assert.deepEqual(await told(place, "x".repeat(3_000_000)), ["close 1009"]);
    assert.deepEqual(await other.push("reading", { value: 1 }), ["ok", {}]);
  });
});
