// The servers that are compared. Each is started anew for every run, on a processor of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const bin = path.join(root, "build/bin");
const peers = path.join(root, "bench/peers");

const START_MS = 10_000;
const STOP_MS = 10_000;

const pinion = [path.join(bin, "bench-server"), "--loops", "1", "--log", "error"];

// limit comes first, since all others are compared with it.
export const SERVERS = [
  { name: "limit", about: "io_uring and hard-coded frames: the lowest cost we could reach", command: [path.join(bin, "limit")] },
  { name: "plain", about: "epoll, one send() for each message, hard-coded frames", command: [path.join(bin, "plain")] },
  { name: "pinion-uring", about: "Pinion on io_uring", command: [...pinion, "--io", "uring"] },
  { name: "pinion-uv", about: "Pinion on libuv", command: [...pinion, "--io", "uv"] },
  { name: "ws", about: "the same protocol, on ws for Node.js", command: ["node", path.join(peers, "ws.mjs")] },
  {
    name: "socket.io",
    about: "socket.io, in its own protocol",
    command: ["node", path.join(peers, "socket.io.mjs")],
    dialect: "socket.io",
  },
];

export class CannotStart extends Error {}

// No server outlives this process.
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

// Resolves to {pid, port, stop()} once the server says where it listens. CannotStart: it ended instead; the message is
// the last line that it printed.
export async function start(server, processor) {
  const child = spawn("taskset", ["-c", String(processor), ...server.command, "--port", "0"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (complaints += text));
  const port = await listening(child, () => firstLine(complaints) ?? `${server.name} ended before it listened`);
  return { pid: child.pid, port, stop: () => stop(child, () => firstLine(complaints)) };
}

async function listening(child, reason) {
  let said = "";
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  try {
    return await new Promise((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (text) => {
        said += text;
        const line = /^listening on \S+:(\d+)$/m.exec(said);
        if (line) resolve(Number(line[1]));
      });
      child.once("error", reject);
      child.once("close", () => reject(new CannotStart(reason())));
    });
  } finally {
    clearTimeout(timer);
  }
}

// The most useful line of what a program prints before it gives up.
function firstLine(text) {
  return text.split("\n").find((line) => line.trim() !== "");
}

async function stop(child, reason) {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`the server ended by itself, with ${child.signalCode ?? child.exitCode}: ${reason()}`);
  }
  const closed = once(child, "close");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  child.kill("SIGTERM");
  await closed;
  clearTimeout(timer);
}
