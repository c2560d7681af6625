// Configuring with what a machine has: cmake --preset release, without the packages that only tests need.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SOURCE_DIR = fileURLToPath(new URL("../../", import.meta.url));
const execute = promisify(execFile);

// A directory that has what pkg-config finds here, but for these modules.
async function modulesWithout(directory, missing) {
  const { stdout } = await execute("pkg-config", ["--variable", "pc_path", "pkg-config"]);
  mkdirSync(directory);
  for (const folder of stdout.trim().split(":").filter(existsSync)) {
    for (const name of readdirSync(folder)) {
      const file = path.join(directory, name);
      if (!missing.includes(name) && !existsSync(file)) symlinkSync(path.join(folder, name), file);
    }
  }
  return directory;
}

async function configure(t, env, missing = []) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-configure-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const PKG_CONFIG_LIBDIR = await modulesWithout(path.join(directory, "modules"), missing);
  const build = path.join(directory, "build");
  const { stdout } = await execute("cmake", ["--preset", "release", "-B", build], {
    cwd: SOURCE_DIR,
    env: { ...process.env, PKG_CONFIG_LIBDIR, ...env },
  });
  return { stdout, tests: existsSync(path.join(build, "tests")) };
}

describe("cmake --preset release", () => {
  const leftOut = /^-- The tests are left out: /m;

  it("has the tests where their libraries are", async (t) => {
    const { stdout, tests } = await configure(t, {});
    assert.doesNotMatch(stdout, leftOut);
    assert.ok(tests);
  });

  for (const [what, env, missing] of [["cmocka", {}, ["cmocka.pc"]], ["C++ compiler", { CXX: "/nowhere/c++" }, []]]) {
    it(`leaves them out where there is no ${what}, and says so`, async (t) => {
      const { stdout, tests } = await configure(t, env, missing);
      assert.match(stdout, leftOut);
      assert.ok(!tests);
    });
  }
});
