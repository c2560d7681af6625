// The page of metrics, read strictly, and its figures beside what clients have done.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { parse, sum } from "../helpers/exposition.mjs";
import { connect, disconnect, join, open, refusal } from "../helpers/phoenix.mjs";
import { serve } from "../helpers/server.mjs";

const PATIENCE_MS = 20_000;
const TYPE = "text/plain; version=0.0.4; charset=utf-8";
const socketUrl = (server, mount, query = "vsn=2.0.0") => `${server.url.replace("http", "ws")}${mount}/websocket?${query}`;
const page = async (server) => (await fetch(`${server.url}/metrics`)).text();
const metrics = async (server) => parse(await page(server));

function promtool() {
  const command = process.env.PINION_PROMTOOL ?? "promtool";
  return spawnSync(command, ["--version"]).status === 0 ? command : null;
}

async function read(server, figures) {
  const families = await metrics(server);
  return Object.fromEntries(Object.entries(figures).map(([key, [name, labels]]) => [key, sum(families, name, labels)]));
}

// Some figures, as soon as `done` holds for them: a loop says at the end of its turn what it has counted.
async function follow(server, figures, done, grown = (now) => now) {
  for (const began = performance.now(); ; ) {
    const now = grown(await read(server, figures));
    if (done(now)) return now;
    assert.ok(performance.now() - began < PATIENCE_MS, `the metrics do not follow: ${JSON.stringify(now)}`);
  }
}

// What some figures grow by while `act` runs.
async function growth(server, figures, act, done) {
  const before = await read(server, figures);
  await act();
  return follow(server, figures, done, (now) => Object.fromEntries(Object.keys(now).map((key) => [key, now[key] - before[key]])));
}

