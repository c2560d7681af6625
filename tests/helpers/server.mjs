// Runs one of the programs in build/bin for a test, and sees to it that none outlives the test.
//
// PINION_BIN_DIR names another directory with the programs; PINION_TEST_IO the I/O engine that every one of them
// is to use; PINION_SERVER_ARGS adds arguments to them ("--loops 1"); PINION_TEST_WRAPPER is a command that runs them, with
// its options ("valgrind -q").

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { within } from "./wait.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const BIN_DIR = path.resolve(process.env.PINION_BIN_DIR ?? path.join(here, "../../build/bin"));
export const BUILD_DIR = path.dirname(BIN_DIR);
const LAUNCH = path.join(BUILD_DIR, "tests/helpers/launch");
export const IO_ARGS = process.env.PINION_TEST_IO ? ["--io", process.env.PINION_TEST_IO] : [];
const WRAPPER = words(process.env.PINION_TEST_WRAPPER);
const EXTRA_ARGS = [...IO_ARGS, ...words(process.env.PINION_SERVER_ARGS)];

const START_MS = WRAPPER.length > 0 ? 150_000 : 30_000;
const STOP_MS = START_MS;

function words(text = "") {
  return text.split(/\s+/).filter(Boolean);
}

const running = new Set();

function killAll() {
  for (const child of running) child.kill("SIGKILL");
}

process.on("exit", killAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => process.exit(1));
}

export function programFile(program) {
  const file = path.resolve(BIN_DIR, program);
  assert.ok(existsSync(file), `${file} is not built`);
  return file;
}

// Some programs are built only where a library is.
export function isBuilt(program) {
  return existsSync(path.resolve(BIN_DIR, program));
}

// The program as it is, without waiting for it to listen. `launch` are options of tests/helpers/launch.c, for a
// program that is to be started as by systemd; `env` adds to the environment; a port of null is for programs that
// know no --port.
//   exited              resolves to {code, signal}
//   output()            {stdout, stderr} so far
//   said(pattern, from) waits until the pattern matches what was written to "stderr" (or `from`): the match
export function run(program, { port = 0, args = [], cwd, env = {}, launch } = {}) {
  const listen = port === null ? [] : ["--port", String(port), ...EXTRA_ARGS];
  const all = [programFile(program), ...listen, ...args];
  const [command, ...rest] = [...WRAPPER, ...(launch ? [LAUNCH, ...launch, "--", ...all] : all)];
  const stdio = ["ignore", "pipe", "pipe"];
  const child = spawn(command, rest, { cwd, env: { ...process.env, ...env }, stdio });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8").on("data", (text) => (output[stream] += text));
  }
  running.add(child);
  const exited = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  const said = (pattern, from = "stderr") => outputMatching(child[from], () => output[from], pattern);
  return { child, exited, output: () => output, said };
}

function outputMatching(stream, text, pattern) {
  let look;
  const matched = new Promise((resolve) => {
    look = () => {
      const match = pattern.exec(text());
      if (match) resolve(match);
    };
    stream.on("data", look);
    look();
  });
  return within(matched, `the program to say ${pattern}`, START_MS).finally(() => stream.off("data", look));
}

// Resolves once the program says where it listens:
//   url     http://127.0.0.1:PORT
//   child   the process
//   stop()  SIGTERM; fails unless the program then exits with 0
//   kill()  SIGKILL, and waits until it is gone
export async function start(program, options) {
  const { child, exited, output, said } = run(program, options);
  const port = await listening(child, exited, output);
  let killed = false;

  async function stop() {
    if (killed) return;
    child.kill("SIGTERM");
    try {
      const { code, signal } = await within(exited, `${program} to stop`, STOP_MS);
      assert.equal(signal ?? code, 0, `${program} did not exit cleanly:\n${output().stderr}`);
    } finally {
      child.kill("SIGKILL");
    }
  }

  async function kill() {
    killed = true;
    child.kill("SIGKILL");
    await exited;
  }

  return { url: `http://127.0.0.1:${port}`, port, pid: child.pid, child, exited, stop, kill, output, said };
}

// A server for the tests of one describe(), filled in when they start; they fail if it does not stop cleanly.
export function serve(program, options) {
  const server = {};
  before(async () => Object.assign(server, await start(program, options)));
  after(() => server.stop?.());
  return server;
}

async function listening(child, exited, output) {
  const said = new Promise((resolve) => {
    child.stdout.on("data", () => {
      const line = /^listening on \S+:(\d+)\r?\n/m.exec(output().stdout);
      if (line) resolve(Number(line[1]));
    });
  });
  const gone = exited.then(({ code, signal }) => {
    throw new Error(`ended with ${signal ?? code} before it listened:\n${output().stderr}`);
  });
  try {
    return await within(Promise.race([said, gone]), "the server to listen", START_MS);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}
