// Configuring with what a machine has: cmake --preset release, without the packages that only tests need.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
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
  const commands = JSON.parse(readFileSync(path.join(build, "compile_commands.json"), "utf8"));
  return { stdout, tests: existsSync(path.join(build, "tests")), commands };
}

// What the library is built from, and the libraries that it is told of.
function library(commands) {
  const ours = commands.filter(({ file }) => file.startsWith(path.join(SOURCE_DIR, "src/")));
  const has = new Set(ours.flatMap(({ command }) => command.match(/-DPINION_HAVE_\w+/g) ?? []).map((flag) => flag.slice("-DPINION_HAVE_".length)));
  return { has, sources: ours.map(({ file }) => file.slice(SOURCE_DIR.length)) };
}

const OPTIONAL = [
  { name: "SODIUM", module: "libsodium", source: "src/token/encryptor.c", instead: "src/token/encryptor_none.c" },
  { name: "URING", module: "liburing", source: "src/io/loop_uring.c" },
  { name: "NATS", module: "libnats", source: "src/pubsub/nats.c" },
  { name: "REDIS", module: "hiredis", source: "src/pubsub/redis.c" },
];

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

  it("takes the libraries that it can do without, where they are", async (t) => {
    const { stdout, commands } = await configure(t, {});
    const { has, sources } = library(commands);
    for (const { name, module, source, instead } of OPTIONAL) {
      assert.ok(has.has(name), name);
      assert.ok(sources.includes(source), source);
      assert.ok(!sources.includes(instead), instead);
      assert.doesNotMatch(stdout, new RegExp(`: left out, ${module} brings it$`, "m"));
    }
  });

  it("does without them where they are not, and says so", async (t) => {
    const { stdout, commands } = await configure(t, {}, ["hiredis_ssl.pc", ...OPTIONAL.map(({ module }) => `${module}.pc`)]);
    const { has, sources } = library(commands);
    assert.deepEqual([...has], []);
    for (const { module, source, instead } of OPTIONAL) {
      assert.ok(!sources.includes(source), source);
      if (instead) assert.ok(sources.includes(instead), instead);
      assert.match(stdout, new RegExp(`: left out, ${module} brings it$`, "m"));
    }
  });
});

// Checks and assertions are one: both or neither, whatever the build type says of NDEBUG.
describe("PINION_CHECKS", () => {
  // What pkg-config says to link with, and the directory of the library.
  async function flags(module) {
    const read = async (...args) => (await execute("pkg-config", [...args, module], { env: { ...process.env, PKG_CONFIG_PATH: path.dirname(module) } })).stdout.trim();
    return { libs: (await read("--libs")).split(/\s+/), directory: await read("--variable=libdir") };
  }

  const cases = [
    ["Debug", [], true],
    ["None", [], false],
    ["Release", ["-DPINION_CHECKS=ON"], true],
    ["Release", ["-DPINION_CHECKS=OFF", "-DPINION_ASAN=ON"], true],
  ];
  for (const [type, options, on] of cases) {
    it(`is ${on ? "on" : "off"} for ${[type, ...options].join(" ")}`, async (t) => {
      const build = mkdtempSync(path.join(tmpdir(), "pinion-configure-"));
      t.after(() => rmSync(build, { recursive: true }));
      const all = ["-G", "Ninja", "-B", build, "-S", SOURCE_DIR, `-DCMAKE_BUILD_TYPE=${type}`, "-DBUILD_TESTING=OFF", "-DPINION_PROGRAMS=OFF", ...options];
      await execute("cmake", all);
      const commands = JSON.parse(readFileSync(path.join(build, "compile_commands.json"), "utf8"));
      const { command } = commands.find(({ file }) => file.endsWith("/src/base/error.c"));
      const words = command.split(" ");
      assert.equal(words.includes("-DPINION_CHECKS"), on);
      assert.equal(words.filter((word) => /^-[DU]NDEBUG$/.test(word)).at(-1), on ? "-UNDEBUG" : "-DNDEBUG");
      const { stdout } = await execute("pkg-config", ["--variable=checks", path.join(build, "packaging/pinion.pc")]);
      assert.equal(stdout.trim(), on ? "on" : "off");
      for (const module of ["pinion", "pinion-core"]) {
        const { libs, directory } = await flags(path.join(build, `packaging/${module}.pc`));
        assert.equal(libs.includes(`-Wl,-rpath,${directory}`), on, libs.join(" "));
      }
    });
  }
});