describe("metrics", () => {
  const server = serve("conformance");

  it("are a page in the format of Prometheus", async () => {
    const answer = await fetch(`${server.url}/metrics`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), TYPE);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const families = parse(await answer.text());
    const known = [...families.keys()].filter((name) => !/^(pinion|process)_/.test(name));
    assert.deepEqual(known, []);
    assert.equal(sum(families, "pinion_build_info"), 1);
    for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds", "process_max_fds"]) {
      assert.ok(sum(families, name) > 0, name);
    }
    const started = sum(families, "process_start_time_seconds");
    assert.ok(Math.abs(started - Date.now() / 1000) < 600, `it started at ${started}`);
  });

  it("are clean for promtool", { skip: promtool() ? false : "promtool is not installed (Debian: prometheus)" }, async () => {
    const said = execFileSync(promtool(), ["check", "metrics"], { input: await page(server), encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
    assert.equal(said, "");
  });

  it("are read with GET and HEAD", async () => {
    const head = await fetch(`${server.url}/metrics`, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-type"), await head.text()], [200, TYPE, ""]);
    assert.ok(Number(head.headers.get("content-length")) > 1000);
    const post = await fetch(`${server.url}/metrics`, { method: "POST", body: "x" });
    assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
    assert.equal((await fetch(`${server.url}/metrics/more`)).status, 404);
  });

  it("count joins, messages and broadcasts", async () => {
    const of = { mount: "/socket", transport: "websocket" };
    const figures = {
      joined: ["pinion_joins_total", { ...of, outcome: "ok" }],
      refused: ["pinion_joins_total", { ...of, outcome: "refused" }],
      unmatched: ["pinion_joins_total", { ...of, outcome: "unmatched" }],
      connected: ["pinion_sockets_connected_total", of],
      received: ["pinion_messages_received_total", of],
      broadcasts: ["pinion_broadcasts_total", {}],
      deliveries: ["pinion_deliveries_total", {}],
      handled: ["pinion_callback_seconds_count", { callback: "handle_in" }],
    };
    const act = async () => {
      const sockets = await Promise.all([1, 2, 3].map(() => open(server)));
      const rooms = await Promise.all(sockets.map((socket) => join(socket, "rooms:lobby")));
      assert.equal((await refusal(sockets[0], "rooms:private"))[0], "error");
      assert.equal((await refusal(sockets[0], "nowhere"))[0], "error");
      for (let i = 0; i < 10; i++) rooms[0].cast("new_msg", { body: `${i}` });
      for (const room of rooms) for (let i = 0; i < 10; i++) await room.events("new_msg").next();
      sockets.forEach(disconnect);
    };
    const grown = await growth(server, figures, act, ({ deliveries }) => deliveries >= 30); // refused joins are left, too
    assert.deepEqual(grown, { joined: 3, refused: 1, unmatched: 1, connected: 3, received: 17, broadcasts: 10, deliveries: 30, handled: 10 });
  });

  it("say what is open now", async (t) => {
    const of = { mount: "/socket", transport: "websocket" };
    const socket = await connect(t, server, { params: { user_id: "7" } });
    await join(socket, "rooms:lobby");
    await join(socket, "presence:lobby", { name: "ada" });
    const figures = { sockets: ["pinion_sockets", of], channels: ["pinion_channels", of], presences: ["pinion_presences", {}], connections: ["pinion_connections", {}] };
    const now = await follow(server, figures, ({ sockets, channels, presences }) => sockets === 1 && channels === 2 && presences === 1);
    assert.ok(now.connections >= 2);
  });

  it("count bytes each way", async () => {
    const figures = { in: ["pinion_received_bytes_total", {}], out: ["pinion_sent_bytes_total", {}] };
    const body = "b".repeat(500_000);
    const act = async () => void (await (await fetch(`${server.url}/api/echo`, { method: "POST", body })).text());
    const grown = await growth(server, figures, act, (now) => now.in >= 500_000 && now.out >= 500_000);
    assert.ok(grown.in < 600_000 && grown.out < 1_000_000, JSON.stringify(grown));
  });

  it("know what waited for a client that did not read", async () => {
    const ws = new WebSocket(socketUrl(server, "/echo", ""));
    await once(ws, "open");
    const figures = { peak: ["pinion_queue_peak_bytes", {}] };
    const act = async () => {
      ws._socket.pause();
      ws.send("x".repeat(12 << 20));
    };
    const { peak } = await growth(server, figures, act, (now) => now.peak > 1 << 20);
    assert.ok(peak < 14 << 20);
    ws._socket.resume();
    const [message] = await once(ws, "message");
    assert.equal(message.length, 12 << 20);
    ws.close();
    await once(ws, "close");
  });

  describe("say why sockets ended:", () => {
    const ends = async (mount, cause, act) => {
      const figures = { ended: ["pinion_sockets_ended_total", { mount, cause }] };
      await follow(server, { open: ["pinion_sockets", {}] }, ({ open: left }) => left === 0); // of earlier tests
      assert.equal((await growth(server, figures, act, ({ ended }) => ended >= 1)).ended, 1);
    };
    const opened = async (mount, query) => {
      const ws = new WebSocket(socketUrl(server, mount, query));
      await once(ws, "open");
      return ws;
    };
    const closed = async (ws) => (await once(ws, "close"))[0];

    it("the client closed", () => ends("/socket", "client", async () => {
      const ws = await opened("/socket");
      ws.close(1000);
      await closed(ws);
    }));
    it("the client was silent", () => ends("/fast", "silent", async () => {
      const ws = new WebSocket(socketUrl(server, "/fast"), { origin: "http://example.com" });
      assert.equal(await closed(ws), 1002);
    }));
    it("a frame was no message", () => ends("/socket", "malformed", async () => {
      const ws = await opened("/socket");
      ws.send("nonsense");
      assert.equal(await closed(ws), 1011);
    }));
    it("a message was too big", () => ends("/socket", "too_big", async () => {
      const ws = await opened("/socket");
      ws.send("x".repeat(9 << 20));
      assert.equal(await closed(ws), 1009);
    }));
    it("it was told to disconnect", () => ends("/socket", "disconnect", async () => {
      const ws = await opened("/socket", "vsn=2.0.0&user_id=gone");
      await fetch(`${server.url}/api/sockets/gone`, { method: "DELETE" });
      await closed(ws);
    }));
    it("connect refused it", () => ends("/socket", "refused", async () => {
      const ws = new WebSocket(socketUrl(server, "/socket", "vsn=2.0.0&reject=true"));
      ws.on("error", () => {});
      await new Promise((resolve) => ws.once("close", resolve));
    }));
  });

  it("are read while clients talk, and never go back", async () => {
    const sockets = await Promise.all(Array.from({ length: 8 }, () => open(server)));
    const rooms = await Promise.all(sockets.map((socket) => join(socket, "room:busy")));
    let talking = true;
    const talk = async (room) => {
      while (talking) await room.push("echo", { body: "hello" });
    };
    const talks = rooms.map(talk);
    const last = new Map();
    for (let i = 0; i < 30; i++) {
      for (const { type, samples } of (await metrics(server)).values()) {
        if (type === "gauge") continue;
        for (const { name, labels, value } of samples) {
          const key = name + JSON.stringify([...labels]);
          assert.ok(value >= (last.get(key) ?? 0), `${key} went back to ${value}`);
          last.set(key, value);
        }
      }
    }
    talking = false;
    await Promise.all(talks);
    sockets.forEach(disconnect);
    assert.ok(last.get('pinion_callback_seconds_count[["callback","handle_in"]]') > 30);
  });
});

describe("the dashboard", () => {
  const server = serve("conformance");

  it("asks for what is on the page", async () => {
    const file = fileURLToPath(new URL("../../packaging/grafana-dashboard.json", import.meta.url));
    const { panels } = JSON.parse(readFileSync(file, "utf8"));
    const families = await metrics(server);
    const asked = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/\b(?:pinion|process)_\w+/g)));
    assert.ok(panels.length > 10 && asked.length > panels.length);
    for (const name of asked) {
      const histogram = families.get(name.replace(/_(bucket|sum|count)$/, ""))?.type === "histogram";
      assert.ok(families.has(name) || histogram, `the page has no ${name}`);
    }
  });

  it("is explained by docs/operations.md, each figure of it", async () => {
    const text = readFileSync(fileURLToPath(new URL("../../docs/operations.md", import.meta.url)), "utf8");
    const families = await metrics(server);
    const unexplained = [...families.keys()].filter((name) => !text.includes(name));
    assert.deepEqual(unexplained, []);
    const named = new Set(text.match(/\b(?:pinion|process)_[a-z_]+_(?:total|bytes|seconds)\b/g));
    assert.deepEqual([...named].filter((name) => !families.has(name)), []);
  });
});

describe("the chat", () => {
  const quiet = serve("chat");
  const told = serve("chat", { args: ["--metrics"] });

  it("has no metrics by default", async () => {
    assert.equal((await fetch(`${quiet.url}/metrics`)).status, 404);
  });

  it("has metrics where it is told to", async () => {
    assert.equal(sum(await metrics(told), "pinion_sockets"), 0);
  });
});
