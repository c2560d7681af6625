// How much memory a process has, as the kernel counts it.

import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as elapse } from "node:timers/promises";
import { within } from "./wait.mjs";

const RETURN_MS = 60_000;

function status(pid, field) {
  const text = readFileSync(`/proc/${pid}/status`, "latin1");
  return 1024 * Number(new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(text)[1]);
}

export const resident = (pid) => status(pid, "VmRSS");

// Counts from now on: the function that gives the bytes by which the process has grown at most, and the one that
// waits until no more than `kept` of them are left.
export function watchMemory(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5"); // the peak is what there is now
  const before = resident(pid);
  const grown = () => status(pid, "VmHWM") - before;
  const returned = async (kept) => {
    const polled = (async () => {
      while (resident(pid) - before > kept) await elapse(5);
    })();
    try {
      await within(polled, "the memory to return", RETURN_MS);
    } catch ({ message }) {
      throw new Error(`${message}: ${resident(pid) - before} bytes are left, ${kept} may be`);
    }
    return resident(pid) - before;
  };
  return { grown, returned };
}
