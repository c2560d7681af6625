// The programs under --supervise: crashes under load, hangs, limits, and every way to stop.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { freePort } from "../helpers/brokers.mjs";
import { disconnect, join, open } from "../helpers/phoenix.mjs";
import { childrenOf, gone, isAlive, probe } from "../helpers/processes.mjs";
import { OPCODE, RawConnection, frame, getOver } from "../helpers/raw.mjs";
import { IO_ARGS, programFile, run, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

// The sanitizers would make an exit of a segmentation fault.
const LEAVE_SIGNALS = "handle_segv=0:handle_abort=0";
const env = Object.fromEntries(
  ["ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"].map((name) => [
    name,
    [process.env[name], LEAVE_SIGNALS].filter(Boolean).join(":"),
  ]),
);

// A supervised server for one test.
async function supervised(t, options = {}) {
  const { program = "conformance", args = [], ...rest } = options;
  const server = await start(program, { env: { ...env, ...rest.env }, ...rest, args: ["--supervise", ...args] });
  t.after(() => server.kill());
  return server;
}

function childOf(server) {
  const children = childrenOf(server.pid);
  assert.equal(children.length, 1, "a supervisor has one child");
  return children[0];
}

// The child that says it is ready when `count` have said so before: its process id.
async function nextChild(server, count) {
  const ready = new RegExp(`(?:child \\d+ is ready[^]*){${count}}child (\\d+) is ready`);
  return Number((await server.said(ready))[1]);
}

// A client in the room, which counts how often its connection ended, and talks until it is told to stop.
async function member(t, server, topic) {
  const socket = await open(server);
  const self = { socket, closes: 0, stopped: false };
  t.after(() => {
    self.stopped = true;
    disconnect(socket);
  });
  socket.onClose(() => self.closes++);
  Object.assign(self, await join(socket, topic));
  self.talking = talk(self);
  return self;
}

// Whatever was under way when the server crashed times out: nobody can tell whether it was done.
async function talk(self) {
  let n = 0;
  while (!self.stopped) {
    const [status, response] = await self.push("echo", { n }, 500);
    if (status === "ok") assert.deepEqual(response, { n });
    else assert.equal(status, "timeout");
    n++;
  }
  return n;
}

function crowd(t, server, count, topic) {
  return Promise.all(Array.from({ length: count }, () => member(t, server, topic)));
}

async function allTalkAndHear(members, word) {
  members.forEach((one) => (one.stopped = true));
  await Promise.all(members.map((one) => one.talking));
  members[0].cast("shout", { word });
  const heard = members.map(({ events }) => events("shout").next(`everybody to hear ${word}`));
  assert.deepEqual(await Promise.all(heard), Array(members.length).fill({ word }));
}

describe("a supervised server that crashes", () => {
  it("costs each of 60 clients that talk one reconnect, and refuses no connection", async (t) => {
    const server = await supervised(t, { args: ["--loops", "2"] });
    const members = await crowd(t, server, 60, "room:load");
    const prober = probe(server.port);
    const first = childOf(server);
    process.kill(first, "SIGSEGV");
    await Promise.all(members.map(({ joins }) => joins.next("a client to join again")));
    await allTalkAndHear(members, "after the crash");

    const { connected, errors } = await prober.stop();
    assert.deepEqual(errors, {});
    assert.ok(connected > 10, `${connected} connections were tried`);
    assert.deepEqual(members.map(({ closes }) => closes), Array(60).fill(1));
    const { stdout, stderr } = server.output();
    assert.match(stderr, new RegExp(`child ${first} was killed by signal 11 \\(Segmentation fault\\)`));
    assert.equal(stdout, `listening on 127.0.0.1:${server.port}\n`);
    assert.notEqual(childOf(server), first);
    await server.stop();
  });

  it("is missed by the prober where nobody supervises", async (t) => {
    const server = await start("conformance");
    t.after(() => server.kill());
    const prober = probe(server.port);
    await fetch(server.url);
    await server.kill();
    while (!prober.result.errors.ECONNREFUSED) await fetch(server.url).catch(() => {});
    const { connected } = await prober.stop();
    assert.ok(connected > 0);
  });

  it("comes back as often as it crashes, up to the limit, and then its status is the supervisor's", async (t) => {
    const server = await supervised(t);
    for (let crashes = 0; crashes <= 5; crashes++) process.kill(await nextChild(server, crashes), "SIGKILL");
    assert.deepEqual(await within(server.exited, "the supervisor to give up"), { code: 137, signal: null });
    const { stderr } = server.output();
    assert.match(stderr, /killed by signal 9 \(Killed\); starting it again\n/);
    assert.match(stderr, /killed by signal 9 \(Killed\); starting it again in 100 ms\n/);
    assert.match(stderr, /killed by signal 9 \(Killed\); giving up after 5 restarts within 60000 ms\n$/);
    assert.equal(stderr.match(/started child/g).length, 6);
  });
});

describe("a supervised server that cannot start", () => {
  it("is not started again", async (t) => {
    const { child, exited, output } = run("conformance", { args: ["--supervise", "--io", "steam"] });
    t.after(() => child.kill("SIGKILL"));
    assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
    const { stdout, stderr } = output();
    assert.match(stderr, /there is no engine "steam"/);
    assert.match(stderr, /exited with status 1 before it was ready, and is not started again\n$/);
    assert.equal(stderr.match(/started child/g).length, 1);
    assert.equal(stdout, "");
  });

  it("says that its port is taken before it starts anything", async (t) => {
    const first = await supervised(t);
    const { child, exited, output } = run("conformance", { port: first.port, args: ["--supervise"] });
    t.after(() => child.kill("SIGKILL"));
    assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
    assert.match(output().stderr, /^pinion: cannot listen on .* another program has it/);
    await first.stop();
  });
});

describe("a supervised server that hangs", () => {
  it("is aborted when the watchdog's time is over, and started again", async (t) => {
    const server = await supervised(t, { env: { WATCHDOG_USEC: "2000000" } });
    const socket = await open(server);
    t.after(() => disconnect(socket));
    const { joins, push } = await join(socket, "room:hang");
    const first = childOf(server);
    process.kill(first, "SIGSTOP");
    await joins.next("the client to join again");
    assert.deepEqual(await push("echo", { n: 1 }), ["ok", { n: 1 }]);
    const { stderr } = server.output();
    assert.match(stderr, new RegExp(`child ${first} has given no sign of life for 2000 ms: aborting it`));
    assert.match(stderr, new RegExp(`child ${first} was killed by signal 6 \\(Aborted\\)`));
    await server.stop();
  });
});

// The server of tests/helpers/supervised.c; plan() says what children that are started from now on do.
async function planned(t, options = {}) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-plan-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, "plan");
  const plan = (text) => writeFileSync(file, text);
  plan(options.plan ?? "");
  const all = { ...options, env: { ...env, SUPERVISED_PLAN: file, ...options.env } };
  const server = run("../tests/helpers/supervised", all);
  t.after(() => server.child.kill("SIGKILL"));
  const stop = async () => {
    server.child.kill("SIGTERM");
    assert.deepEqual(await within(server.exited, "the exit"), { code: 0, signal: null });
  };
  return { ...server, pid: server.child.pid, plan, stop };
}

