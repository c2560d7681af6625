// What cmake --install leaves behind, as its users meet it: in C and C++, by pkg-config and by CMake, shared and
// static. It is moved before anything is built with it, and nothing of this tree is used but the program's text.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cached } from "../helpers/build.mjs";
import { getOver } from "../helpers/raw.mjs";
import { BUILD_DIR, run } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";
import { checkMarkdown } from "../../tools/check-links.mjs";

const SOURCE_DIR = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const execute = promisify(execFile);

// How the library was built decides how programs are linked with it.
const sanitizers = [
  cached("PINION_ASAN") === "ON" && "-fsanitize=address,undefined",
  cached("PINION_TSAN") === "ON" && "-fsanitize=thread",
].filter(Boolean);
const CC = cached("CMAKE_C_COMPILER");
const CXX = cached("CMAKE_CXX_COMPILER");

const read = (...parts) => readFileSync(path.join(...parts), "utf8");
// Debian has libnats as a shared library only.
function linkedStatically(libraries) {
  const archives = libraries.filter((flag) => flag !== "-lnats");
  const shared = libraries.filter((flag) => flag === "-lnats");
  return ["-Wl,-Bstatic", ...archives, "-Wl,-Bdynamic", ...shared];
}

const headersOf = (root) => readdirSync(path.join(root, "include/pinion")).sort();
const headers = headersOf(SOURCE_DIR);

