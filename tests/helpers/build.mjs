// How the programs that are tested were built.

import { readFileSync } from "node:fs";
import path from "node:path";
import { BUILD_DIR } from "./server.mjs";

const cache = readFileSync(path.join(BUILD_DIR, "CMakeCache.txt"), "utf8");

// What CMake has for the name; undefined where it has none.
export const cached = (name) => new RegExp(`^${name}:\\w+=(.*)$`, "m").exec(cache)?.[1];
export const isOn = (name) => ["ON", "1"].includes(cached(name));

export const SANITIZED = isOn("PINION_ASAN") || isOn("PINION_TSAN");