describe("a supervised server that cannot start again", () => {
  it("is tried for ever, as one was ready before", async (t) => {
    const server = await planned(t, { env: { SUPERVISED_BACKOFF_MS: "1" } });
    const first = await nextChild(server, 0);
    server.plan("exit 1");
    process.kill(first, "SIGKILL");
    await server.said(/(?:child \d+ exited with status 1; starting it again in \d+ ms\n[^]*){10}/);
    server.plan("");
    await nextChild(server, 1);
    assert.doesNotMatch(server.output().stderr, /giving up/);
    await server.stop();
  });

  it("is waited for longer and longer", async (t) => {
    const server = await planned(t);
    const first = await nextChild(server, 0);
    server.plan("exit 1");
    process.kill(first, "SIGKILL");
    await server.said(/in 400 ms/);
    assert.match(server.output().stderr, /in 100 ms[^]*in 200 ms[^]*in 400 ms/);
    await server.stop();
  });
});

describe("a supervised server that hangs before it is ready", () => {
  it("is aborted when its time to start is over, and started again", async (t) => {
    const server = await planned(t, { plan: "hang", env: { SUPERVISED_START_MS: "2000" } });
    const [, first] = await server.said(/started child (\d+)/);
    await server.said(/child \d+ was not ready within 2000 ms: aborting it/);
    server.plan("");
    await nextChild(server, 0);
    assert.match(server.output().stderr, new RegExp(`child ${first} was killed by signal 6 \\(Aborted\\)`));
    await server.stop();
  });

  it("is aborted also when another was ready before", async (t) => {
    const server = await planned(t, { env: { SUPERVISED_START_MS: "2000" } });
    const first = await nextChild(server, 0);
    server.plan("hang");
    process.kill(first, "SIGKILL");
    await server.said(/was not ready within 2000 ms/);
    server.plan("");
    await nextChild(server, 1);
    await server.stop();
  });
});