// The functions that the public headers declare.
function declared() {
  const text = headers.map((header) => read(SOURCE_DIR, "include/pinion", header)).join("\n");
  const code = text.replace(/\/\*[^]*?\*\//g, "").replace(/^#.*(?:\\\n.*)*/gm, "");
  return [...code.matchAll(/PINION_API[^;(]*?(pinion_\w+)\s*\(/g)].map(([, name]) => name);
}

// The commands in its text that compile a program.
function readmeCommands() {
  return [...read(SOURCE_DIR, "README.md").matchAll(/`(cc server\.c [^`]*)`/g)].map(([, command]) => command);
}

// The first program of the README, which serves a directory of files.
function readmeProgram() {
  return /^```c\n([^]*?)^```$/m.exec(read(SOURCE_DIR, "README.md"))[1];
}

describe("the installed library", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-install-"));
  const prefix = path.join(directory, "moved");
  const inside = (name) => path.join(directory, name);
  after(() => rmSync(directory, { recursive: true }));

  before(async () => {
    await execute("cmake", ["--install", BUILD_DIR, "--prefix", inside("built")]);
    renameSync(inside("built"), prefix);
    writeFileSync(inside("program.c"), readmeProgram());
    mkdirSync(inside("static"));
    writeFileSync(inside("static/index.html"), "hello");
  });

  const env = { ...process.env, PKG_CONFIG_PATH: path.join(prefix, "lib/pkgconfig") };
  const shared = { LD_LIBRARY_PATH: path.join(prefix, "lib") };

  async function output(command, args, options) {
    const { stdout, stderr } = await execute(command, args, { cwd: directory, env, ...options });
    assert.equal(stderr, "");
    return stdout;
  }

  async function flagsOf(module, ...args) {
    return (await output("pkg-config", [...args, module])).trim().split(/\s+/);
  }

  async function pkgConfig(...args) {
    return flagsOf("pinion", ...args);
  }

  async function hasChecks() {
    return (await pkgConfig("--variable=checks"))[0] === "on";
  }

  // What the README says to type, with the program of its own and as the shell takes it.
  async function asTheReadmeSays(module, name) {
    const command = readmeCommands().find((line) => line.includes(`--libs ${module})`));
    assert.ok(command, `the README has no command with ${module}`);
    const added = ["-o", name, "-Wall", "-Werror", ...sanitizers].join(" ");
    await output("sh", ["-ec", command.replace(/^cc server\.c/, `${CC} program.c ${added}`)]);
    return inside(name);
  }

  async function compile(compiler, name, ...args) {
    await output(compiler, ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", ...sanitizers, "-o", name, ...args]);
    return inside(name);
  }

  // What the dynamic section of a file says of NEEDED, SONAME and so on.
  async function dynamic(file, tag) {
    const text = await output("readelf", ["--dynamic", "--wide", file]);
    return [...text.matchAll(new RegExp(`\\(${tag}\\).*\\[(.*)\\]`, "g"))].map(([, value]) => value);
  }

  // Runs the README's program, with a socket that is passed to it: its port is a fixed one.
  async function serves(t, program, environment = {}) {
    const socketPath = `${program}.socket`;
    const launch = ["--unix", socketPath, "--notify"];
    const { child, exited, said } = run(program, { port: null, args: [inside("static")], env: environment, launch });
    t.after(() => child.kill("SIGKILL"));
    await said(/^notify \d+ READY=1$/m, "stdout");
    assert.equal(await getOver(socketPath), "hello");
    child.kill("SIGTERM");
    assert.deepEqual(await within(exited, "the exit"), { code: 0, signal: null });
  }

  it("has the public headers, each of them complete, and no others", async () => {
    assert.deepEqual(headersOf(prefix), headers);
    const flags = await pkgConfig("--cflags");
    for (const header of headers) {
      writeFileSync(inside(`only_${header}.c`), `#include <pinion/${header}>\n`);
      writeFileSync(inside(`only_${header}.cpp`), `#include <pinion/${header}>\n`);
    }
    const all = (suffix) => headers.map((header) => `only_${header}${suffix}`);
    await output(CC, ["-std=c11", "-Wall", "-Werror", "-fsyntax-only", ...flags, ...all(".c")]);
    await output(CXX, ["-std=c++17", "-Wall", "-Wpedantic", "-Werror", "-fsyntax-only", ...flags, ...all(".cpp")]);
  });

  it("is named for its minor version, and sought where the system seeks libraries", async () => {
    const [major, minor] = (await pkgConfig("--modversion"))[0].split(".");
    for (const name of ["libpinion.so", "libpinion-core.so"]) {
      const library = path.join(prefix, "lib", name);
      assert.deepEqual(await dynamic(library, "SONAME"), [`${name}.${major}.${minor}`]);
      assert.deepEqual(await dynamic(library, "RPATH"), []);
      const beside = (await hasChecks()) && name === "libpinion.so"; // of the debug build: the core that lies beside it
      assert.deepEqual(await dynamic(library, "RUNPATH"), beside ? ["$ORIGIN"] : []);
    }
  });

  it("has the documentation, with the files that it shows", () => {
    const documents = path.join(prefix, "share/doc/pinion");
    assert.match(read(documents, "README.md"), /^# Pinion/);
    assert.match(read(documents, "SECURITY.md"), /^# Security/);
    const guides = readdirSync(documents, { recursive: true }).filter((name) => name.endsWith(".md"));
    const there = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md", "examples/README.md", ...readdirSync(path.join(SOURCE_DIR, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
    assert.deepEqual(guides.sort(), there.sort());
    assert.deepEqual(checkMarkdown(documents, guides), []);
    assert.match(read(documents, "docs/channels.md"), /\]\(\.\.\/\.\.\/\.\.\/\.\.\/include\/pinion\/channel\.h\)/);
    assert.match(read(documents, "docs/compatibility.md"), /^\| a push or broadcast that is no object \|/m);
  });

  it("has no text that differs from the guides but in links", () => {
    const plain = (text) => text.replace(/\[([^\][]*)\]\([^()]*\)/g, "$1");
    for (const name of ["README.md", "CHANGELOG.md", "docs/compatibility.md", "docs/cpp.md"]) {
      assert.equal(plain(read(prefix, "share/doc/pinion", name)), plain(read(SOURCE_DIR, name)));
    }
  });

  it("has pages for man, by header and by function", () => {
    const page = (name) => read(prefix, "share/man/man3", `${name}.3`);
    for (const header of headers) {
      const name = path.basename(header, ".h");
      assert.match(page(name === "pinion" ? name : `pinion_${name}`), new RegExp(`<pinion/${name}\\.h>`));
    }
    for (const name of declared()) assert.match(page(name), new RegExp(`^\\.so man3/pinion_\\w+\\.3$|${name}`, "m"));
    const [version] = /VERSION ([\d.]+)/.exec(read(SOURCE_DIR, "CMakeLists.txt").replace(/^cmake_minimum.*$/m, "")).slice(1);
    assert.ok(page("pinion_channel").includes(`Pinion ${version}`));
  });

  it("has the suites of the contracts, which stand on nothing else of ours", async () => {
    const share = path.join(prefix, "share/pinion");
    const sources = readdirSync(path.join(share, "contract")).filter((name) => name.endsWith(".c"));
    const text = [
      ...["setjmp", "stdarg", "stddef", "stdint", "cmocka"].map((name) => `#include <${name}.h>`),
      '#include "contract/pubsub.h"',
      '#include "contract/transport.h"',
      "int main(void) { static const struct carrier carrier; return transport_suite(&carrier, 0); }",
    ];
    writeFileSync(inside("suites.c"), text.map((line) => `${line}\n`).join(""));
    const all = ["suites.c", ...sources.map((name) => path.join(share, "contract", name))];
    const flags = [`-I${share}`, "-D_GNU_SOURCE", "-Wno-unused-function", ...(await pkgConfig("--cflags", "--libs")), "-lcmocka", "-pthread"];
    await compile(CC, "suites", ...all, ...flags);
    const lines = path.join(prefix, "share/doc/pinion/examples");
    const test = [path.join(share, "contract/example/transport_lines_test.c"), path.join(lines, "lines/lines.c"), `-I${lines}`];
    await compile(CC, "lines_test", ...test, ...all.slice(1), ...flags);
  });

  // A debug build says in its assertions where its sources are.
  it("names no directory it was built in", () => {
    const files = readdirSync(prefix, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const debug = cached("CMAKE_BUILD_TYPE") === "Debug";
    const checked = files.filter(({ name }) => !debug || !/\.(a|so[\d.]*)$/.test(name));
    assert.ok(checked.length > headers.length);
    for (const { path: folder, parentPath = folder, name } of checked) {
      const bytes = readFileSync(path.join(parentPath, name));
      for (const built of [SOURCE_DIR, BUILD_DIR, inside("built")]) {
        assert.equal(bytes.indexOf(built), -1, `${name} names ${built}`);
      }
    }
  });

  describe("by pkg-config", () => {
    it("builds the README's program, as the README says", async (t) => {
      const program = await asTheReadmeSays("pinion", "shared");
      const [soname] = await dynamic(path.join(prefix, "lib/libpinion.so"), "SONAME");
      assert.ok((await dynamic(program, "NEEDED")).includes(soname));
      await serves(t, program, shared);
    });

    // Both builds have one soname: a program that is developed against the debug build must run with it.
    it("lets the program find the library if that is the debug build, and no other", async (t) => {
      const checks = await hasChecks();
      const paths = await dynamic(await asTheReadmeSays("pinion", "found"), "RUNPATH");
      assert.equal(paths.length, checks ? 1 : 0);
      assert.ok(paths.every((directory) => path.resolve(directory) === path.join(prefix, "lib")), paths.join(" "));
      if (checks) await serves(t, inside("found"));
    });

    it("builds it without a shared library of ours, as the README says", async (t) => {
      const program = await asTheReadmeSays("pinion-static", "static_one");
      assert.deepEqual((await dynamic(program, "NEEDED")).filter((name) => /pinion/.test(name)), []);
      await serves(t, program);
      assert.equal(readmeCommands().length, 2);
    });

    // For those who link all they can: what pkg-config --static names is complete.
    it("builds it with every archive that there is", async (t) => {
      const libraries = await pkgConfig("--static", "--cflags", "--libs");
      const program = await compile(CC, "archives", "program.c", ...linkedStatically(libraries));
      const others = /^(libnats|libc|libm|ld-linux.*|lib(a|t|ub)san|libgcc_s|libstdc\+\+|libpthread|libdl|librt)\.so/;
      assert.deepEqual((await dynamic(program, "NEEDED")).filter((name) => !others.test(name)), []);
      await serves(t, program);
    });

    it("asks for no header but its own and jansson's", async () => {
      const own = ["-I", path.join(prefix, "include")].join("");
      const plain = async (module) => (await output("pkg-config", ["--cflags", module])).trim().split(/\s+/).filter(Boolean);
      const wanted = [...new Set([own, ...(await plain("jansson"))])];
      for (const module of ["pinion", "pinion-static", "pinion-core", "pinion-core-static"]) {
        const flags = (await plain(module)).map((flag) => (flag.startsWith("-I") ? `-I${path.resolve(flag.slice(2))}` : flag));
        assert.deepEqual(flags, wanted);
      }
    });

    it("asks a program for no library but those it calls itself", async () => {
      const names = (await pkgConfig("--libs")).filter((flag) => flag.startsWith("-l"));
      assert.deepEqual(names, ["-lpinion", "-lpinion-core", "-ljansson"]);
    });
  });

  // What stands in for a library of somebody else, who needs payloads and no server.
  describe("core", () => {
    const sources = {
      "other.h": `
        #include <pinion/payload.h>
        #include <pinion/log.h>
        pinion_payload *other_payload(void);
        const char *other_detail(void);
        void other_listen(pinion_log_fn *fn);
        `,
      "other.c": `
        #include "other.h"
        pinion_payload *other_payload(void) { return pinion_json("{s:s}", "from", "other"); }
        const char *other_detail(void) { return pinion_error_detail(); }
        void other_listen(pinion_log_fn *fn) { pinion_log_set_function(fn, 0); }
        `,
      "alone.c": `
        #include "other.h"
        #include <stdio.h>
        int main(void)
        {
            size_t length;
            pinion_payload *payload = other_payload();
            const char *bytes = pinion_payload_bytes(payload, &length);
            printf("%.*s %s", (int)length, bytes, pinion_errname(PINION_EBUSY));
            pinion_payload_unref(payload);
        }
        `,
      "both.c": `
        #include "other.h"
        #include <pinion/testing.h>
        #include <stdio.h>
        static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
        {
            return pinion_ok(pinion_payload_ref(payload));
        }
        static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "echo", echo }) };
        static const pinion_socket_def sockets = { .channels = PINION_ROUTES({ "room", &room }, { "room", &room }) };
        static void hear(pinion_log_level level, const char *line, void *data) { printf("heard "); }
        int main(void)
        {
            pinion_test *test;
            pinion_test_client *client;
            size_t length;
            other_listen(hear);
            int rc = pinion_test_new(&test, NULL);
            rc = rc ? rc : pinion_test_connect(test, &sockets, NULL, "", &client);
            rc = rc ? rc : pinion_test_join(client, "room", NULL);
            rc = rc ? rc : pinion_test_push(client, "room", "echo", other_payload());
            rc = rc < 0 ? rc : pinion_test_expect_reply(client, rc, "ok", NULL);
            if (rc)
                return pinion_exit(rc);
            const char *bytes = pinion_test_bytes(test, &length);
            printf("%.*s ", (int)length, bytes);
            rc = pinion_test_expect_close(client, 1000);
            printf("%s", rc && *other_detail() ? "told" : "not told");
            pinion_test_free(test);
        }
        `,
    };
    before(() => {
      for (const [name, text] of Object.entries(sources)) writeFileSync(inside(name), text);
    });

    const needed = async (program) => (await dynamic(program, "NEEDED")).filter((name) => !/^(lib(a|t|ub)san|libc|ld-linux.*)\.so/.test(name));
    const said = (program) => output(program, [], { env: { ...env, LD_LIBRARY_PATH: `${shared.LD_LIBRARY_PATH}:${directory}` } });

    it("is all that a program without a server needs, shared", async () => {
      const program = await compile(CC, "alone_shared", "alone.c", "other.c", ...(await flagsOf("pinion-core", "--cflags", "--libs")));
      const [soname] = await dynamic(path.join(prefix, "lib/libpinion-core.so"), "SONAME");
      assert.deepEqual(await needed(program), [soname]);
      assert.equal(await said(program), '{"from":"other"} PINION_EBUSY');
    });

    it("is all that a program without a server needs, static", async () => {
      const program = await compile(CC, "alone_static", "alone.c", "other.c", ...(await flagsOf("pinion-core-static", "--cflags", "--libs")));
      assert.deepEqual((await needed(program)).filter((name) => /pinion|uv|uring|nats|hiredis|sodium/.test(name)), []);
      assert.equal(await said(program), '{"from":"other"} PINION_EBUSY');
    });

    it("is there once, in a program of both libraries, shared", async () => {
      await compile(CC, "libother.so", "-shared", "-fPIC", "other.c", ...(await flagsOf("pinion-core", "--cflags", "--libs")));
      const program = await compile(CC, "both_shared", "both.c", "-L.", "-lother", ...(await pkgConfig("--cflags", "--libs")));
      assert.equal(await said(program), 'heard {"from":"other"} told');
    });

    it("is there once, in a program of both libraries, static", async () => {
      await compile(CC, "other.o", "-c", "other.c", ...(await flagsOf("pinion-core-static", "--cflags")));
      await output("ar", ["rcs", "libother.a", "other.o"]);
      const libraries = ["libother.a", ...(await flagsOf("pinion-core-static", "--libs")), ...(await flagsOf("pinion-static", "--cflags", "--libs"))];
      const program = await compile(CC, "both_static", "both.c", ...libraries);
      assert.deepEqual((await needed(program)).filter((name) => /pinion/.test(name)), []);
      assert.equal(await said(program), 'heard {"from":"other"} told');
    });

    it("is of the very same release as the server's library", async () => {
      const { stdout } = await execute("readelf", ["--version-info", "--wide", path.join(prefix, "lib/libpinion.so")]);
      const [version] = await pkgConfig("--modversion");
      assert.deepEqual([...new Set(stdout.match(/PINION_PRIVATE_[\d.]+/g))], [`PINION_PRIVATE_${version}`]);
    });
  });

  describe("in C++17", () => {
    before(() => {
      const functions = declared();
      assert.ok(functions.length > 80, `${functions.length} functions are declared`);
      const lines = [
        ...headers.map((header) => `#include <pinion/${header}>`),
        "#include <cstdio>",
        ...functions.map((name) => `auto *volatile the_${name} = &${name};`),
        "static_assert(PINION_VERSION_HEX == PINION_VERSION_MAJOR * 0x10000 + PINION_VERSION_MINOR * 0x100 + PINION_VERSION_PATCH, \"hex\");",
        "#if PINION_VERSION_HEX < 0x000100 || PINION_VERSION_HEX >= 0x010000",
        "#error it can be compared",
        "#endif",
        "int main()",
        "{",
        '    std::printf("%d.%d.%d %s", PINION_VERSION_MAJOR, PINION_VERSION_MINOR, PINION_VERSION_PATCH, the_pinion_version());',
        "}",
      ];
      writeFileSync(inside("all.cpp"), lines.map((line) => `${line}\n`).join(""));
    });

    for (const kind of ["shared", "static"]) {
      it(`links with every function that is declared, ${kind}`, async () => {
        const module = kind === "static" ? "pinion-static" : "pinion";
        const libraries = (await output("pkg-config", ["--cflags", "--libs", module])).trim().split(/\s+/);
        const program = await compile(CXX, `all_${kind}`, "-std=c++17", "-Wpedantic", "all.cpp", ...libraries);
        const said = await output(program, [], { env: { ...env, ...(kind === "shared" && shared) } });
        const [version] = await pkgConfig("--modversion");
        assert.equal(said, `${version} ${version}`);
      });
    }
  });

  // A project of CMake's with these lines between its head and its two programs, built and run.
  async function project(t, name, lines, ...settings) {
    mkdirSync(inside(name));
    const text = [
      "cmake_minimum_required(VERSION 3.25)",
      `project(${name} C)`,
      ...lines,
      ...["pinion", "pinion_static"].flatMap((library) => [
        `add_executable(with_${library} ../program.c)`,
        `target_link_libraries(with_${library} PRIVATE pinion::${library})`,
      ]),
    ];
    writeFileSync(inside(`${name}/CMakeLists.txt`), text.map((line) => `${line}\n`).join(""));
    const build = inside(`${name}/build`);
    const all = [`-DCMAKE_C_COMPILER=${CC}`, `-DCMAKE_C_FLAGS=${sanitizers.join(" ")}`, ...settings];
    await execute("cmake", ["-G", "Ninja", "-S", name, "-B", build, ...all], { cwd: directory, env });
    await execute("cmake", ["--build", build, "-j", "2"], { cwd: directory, env });
    for (const library of ["pinion", "pinion_static"]) await serves(t, path.join(build, `with_${library}`));
    return build;
  }

  describe("by CMake", () => {
    it("is found, as it is and static, and no other minor version is", async (t) => {
      const other = (version) => [
        `find_package(pinion ${version} QUIET CONFIG)`,
        "if(pinion_FOUND)",
        `  message(FATAL_ERROR "found as ${version}")`,
        "endif()",
      ];
      const lines = [...other("0.2"), ...other("0.0"), ...other("1.0"), "find_package(pinion 0.1 REQUIRED)"];
      await project(t, "finding", lines, `-DCMAKE_PREFIX_PATH=${prefix}`);
    });

    it("is found beside what the project has looked for itself", async (t) => {
      const lines = [
        "find_package(PkgConfig REQUIRED)",
        "pkg_check_modules(JANSSON REQUIRED jansson)",
        "pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)",
        "find_package(pinion REQUIRED)",
        "find_package(pinion REQUIRED)",
      ];
      await project(t, "beside", lines, `-DCMAKE_PREFIX_PATH=${prefix}`);
    });

    it("is built as a part of the project, without tests and programs", async (t) => {
      const build = await project(t, "containing", [`add_subdirectory(${SOURCE_DIR} pinion)`], "-DCMAKE_C_FLAGS=-O0");
      const made = readdirSync(path.join(build, "pinion")).filter((name) => !/^(CMakeFiles|.*\.cmake)$/.test(name));
      assert.deepEqual(made.filter((name) => !/^libpinion(-core)?\./.test(name)), []);
    });
  });
});
