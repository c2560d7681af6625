// What clients that have joined and say nothing cost, and that their memory goes back when they leave: figures that
// bench/README.md promises, at a size that a test can have.

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { SANITIZED } from "../helpers/build.mjs";
import { isBuilt, programFile, start } from "../helpers/server.mjs";

const CLIENTS = 3000;
const CYCLES = 10; // so that what a busy machine does to a few of them is not the median
const LIMITS = { uring: 600, uv: 900 }; // bytes for each
const KEPT = 600_000; // bytes that a server that has seen a crowd may keep: first slabs, and what libraries have
const CREEP = 20_000; // bytes that may come with each cycle after the first: nothing, but for what the heap does

function obstacle() {
  if (SANITIZED) return "a sanitizer's memory is another";
  if (!isBuilt("load")) return "the load generator is not built: liburing is missing";
  const { stderr } = spawnSync(programFile("load"), ["echo", "--port", "1"], { encoding: "utf8" });
  return stderr.includes("no io_uring here") && stderr.trim();
}

describe("the memory of clients that have joined", () => {
  it("is little, goes back, and does not creep", { skip: obstacle() }, async (t) => {
    const server = await start("bench-server", { args: ["--loops", "1", "--log", "info"] });
    t.after(() => server.stop());
    const [, engine] = await server.said(/\(1 loops?, (uring|uv)\)/);
    const args = ["idle", "--connections", CLIENTS, "--cycles", CYCLES, "--port", server.port, "--pid", server.pid, "--json"];
    const { stdout } = await promisify(execFile)(programFile("load"), args.map(String));
    const report = JSON.parse(stdout);
    const left = report.memory_left_last - report.memory_before;
    assert.ok(report.bytes_per_connection <= LIMITS[engine], `${report.bytes_per_connection} bytes for each on ${engine}`);
    assert.ok(left <= KEPT, `${left} bytes are left`);
    assert.ok(report.creep_per_cycle <= CREEP, `${report.creep_per_cycle} bytes more with each cycle`);
  });
});