describe("a supervised server that is frozen with its supervisor", () => {
  const WATCHDOG_MS = 2000;
  const orders = {
    "the supervisor goes on first": (server, child) => [server.pid, child],
    "the child goes on first": (server, child) => [child, server.pid],
  };
  for (const [what, order] of Object.entries(orders)) {
    it(`is not blamed for it: ${what}`, async (t) => {
      const server = await supervised(t, { env: { WATCHDOG_USEC: String(WATCHDOG_MS * 1000) } });
      const child = childOf(server);
      // Longer than the watchdog's time, and by so little that the supervisor cannot tell by being late for that.
      for (const excess of [100, WATCHDOG_MS]) {
        process.kill(server.pid, "SIGSTOP");
        process.kill(child, "SIGSTOP");
        await elapse(WATCHDOG_MS + excess);
        const [one, other] = order(server, child);
        process.kill(one, "SIGCONT");
        await elapse(200); /* it runs by itself for a while */
        process.kill(other, "SIGCONT");
        assert.equal((await fetch(server.url)).status, 200);
        await elapse(WATCHDOG_MS); /* the time in which it would be aborted */
        assert.doesNotMatch(server.output().stderr, /no sign of life/);
        assert.equal(childOf(server), child);
      }
      process.kill(child, "SIGSTOP");
      await server.said(/no sign of life for 2000 ms/); /* it is watched as before */
      await nextChild(server, 1);
      await server.stop();
    });
  }
});

// Seconds of processor time that a process has used.
function cpuOf(pid) {
  const [, , , , , , , , , , , user, system] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").pop().split(" ");
  return (Number(user) + Number(system)) / 100;
}

// Sends to an abstract socket as fast as it can, as a user without rights, until it is killed.
const FLOOD = String.raw`
import os, socket, sys
os.setuid(65534)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(b"\0" + sys.argv[1].encode())
print("flooding", flush=True)
while True:
    try: s.send(b"READY=1\nSTOPPING=1\nSTATUS=of somebody else\n" * 80)
    except OSError: pass
`;

const noFlood =
  process.getuid() !== 0 ? "needs root" : spawnSync("python3", ["--version"]).status === 0 ? false : "no python3";

