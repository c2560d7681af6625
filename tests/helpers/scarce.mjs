// The server of tests/helpers/scarce: for it memory and system calls fail when a test says so.

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const SCARCE = "../tests/helpers/scarce";
export const seed = Number(process.env.PINION_SEED ?? Date.now() % 1_000_000);
export const everything = process.env.PINION_SWEEP === "all";

// As in scarce.h; the name follows them.
const FIELDS = [
  "memory", "calls", "theAllocation", "theCall", "way", "seed", "allocations", "called", "failed", "failedCalls", "ways",
];
const NAME_SIZE = 64;

// The numbers that test and server share: set(name, value), get(name), failure() (what failed last, in words), and the
// environment that the server needs.
export function shared(t) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-scarce-"));
  const file = path.join(directory, "control");
  const fd = openSync(file, "w+");
  t.after(() => (closeSync(fd), rmSync(directory, { recursive: true })));
  const place = (name) => FIELDS.indexOf(name) * 4;
  const set = (name, value) => writeSync(fd, Buffer.from(Uint32Array.of(value).buffer), 0, 4, place(name));
  const get = (name) => {
    const bytes = Buffer.alloc(4);
    readSync(fd, bytes, 0, 4, place(name));
    return bytes.readUInt32LE();
  };
  const failure = () => {
    const bytes = Buffer.alloc(NAME_SIZE);
    readSync(fd, bytes, 0, NAME_SIZE, FIELDS.length * 4);
    return bytes.toString("latin1").split("\0")[0];
  };
  writeSync(fd, Buffer.alloc(FIELDS.length * 4 + NAME_SIZE), 0);
  set("seed", seed);
  return { set, get, failure, directory, env: { PINION_SCARCE: file } };
}

// Waits until a program that was run() listens or has ended: its port, undefined when it has.
export async function listensOrEnds({ child, exited, output }) {
  const port = () => /^listening on \S+:(\d+)/m.exec(output().stdout)?.[1];
  const listens = new Promise((resolve) => child.stdout.on("data", () => port() && resolve()));
  await Promise.race([listens, exited]);
  return port();
}

// Of the numbers from 1 to count: all with PINION_SWEEP=all, else `some` by the seed.
export function chosen(count, some) {
  const left = Array.from({ length: count }, (_, i) => i + 1);
  if (everything) return left;
  let state = seed;
  const below = (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const taken = Array.from({ length: Math.min(some, count) }, () => left.splice(below(left.length), 1)[0]);
  return taken.sort((a, b) => a - b);
}
