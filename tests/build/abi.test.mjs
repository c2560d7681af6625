// What keeps the promises of the binary interface: the map of what is exported, and the check that holds it against the headers.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { check } from "../../tools/check-abi.mjs";
import { BUILD_DIR } from "../helpers/server.mjs";

const SOURCE_DIR = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

describe("what is exported", () => {
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
