// The corpora of the fuzzers, and what our parsers say of their files.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { BUILD_DIR } from "./server.mjs";

const CORPORA = fileURLToPath(new URL("../../fuzz/corpus/", import.meta.url));

// Node 18 had no readdirSync that goes into directories until 18.17.
function filesIn(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(directory, entry.name);
    return entry.isDirectory() ? filesIn(file) : [file];
  });
}

// The corpus, and with PINION_FOUND=build/fuzz/corpus in the environment what fuzzing has found as well.
function filesOf(target) {
  const found = process.env.PINION_FOUND;
  return [...filesIn(path.join(CORPORA, target)), ...(found ? filesIn(path.join(found, target)) : [])].sort();
}

// Of `target`: {name, bytes, verdict} of each file. `kind` is what tests/helpers/verdicts.c takes.
export function judged(target, kind) {
  const files = filesOf(target);
  const program = path.join(BUILD_DIR, "tests/helpers/verdicts");
  const lines = execFileSync(program, [kind, ...files], { encoding: "latin1", maxBuffer: 1 << 28 }).split("\n");
  return files.map((file, i) => ({ name: path.basename(file), bytes: readFileSync(file), verdict: lines[i].trim() }));
}
