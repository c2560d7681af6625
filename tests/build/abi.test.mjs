// What keeps the promises of the binary interface: the map of what is exported, and the check that holds it against the headers.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { check, checkStructs } from "../../tools/check-abi.mjs";
import { SANITIZED } from "../helpers/build.mjs";
import { BUILD_DIR } from "../helpers/server.mjs";

const SOURCE_DIR = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

describe("what is exported", { skip: SANITIZED && "the sanitizers have symbols of their own" }, () => {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-abi-"));
  after(() => rmSync(directory, { recursive: true }));

  // A copy of what the check reads, of which one file is changed.
  function changed(name, change) {
    const root = mkdtempSync(path.join(directory, "tree-"));
    for (const folder of ["include", "src"]) cpSync(path.join(SOURCE_DIR, folder), path.join(root, folder), { recursive: true });
    const before = readFileSync(path.join(root, name), "utf8");
    const text = change(before);
    assert.notEqual(text, before);
    writeFileSync(path.join(root, name), text);
    return root;
  }

  it("is what the public headers declare", () => {
    assert.deepEqual(check(SOURCE_DIR, BUILD_DIR), []);
  });

  it("does not lack what is declared", () => {
    const root = changed("include/pinion/version.h", (text) => text.replace("PINION_API", "PINION_API int pinion_forgotten(void);\nPINION_API"));
    assert.deepEqual(check(root, BUILD_DIR), ["pinion_forgotten: declared with PINION_API, but in no map: give it its place in src/*.map*"]);
  });

  it("is listed, each name", () => {
    const root = changed("src/pinion.map", (text) => text.replace("    pinion_push;\n", ""));
    assert.deepEqual(check(root, BUILD_DIR), [
      "pinion_push: exported by libpinion.so, but not in its map",
      "pinion_push: declared with PINION_API, but in no map: give it its place in src/*.map*",
    ]);
  });

  it("is declared, each name", () => {
    const root = changed("include/pinion/channel.h", (text) => text.replace(/PINION_API int pinion_push\([^;]*;/, ""));
    assert.deepEqual(check(root, BUILD_DIR), [
      "pinion_push: in src/pinion.map, but no public header declares it with PINION_API",
      "pinion_push: visible to the linker: make it static, or name it pinion__",
    ]);
  });

  it("keeps the version that it had", () => {
    const root = changed("src/pinion.map", (text) => text.replace("PINION_0.1 {", "PINION_0.0 {"));
    const complaints = check(root, BUILD_DIR);
    assert.ok(complaints.includes("pinion_push: exported as of PINION_0.1, not of PINION_0.0"), complaints.join("\n"));
  });
});

describe("a struct of the public headers", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-structs-"));
  after(() => rmSync(directory, { recursive: true }));

  // What is said of headers of which one is changed.
  function saidOf(name, change) {
    const root = mkdtempSync(path.join(directory, "tree-"));
    cpSync(path.join(SOURCE_DIR, "include"), path.join(root, "include"), { recursive: true });
    const file = path.join(root, "include/pinion", name);
    const before = readFileSync(file, "utf8");
    writeFileSync(file, change(before));
    assert.notEqual(readFileSync(file, "utf8"), before);
    return checkStructs(root);
  }

  it("has its kind", () => {
    assert.deepEqual(checkStructs(SOURCE_DIR), []);
    const said = saidOf("error.h", (text) => text.replace("enum pinion_errno", "typedef struct pinion_new {\n    int a;\n} pinion_new;\nenum pinion_errno"));
    assert.deepEqual(said, ["struct pinion_new: say in tools/check-abi.mjs of which kind it is: sized, made by the library, or frozen"]);
  });

  it("is not given to the library without its size", () => {
    const said = saidOf("endpoint.h", (text) => text.replace("PINION_API uint16_t", "PINION_API int pinion_f(const pinion_stats *stats);\nPINION_API uint16_t"));
    assert.deepEqual(said, ["pinion_f: is given a pinion_stats, and not its size: export pinion_f_sized, and make it inline"]);
  });

  it("is handed on with its own size", () => {
    const said = saidOf("endpoint.h", (text) => text.replace("sizeof(pinion_stats)", "sizeof(pinion_rate)"));
    assert.deepEqual(said, [
      "pinion_endpoint_stats_sized: its inline function does not hand on sizeof(pinion_stats)",
      "struct pinion_stats: no inline function hands on its size",
    ]);
  });

  it("is not made part of another where it may grow", () => {
    const said = saidOf("endpoint.h", (text) => text.replace("} pinion_stats;", "    pinion_transport_limits limits;\n} pinion_stats;"));
    assert.deepEqual(said, ["struct pinion_stats: holds a pinion_transport_limits, which could not grow then: `pinion_transport_limits limits`"]);
  });

  it("says its size first where it comes from elsewhere", () => {
    const said = saidOf("serializer.h", (text) => text.replace("    size_t size; ", "    size_t length; "));
    assert.deepEqual(said, ["struct pinion_serializer: begins with `size_t size`"]);
  });

  it("is no variable of the library's", () => {
    const said = saidOf("error.h", (text) => text.replace("/* The sentence", "PINION_API extern const int pinion_number;\n/* The sentence"));
    assert.deepEqual(said, ["pinion_number: a variable is not exported; give a function that returns its address"]);
  });
});
