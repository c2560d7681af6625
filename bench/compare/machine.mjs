// The machine on which the figures were measured.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";

function git(...args) {
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}

export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    processors: os.cpus().length,
    memory_gib: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release(),
    node: process.version,
    descriptors: descriptorLimit(),
  };
}

function descriptorLimit() {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  return line ? Number(line[1]) : null;
}

export function describeCommit() {
  return { commit: git("rev-parse", "--short=12", "HEAD"), changed: git("status", "--porcelain") !== "" };
}

// The processors this process may use: the server gets the first, the load generator the last.
export function chooseProcessors() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
  const allowed = list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return { server: allowed[0], generator: allowed.at(-1) };
}
