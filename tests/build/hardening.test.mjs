// What compiler and linker were to put into what we build (PINION_HARDENING) is in it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { SANITIZED, isOn } from "../helpers/build.mjs";
import { BUILD_DIR, programFile } from "../helpers/server.mjs";

const skip = SANITIZED ? "the sanitizers have other means" : !isOn("PINION_HARDENING") && "it is switched off";

const library = (name) => path.join(BUILD_DIR, `lib${name}.so`);
const files = { chat: programFile("chat"), "the shared library": library("pinion"), "that of core": library("pinion-core") };
const show = (file) => execFileSync("readelf", ["--headers", "--dynamic", "--dyn-syms", "--wide", file], { encoding: "utf8" });

for (const [name, file] of Object.entries(files)) {
  describe(`hardening of ${name}`, { skip }, () => {
    const elf = skip ? "" : show(file);

    it("lies anywhere in memory", () => assert.match(elf, /Type:\s+DYN/));
    it("has no stack that can be executed", () => assert.match(elf, /GNU_STACK(\s+0x[0-9a-f]+){5} RW /));
    it("has no segment that can be written and executed", () => assert.doesNotMatch(elf, / LOAD .* RWE /));
    it("has its tables of addresses read-only once it is loaded", () => {
      assert.match(elf, /GNU_RELRO/);
      assert.match(elf, /BIND_NOW/);
    });
    it("looks after its stack", () => assert.match(elf, / __stack_chk_fail\b/));
    it("has lengths checked by the C library", () => assert.match(elf, / __\w+_chk\b/));
  });
}
