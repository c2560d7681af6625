// The benchmarks do not rot: each scenario of the load generator runs for a moment against Pinion and both yardsticks,
// and a server that answers wrongly is found out.

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { WebSocketServer } from "ws";
import { programFile, serve, start } from "../helpers/server.mjs";

// Why the load generator cannot run here; false when it can.
function obstacle() {
  try {
    programFile("load");
  } catch {
    return "the load generator is not built: liburing is missing";
  }
  const { stderr } = spawnSync(programFile("load"), ["echo", "--port", "1"], { encoding: "utf8" });
  return stderr.includes("no io_uring here") && stderr.trim();
}

const skip = obstacle();

// Resolves to its report; rejects, with what it says, when it finds a fault.
async function load(server, ...args) {
  const where = ["--port", String(server.port), "--json"];
  const process = server.pid ? ["--pid", String(server.pid)] : [];
  const { stdout } = await promisify(execFile)(programFile("load"), [...args, ...where, ...process]);
  return JSON.parse(stdout);
}

const MOMENT = ["--warmup", "0.05", "--seconds", "0.4"];

const RUNS = [
  ["fanout", "--connections", "100"],
  ["fanout", "--connections", "1"],
  ["fanout", "--connections", "100", "--topics", "7"],
  ["fanout", "--connections", "50", "--burst", "4", "--payload", "16384"],
  ["fanout", "--connections", "50", "--topics", "3", "--rate", "100", "--payload", "1024"],
  ["fanout", "--connections", "20", "--stalled", "3", "--rate", "100", "--payload", "16384"],
  ["echo", "--connections", "50"],
  ["echo", "--connections", "50", "--rate", "20", "--payload", "100000"],
  ["mixed", "--connections", "60", "--topics", "3", "--rate", "200"],
  ["churn", "--rate", "100"],
];

// More than the kernel takes at once. Pinion would close the connection, as it should.
const FLOOD = ["fanout", "--connections", "20", "--payload", "100000", "--burst", "60"];

const PROGRAMS = {
  "bench-server": RUNS,
  limit: [...RUNS, FLOOD],
  plain: [...RUNS, FLOOD],
};

for (const [program, runs] of Object.entries(PROGRAMS)) {
  describe(`the load generator with ${program}`, { skip }, () => {
    const server = serve(program);
    let busiest = 0; // of one run the moment may be one in which a busy machine ran neither side

    for (const args of runs) {
      it(args.join(" "), async () => {
        const report = await load(server, ...args, ...MOMENT);
        assert.ok((report.latency_ns ?? report.round_ns).count > 0, "nothing came");
        busiest = Math.max(busiest, report.server.busy);
        assert.equal(report.missing ?? 0, 0);
        assert.equal(report.failed ?? 0, 0);
      });
    }

    it("sees what the server's CPU time is", () => assert.ok(busiest > 0 && busiest < 10, `${busiest}`));

    it("connect", async () => {
      const report = await load(server, "connect", "--connections", "300", "--group", "10", "--rate", "200", ...MOMENT);
      assert.equal(report.joined, 300);
      assert.equal(report.refused + report.timed_out, 0);
      assert.ok(report.echo_before_ns.count > 0);
      assert.ok(report.join_ns.p50 > 0);
    });

    it("idle", async (t) => {
      const fresh = await start(program);
      t.after(() => fresh.stop());
      const report = await load(fresh, "idle", "--connections", "300", "--cycles", "2");
      assert.ok(report.memory_before > 0);
      assert.ok(report.bytes_per_connection > 0);
      assert.ok(report.memory_left_last > 0);
    });
  });
}

// A server of a few lines that says `answer(message)` to everybody, for each message but a join.
async function liar(t, answer) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on("connection", (client) => {
    client.on("message", (data) => {
      const [joinRef, ref, topic, event, payload] = JSON.parse(data);
      if (event === "phx_join") {
        client.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { response: {}, status: "ok" }]));
      } else {
        for (const each of server.clients) answer(each, topic, payload);
      }
    });
  });
  await once(server, "listening");
  return server.address();
}

function broadcast(client, topic, payload) {
  client.send(JSON.stringify([null, null, topic, "msg", payload]));
}