describe("a supervisor's ear", () => {
  it("cannot be talked to death by others", { skip: noFlood }, async (t) => {
    const server = await supervised(t, { env: { WATCHDOG_USEC: "2000000" } });
    const child = childOf(server);
    const environment = readFileSync(`/proc/${child}/environ`, "latin1").split("\0");
    const name = environment.find((one) => one.startsWith("NOTIFY_SOCKET=@")).slice("NOTIFY_SOCKET=@".length);
    const flood = spawn("python3", ["-c", FLOOD, name], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => flood.kill("SIGKILL"));
    await within(once(flood.stdout, "data"), "the flood");
    const before = cpuOf(server.pid);
    await elapse(5000); /* twice the watchdog's time: pings come through */
    assert.ok(cpuOf(server.pid) - before < 0.25, `${cpuOf(server.pid) - before} s of processor time in 5 s`);
    assert.equal(childOf(server), child);
    assert.doesNotMatch(server.output().stderr, /no sign of life|is to stop/);
    process.kill(child, "SIGKILL");
    await nextChild(server, 1);
    await server.stop();
  });

  for (const args of [[], ["--supervise"]]) {
    for (const address of ["vsock:2:1234", "nowhere"]) {
      it(`has nobody to tell at ${address}, which keeps nobody from serving: ${args[0] ?? "unsupervised"}`, async (t) => {
        const server = await start("conformance", { args, env: { ...env, NOTIFY_SOCKET: address } });
        t.after(() => server.kill());
        assert.equal((await fetch(server.url)).status, 200);
        const warning = /NOTIFY_SOCKET: "\S+" is neither a path nor an abstract name/g;
        await server.said(new RegExp(warning.source));
        await server.stop();
        assert.equal(server.output().stderr.match(warning).length, 1);
      });
    }
  }
});

describe("a program that is started without descriptors 0 to 2", () => {
  for (const args of [[], ["--supervise"]]) {
    it(`does not write its log into its own sockets: ${args[0] ?? "unsupervised"}`, async (t) => {
      const port = await freePort();
      const command = [programFile("chat"), "--port", String(port), "--log", "debug", ...IO_ARGS, ...args];
      const shell = spawn("/bin/sh", ["-c", 'exec "$@" <&- >&- 2>&-', "sh", ...command], { env: { ...process.env, ...env }, stdio: "ignore" });
      t.after(() => shell.kill("SIGKILL"));
      const url = `http://127.0.0.1:${port}`;
      await within(answers(url), "an answer");
      const pids = [shell.pid, ...childrenOf(shell.pid)];
      for (const pid of pids) {
        for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`/proc/${pid}/fd/${fd}`), "/dev/null");
      }
      shell.kill("SIGTERM");
      assert.deepEqual(await within(once(shell, "exit"), "the exit"), [0, null]);
    });
  }
});

async function answers(url) {
  for (;;) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.status === 200) return;
    await elapse(10);
  }
}

describe("a supervised server that is stopped", () => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    it(`stops gracefully on ${signal}`, async (t) => {
      const server = await supervised(t);
      const raw = await RawConnection.websocket(t, server);
      const child = childOf(server);
      process.kill(server.pid, signal);
      assert.equal(await raw.closeCode(), 1012);
      raw.send(frame(OPCODE.CLOSE, Buffer.of(1012 >> 8, 1012 & 255)));
      assert.deepEqual(await within(server.exited, "the exit"), { code: 0, signal: null });
      assert.match(server.output().stderr, new RegExp(`child ${child} exited with status 0\n$`));
      assert.ok(!isAlive(child));
    });
  }

  it("stops at once on a second signal", async (t) => {
    const server = await supervised(t);
    const deaf = await RawConnection.websocket(t, server);
    process.kill(server.pid, "SIGTERM");
    assert.equal(await deaf.closeCode(), 1012); /* which it leaves unanswered: the server waits for it */
    process.kill(server.pid, "SIGTERM");
    assert.deepEqual(await within(server.exited, "the exit", 3_000), { code: 143, signal: null });
    assert.match(server.output().stderr, /killed by signal 9 \(Killed\)\n$/);
  });

  it("takes one signal to supervisor and child alike for one", async (t) => {
    const server = await supervised(t);
    const raw = await RawConnection.websocket(t, server);
    const child = childOf(server);
    process.kill(server.pid, "SIGINT");
    assert.equal(await raw.closeCode(), 1012);
    process.kill(child, "SIGINT"); /* as a terminal does it */
    raw.send(frame(OPCODE.CLOSE, Buffer.of(1012 >> 8, 1012 & 255)));
    assert.deepEqual(await within(server.exited, "the exit"), { code: 0, signal: null });
  });

  it("refuses connections as soon as it stops", async (t) => {
    const server = await supervised(t, { args: ["--loops", "1"] });
    const deaf = await RawConnection.websocket(t, server);
    process.kill(server.pid, "SIGTERM");
    assert.equal(await deaf.closeCode(), 1012);
    await assert.rejects(RawConnection.open(t, server), { code: "ECONNREFUSED" });
    process.kill(server.pid, "SIGTERM");
    await within(server.exited, "the exit");
  });

  it("ends when its child stops by itself", async (t) => {
    const server = await supervised(t);
    process.kill(childOf(server), "SIGTERM");
    assert.deepEqual(await within(server.exited, "the exit"), { code: 0, signal: null });
  });

  it("dies with its supervisor, and leaves the port free", async (t) => {
    const server = await supervised(t);
    const raw = await RawConnection.open(t, server);
    const child = childOf(server);
    try {
      await within(server.kill(), "the end of both");
      await within(raw.closed, "the connection to be cut");
      await gone(child);
    } finally {
      if (isAlive(child)) process.kill(child, "SIGKILL");
    }
    const second = await supervised(t, { port: server.port });
    await second.stop();
  });
});

