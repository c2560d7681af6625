// Sockets that are passed to the programs, and what the programs say to whoever passed them: systemd's part is
// played by tests/helpers/launch.c.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { connect, join } from "../helpers/phoenix.mjs";
import { childrenOf, probe } from "../helpers/processes.mjs";
import { getOver } from "../helpers/raw.mjs";
import { run, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

// A program with what `launch` opens for it; `ports` are those of its sockets.
async function launched(t, launch, { program = "conformance", ...options } = {}) {
  const server = await start(program, { ...options, launch });
  t.after(() => server.kill());
  server.ports = [...server.output().stdout.matchAll(/^socket (\d+)$/gm)].map(([, port]) => Number(port));
  return server;
}

// The process id of the program, or of its supervisor.
function programOf(server) {
  const [pid, ...others] = childrenOf(server.pid);
  assert.deepEqual(others, []);
  return pid;
}

// What the program says to its NOTIFY_SOCKET: waits for this line, after `count` others like it.
async function notified(server, line, count = 0) {
  const pattern = new RegExp(`(?:^notify \\d+ ${line}$[^]*){${count}}^notify (\\d+) ${line}$`, "m");
  return Number((await server.said(pattern, "stdout"))[1]);
}

// Everybody hears what the first says, wherever they came in.
async function oneRoom(members) {
  members[0].cast("shout", { n: 1 });
  await Promise.all(members.map(({ events }) => events("shout").next()));
}

const at = (port) => ({ url: `http://127.0.0.1:${port}` });

describe("sockets that are passed to a program", () => {
  it("serve two loops though there is one socket", async (t) => {
    const server = await launched(t, ["--tcp"], { args: ["--loops", "2"] });
    assert.equal(server.ports.length, 1);
    assert.equal(server.port, server.ports[0]);
    const sockets = await Promise.all(Array.from({ length: 30 }, () => connect(t, server)));
    await oneRoom(await Promise.all(sockets.map((socket) => join(socket, "room:one"))));
    assert.match(server.output().stderr, /listening sockets that were passed to this process: 1/);
    await server.stop();
  });

  it("serve one loop though there are three", async (t) => {
    const server = await launched(t, ["--tcp", "--tcp", "--tcp"], { args: ["--loops", "1"] });
    assert.equal(new Set(server.ports).size, 3);
    const sockets = await Promise.all(server.ports.map((port) => connect(t, at(port))));
    await oneRoom(await Promise.all(sockets.map((socket) => join(socket, "room:three"))));
    await server.stop();
  });

  it("may be unix-domain ones", async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), "pinion-unix-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, "socket");
    const server = await launched(t, ["--unix", file, "--tcp"], { args: ["--loops", "1"] });
    assert.equal(await getOver(file), "ok");
    assert.equal(await (await fetch(server.url)).text(), "ok");
    await server.stop();
  });

  it("may be unix-domain ones only", async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), "pinion-unix-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, "socket");
    const { child, exited, said } = run("conformance", { launch: ["--unix", file] });
    t.after(() => child.kill("SIGKILL"));
    await said(/^listening on a unix-domain socket$/m, "stdout");
    assert.equal(await getOver(file), "ok");
    child.kill("SIGTERM");
    assert.deepEqual(await within(exited, "the exit"), { code: 0, signal: null });
  });

  it("are refused when they are for another port, and named", async (t) => {
    const launch = ["--tcp", "--names", "web"];
    const { child, exited, output } = run("conformance", { port: 1, launch });
    t.after(() => child.kill("SIGKILL"));
    assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
    const port = /^socket (\d+)$/m.exec(output().stdout)[1];
    const why = `for 127.0.0.1, port 1: there is 127.0.0.1:${port} (web)`;
    assert.ok(output().stderr.includes(why), output().stderr);
  });

  it("are left alone when they are for another process", async (t) => {
    const server = await start("conformance", { env: { LISTEN_PID: "1", LISTEN_FDS: "7" } });
    t.after(() => server.kill());
    assert.equal((await fetch(server.url)).status, 200);
    await server.stop();
  });

  it("cannot be what is no socket", async (t) => {
    // Only a process that knows its own id can set it: a shell becomes the program.
    const { child, exited, output } = run("conformance", {
      launch: ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3</dev/null'],
    });
    t.after(() => child.kill("SIGKILL"));
    assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
    assert.match(output().stderr, /LISTEN_FDS: descriptor 3 is not a socket/);
  });
});

describe("a program that is watched over", () => {
  it("says that it is ready, that it is alive, and that it stops", async (t) => {
    const server = await launched(t, ["--notify", "--watchdog", "400000"], { args: ["--loops", "2"] });
    const program = programOf(server);
    assert.equal(await notified(server, "READY=1"), program);
    assert.equal(await notified(server, "WATCHDOG=1", 3), program);
    await server.stop();
    assert.match(server.output().stdout, new RegExp(`^notify ${program} STOPPING=1$`, "m"));
  });

  it("says nothing of being alive where nobody asks for it", async (t) => {
    const server = await launched(t, ["--notify"]);
    await notified(server, "READY=1");
    await server.stop();
    assert.doesNotMatch(server.output().stdout, /WATCHDOG/);
  });
});

describe("a supervisor that is watched over", () => {
  const args = ["--supervise", "--loops", "2"];

  it("passes the sockets on, speaks for its child, and says what becomes of it", async (t) => {
    const server = await launched(t, ["--tcp", "--tcp", "--notify", "--watchdog", "400000"], { args });
    const supervisor = programOf(server);
    assert.equal(await notified(server, "READY=1"), supervisor);
    const probers = server.ports.map((port) => probe(port, { parallel: 1 }));
    const [child] = childrenOf(supervisor);
    process.kill(child, "SIGKILL");
    assert.equal(await notified(server, `STATUS=child ${child} was killed by signal 9 \\(Killed\\)`), supervisor);
    await server.said(new RegExp(`child ${child} is ready[^]*child \\d+ is ready`));
    for (const port of server.ports) assert.equal((await fetch(at(port).url)).status, 200);
    await notified(server, "WATCHDOG=1", 3);
    for (const prober of probers) assert.deepEqual((await prober.stop()).errors, {});
    await server.stop();

    const { stdout } = server.output();
    assert.equal(stdout.match(/READY=1/g).length, 1);
    assert.equal(stdout.match(/STOPPING=1/g).length, 1);
    const senders = new Set([...stdout.matchAll(/^notify (\d+)/gm)].map(([, pid]) => Number(pid)));
    assert.deepEqual([...senders], [supervisor]);
  });

  it("says that it reloads, and when it has", async (t) => {
    const server = await launched(t, ["--notify"], { args });
    await notified(server, "READY=1");
    process.kill(server.pid, "SIGHUP");
    await notified(server, "READY=1", 1);
    assert.match(server.output().stdout, /^notify \d+ RELOADING=1\nnotify \d+ MONOTONIC_USEC=\d+$/m);
    await server.stop();
  });

  it("says nothing of being ready when its child never was", async (t) => {
    const { child, exited, output } = run("conformance", {
      launch: ["--notify"],
      args: [...args, "--io", "steam"],
    });
    t.after(() => child.kill("SIGKILL"));
    assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
    assert.doesNotMatch(output().stdout, /READY/);
    assert.match(output().stdout, /^notify \d+ STATUS=child \d+ exited with status 1$/m);
  });
});