describe("the load generator", { skip }, () => {
  const fanout = (server) => load(server, "fanout", "--connections", "5", ...MOMENT);

  it("is content with a server that answers rightly", async (t) => {
    const report = await fanout(await liar(t, broadcast));
    assert.ok(report.round_ns.count > 0);
  });

  it("finds out a byte that is wrong", async (t) => {
    const server = await liar(t, (client, topic, payload) => broadcast(client, topic, { ...payload, pad: payload.pad.toUpperCase() }));
    await assert.rejects(fanout(server), /expected\n.*abcdef.*\ngot\n.*ABCDEF/);
  });

  it("finds out a message that comes twice", async (t) => {
    const server = await liar(t, (client, topic, payload) => {
      broadcast(client, topic, payload);
      broadcast(client, topic, payload);
    });
    await assert.rejects(fanout(server), /message 0 came instead of 1/);
  });

  it("finds out a message that is left out", async (t) => {
    const server = await liar(t, (client, topic, payload) => {
      if (payload.n !== "0000000002") broadcast(client, topic, payload);
    });
    await assert.rejects(load(server, "fanout", "--connections", "5", "--burst", "2", ...MOMENT), /message 3 came instead of 2/);
  });

  it("finds out a message for another topic", async (t) => {
    const server = await liar(t, broadcast);
    await assert.rejects(load(server, "fanout", "--connections", "4", "--topics", "2", ...MOMENT), /expected/);
  });

  it("finds out a fragmented frame", async (t) => {
    const server = await liar(t, (client) => client.send("[null,", { fin: false }));
    await assert.rejects(fanout(server), /not a WebSocket frame of a server/);
  });

  it("finds out a server that hangs up", async (t) => {
    const server = await liar(t, (client) => client.terminate());
    await assert.rejects(fanout(server), /a subscriber is gone/);
  });

  it("says that nobody listens", async () => {
    await assert.rejects(fanout({ port: 1 }), /Connection refused/);
  });

  it("says what is wrong with its command line", () => {
    const cases = [
      [["fanout"], /give the server's --port/],
      [["--port", "1"], /give one scenario/],
      [["dance", "--port", "1"], /"dance" is not a scenario/],
      [["echo", "--port", "70000"], /"70000" is not a number from 1 to 65535/],
      [["echo", "--port", "1", "--payload", "26"], /"26" is not a number from 27/],
      [["echo", "--port", "1", "--connections", "1.5"], /"1.5" is not a number/],
      [["echo", "--port", "1", "--host", "nowhere"], /"nowhere" is not valid/],
    ];
    for (const [args, complaint] of cases) {
      const { status, stderr } = spawnSync(programFile("load"), args, { encoding: "utf8" });
      assert.equal(status, 2);
      assert.match(stderr, complaint);
    }
  });
});

describe("sockets without connections", () => {
  it("are counted and delivered to", () => {
    const { status, stdout, stderr } = spawnSync(programFile("loopback"), ["--assign", "--quick", "10", "3000"], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    // Ten of them take less than the process gives back or takes meanwhile: their figure may be below zero.
    assert.match(stdout, /^ +10 sockets, 1 of 1 topics each: +-?[\d.]+ bytes a socket, +\d+ ns a join, +[\d.]+ ns a delivery\n +3000 sockets, /);
  });

  it("join several of many topics", () => {
    const { status, stdout, stderr } = spawnSync(programFile("loopback"), ["--topics", "7", "--channels", "3", "--quick", "50"], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^ +50 sockets, 3 of 7 topics each: /);
  });

  it("say what is wrong with their command line", () => {
    const lines = [
      [["0"], /"0" is not a number of sockets/],
      [["--fast"], /"--fast" is not an option/],
      [["--topics"], /"" is not a number of topics/],
      [["--channels", "2"], /a socket cannot join 2 of 1 topics/],
    ];
    for (const [line, complaint] of lines) {
      const { status, stderr } = spawnSync(programFile("loopback"), line, { encoding: "utf8" });
      assert.equal(status, 1);
      assert.match(stderr, complaint);
    }
  });
});

describe("the micro-benchmarks", () => {
  it("run", () => {
    const { status, stderr } = spawnSync(programFile("micro"), ["--once"], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });

  it("say that there is none of that name", () => {
    const { status, stderr } = spawnSync(programFile("micro"), ["--once", "nothing"], { encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /finding one of that name failed/);
  });
});
