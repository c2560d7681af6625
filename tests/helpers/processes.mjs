// Processes, as /proc tells of them.

import { readFileSync, readdirSync } from "node:fs";

// {state, parent}, or null when there is none. The name in parentheses may hold anything.
function look(pid) {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").pop().split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

export function childrenOf(pid) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((other) => look(other)?.parent === pid);
}
