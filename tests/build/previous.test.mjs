// A program that was built with the headers of another release works with the library: with headers in which the structs that
// may grow are shorter than the library has them, as those of a previous release are, and longer.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { selfSized, sized } from "../../tools/check-abi.mjs";
import { cached } from "../helpers/build.mjs";
import { BUILD_DIR } from "../helpers/server.mjs";

const SOURCE_DIR = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const execute = promisify(execFile);
const CC = cached("CMAKE_C_COMPILER");
const sanitizers = [
  cached("PINION_ASAN") === "ON" && "-fsanitize=address,undefined",
  cached("PINION_TSAN") === "ON" && "-fsanitize=thread",
].filter(Boolean);

// So many members are what the struct is for; no release had fewer.
const least = {
  pinion_clause: 2,
  pinion_mount_sizes: Infinity, // not a program's
  pinion_raw_socket_def: 4,
  pinion_route: 2,
  pinion_serializer_route: 2,
  pinion_socket_def: 2,
  pinion_stream_def: 5,
  pinion_supervise_options: 3,
  pinion_transport: 7,
  pinion_transport_limits: Infinity, // the library's; functions of the headers read them
};

describe("a program of another release", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-previous-"));
  after(() => rmSync(directory, { recursive: true }));

  // The headers, with other members in these structs.
  function headers(name, names, change) {
    const folder = path.join(directory, name, "pinion");
    mkdirSync(path.dirname(folder));
    cpSync(path.join(SOURCE_DIR, "include/pinion"), folder, { recursive: true });
    const changed = new Set();
    for (const header of readdirSync(folder)) {
      const file = path.join(folder, header);
      const text = readFileSync(file, "utf8").replace(/\/\*[^]*?\*\//g, " ");
      const structs = text.replace(/\bstruct (pinion_\w+) \{([^}]*)\}/g, (whole, struct, body) => {
        if (!names.includes(struct)) return whole;
        const members = body.split(";").map((member) => member.trim()).filter(Boolean);
        const others = change(struct, members);
        if (others.length !== members.length) changed.add(struct);
        return `struct ${struct} {\n${others.map((member) => `${member};\n`).join("")}}`;
      });
      writeFileSync(file, structs);
    }
    return { folder: path.dirname(folder), changed };
  }

  async function runs(folder, ...flags) {
    const program = path.join(folder, "program");
    const libraries = [`-L${BUILD_DIR}`, "-lpinion", "-lpinion-core", "-ljansson", "-pthread", `-Wl,-rpath,${BUILD_DIR}`];
    const warnings = ["-Wall", "-Werror", "-Wno-missing-field-initializers"];
    await execute(CC, ["-std=gnu11", "-g", "-O1", ...warnings, ...flags, ...sanitizers, `-I${folder}`, "-o", program, path.join(SOURCE_DIR, "tests/build/previous.c"), ...libraries]);
    const { stdout, stderr } = await execute(program, { timeout: 60000 });
    assert.deepEqual([stdout, stderr], ["all of it works\n", ""]);
  }

  const keep = (count) => (struct, members) => members.slice(0, Math.max(count(members.length), least[struct] ?? 1));

  it("works with the headers as they are", async () => {
    const { folder } = headers("same", [], () => []);
    await runs(folder, "-DMOST");
  });

  it("works without the last member of each struct", async () => {
    const { folder, changed } = headers("shorter", sized, keep((count) => count - 1));
    assert.deepEqual([...changed].sort(), sized.filter((name) => !["pinion_clause", "pinion_metrics_options", "pinion_mount_sizes", "pinion_route", "pinion_serializer_route", "pinion_stream_def", "pinion_transport_limits"].includes(name)).sort());
    await runs(folder, "-DMOST");
  });

  it("works with the first half of each struct", async () => {
    const { folder } = headers("half", sized, keep((count) => Math.floor(count / 2)));
    await runs(folder);
  });

  it("works with members more, unless it sets them", async () => {
    const names = [...sized, ...selfSized].filter((name) => name !== "pinion_mount_sizes");
    const { folder, changed } = headers("longer", names, (struct, members) => [...members, "long later"]);
    assert.equal(changed.size, names.length);
    await runs(folder, "-DLATER", "-DMOST");
  });
});