describe("a supervised server that gets SIGHUP", () => {
  it("is replaced, and refuses no connection", async (t) => {
    const server = await supervised(t, { args: ["--loops", "2"] });
    const members = await crowd(t, server, 20, "room:reload");
    const prober = probe(server.port);
    for (let reloads = 1; reloads <= 7; reloads++) {
      process.kill(server.pid, "SIGHUP");
      await nextChild(server, reloads);
      await Promise.all(members.map(({ joins }) => joins.next("a client to join again")));
    }
    await allTalkAndHear(members, "after the reloads");
    const { connected, errors } = await prober.stop();
    assert.deepEqual(errors, {});
    assert.ok(connected > 10, `${connected} connections were tried`);
    assert.doesNotMatch(server.output().stderr, /error/);
    await server.stop();
  });

  it("runs the program's file as it is by then", async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), "pinion-reload-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const [program, newer] = ["server", "newer"].map((name) => path.join(directory, name));
    copyFileSync(programFile("conformance"), program);
    copyFileSync(programFile("bench-server"), newer);
    const server = await supervised(t, { program });
    const socket = await open(server);
    t.after(() => disconnect(socket));
    const opened = new Promise((resolve) => socket.onOpen(resolve));
    renameSync(newer, program);
    process.kill(server.pid, "SIGHUP");
    await nextChild(server, 1);
    await within(opened, "the client to come back");
    const { push } = await join(socket, "bench:new");
    assert.deepEqual(await push("echo", { n: 1 }), ["ok", { n: 1 }]);
    await server.stop();
  });

  it("is started again though its file is gone", async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), "pinion-gone-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const program = path.join(directory, "server");
    copyFileSync(programFile("conformance"), program);
    const server = await supervised(t, { program });
    rmSync(program);
    process.kill(childOf(server), "SIGKILL");
    await nextChild(server, 1);
    assert.equal((await fetch(server.url)).status, 200);
    await server.stop();
  });
});

describe("the program in docs/supervision.md", () => {
  it("comes back when it crashes", async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), "pinion-docs-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const socketPath = path.join(directory, "socket"); /* which fits it, though its port is a fixed one */
    const { child, exited, said } = run("docs_supervised", { launch: ["--unix", socketPath, "--notify"], env });
    t.after(() => child.kill("SIGKILL"));
    const [, supervisor] = await said(/^notify (\d+) READY=1$/m, "stdout");
    assert.equal(await getOver(socketPath), "up");
    const [first] = childrenOf(Number(supervisor));
    process.kill(first, "SIGSEGV");
    await said(new RegExp(`child ${first} was killed by signal 11`));
    assert.equal(await getOver(socketPath), "up");
    child.kill("SIGTERM");
    assert.deepEqual(await within(exited, "the exit"), { code: 0, signal: null });
  });
});
