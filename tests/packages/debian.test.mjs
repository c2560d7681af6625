// Debian's packages, which `./run debian` has built twice: what is in them, what lintian says, programs that are built with
// them, and the chat from its own. They are unpacked side by side; nothing is installed on this system.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { BUILD_DIR as DIRECTORY, start } from "../helpers/server.mjs";

const ROOT = path.join(DIRECTORY, "root");
const PROGRAMS = path.join(DIRECTORY, "programs");
const PACKAGES = ["libpinion-core0.1", "libpinion-dev", "libpinion0.1", "pinion-chat"];
const SONAMES = { "libpinion-core0.1": "libpinion-core.so.0.1", "libpinion0.1": "libpinion.so.0.1" };

const sources = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const inRoot = (file) => path.join(ROOT, file);
const debs = (directory) => readdirSync(directory).filter((name) => /^(?!.*-dbgsym).*\.deb$/.test(name)).sort();
const fileOf = (name) => path.join(DIRECTORY, debs(DIRECTORY).find((file) => file.startsWith(`${name}_`)));
const output = (command, args, options) => execFileSync(command, args, { encoding: "utf8", ...options });
const field = (name, which) => output("dpkg-deb", ["--field", fileOf(name), which]).trim();

// The files and links in it, without directories.
function contents(name) {
  const lines = output("dpkg-deb", ["--contents", fileOf(name)]).trim().split("\n");
  const files = lines.map((line) => line.split(/\s+/).slice(5).join(" ").replace(/^\./, ""));
  return files.map((file) => file.replace(/ -> .*/, "")).filter((file) => !file.endsWith("/"));
}

function has(files, pattern) {
  assert.ok(files.some((file) => pattern.test(file)), `nothing in it is like ${pattern}:\n${files.join("\n")}`);
}

// What the dynamic section of a file says of NEEDED, SONAME and so on.
function dynamic(file, tag) {
  const text = output("readelf", ["--dynamic", "--wide", file]);
  return [...text.matchAll(new RegExp(`\\(${tag}\\).*\\[(.*)\\]`, "g"))].map(([, value]) => value);
}

describe("Debian's packages", () => {
  before(() => {
    for (const directory of [ROOT, PROGRAMS]) {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
    }
    for (const name of debs(DIRECTORY)) output("dpkg-deb", ["--extract", path.join(DIRECTORY, name), ROOT]);
  });

  it("are four", () => {
    assert.deepEqual(debs(DIRECTORY).map((file) => file.split("_")[0]), PACKAGES);
  });

  it("are the same when they are built again elsewhere", () => {
    const second = path.join(DIRECTORY, "second/elsewhere");
    assert.deepEqual(debs(second), debs(DIRECTORY));
    for (const file of debs(second)) {
      assert.ok(readFileSync(path.join(second, file)).equals(readFileSync(path.join(DIRECTORY, file))), `${file} differs`);
    }
  });

  it("are what lintian wants", () => {
    const changes = readdirSync(DIRECTORY).find((name) => name.endsWith(".changes"));
    const asRoot = process.getuid() === 0 ? ["--allow-root"] : [];
    const { status, stdout, stderr } = spawnSync("lintian", [...asRoot, "--fail-on", "error,warning", path.join(DIRECTORY, changes)], { encoding: "utf8" });
    assert.equal(`${stdout}${stderr}`, "");
    assert.equal(status, 0);
  });

  it("depend on what this system offers, and on each other in the same version", () => {
    const simulated = output("apt-get", ["--simulate", "--no-install-recommends", "install", ...PACKAGES.map(fileOf)]);
    for (const name of PACKAGES) assert.match(simulated, new RegExp(`^Inst ${name.replaceAll(".", "\\.")} `, "m"));
    const version = field("libpinion-dev", "Version");
    const wants = (name, other) => assert.ok(field(name, "Depends").split(/,\s*/).includes(`${other} (= ${version})`), `${name}: ${other}`);
    wants("libpinion0.1", "libpinion-core0.1");
    wants("libpinion-dev", "libpinion-core0.1");
    wants("libpinion-dev", "libpinion0.1");
  });

  it("have the version of the sources", () => {
    const [, version] = /^project\(pinion VERSION ([\d.]+)/m.exec(readFileSync(sources("CMakeLists.txt"), "utf8"));
    for (const name of PACKAGES) assert.equal(field(name, "Version"), version);
  });

  it("share no file", () => {
    const all = PACKAGES.flatMap(contents);
    assert.deepEqual(all.filter((file, index) => all.indexOf(file) !== index), []);
  });

  it("have a library each, which the package is named after", () => {
    for (const [name, soname] of Object.entries(SONAMES)) {
      const files = contents(name).filter((file) => !file.startsWith("/usr/share/doc/"));
      const [library] = files.filter((file) => !lstatSync(inRoot(file)).isSymbolicLink());
      assert.deepEqual(dynamic(inRoot(library), "SONAME"), [soname]);
      assert.deepEqual(files.sort(), [path.join(path.dirname(library), soname), library]);
      assert.equal(soname.replace(".so.", ""), name);
    }
  });

  it("have all that one needs to write programs", () => {
    const dev = contents("libpinion-dev");
    for (const header of readdirSync(sources("include/pinion"))) assert.ok(dev.includes(`/usr/include/pinion/${header}`), header);
    for (const guide of readdirSync(sources("docs"))) has(dev, new RegExp(`/libpinion-dev/docs/${guide}`));
    for (const name of ["pinion", "pinion-core"]) {
      for (const pattern of [`/lib${name}\\.a$`, `/lib${name}\\.so$`, `/${name}\\.pc$`, `/${name}-static\\.pc$`]) has(dev, new RegExp(pattern));
    }
    for (const pattern of [/\/pinion-config\.cmake$/, /\/man3\/pinion_push\.3/, /\/libpinion-dev\/README\.md$/, /\/contract\/pubsub\.h$/]) has(dev, pattern);
  });

  it("have guides in which no link leads nowhere", () => {
    const documents = inRoot("usr/share/doc/libpinion-dev");
    const guides = ["README.md", ...readdirSync(path.join(documents, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
    const targets = guides.flatMap((guide) => {
      const links = [...readFileSync(path.join(documents, guide), "utf8").matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)];
      return links.map(([, target]) => path.join(path.dirname(guide), target));
    });
    const installed = targets.filter((target) => /^(docs\/|[^/]*$)/.test(target) && target !== "CONTRIBUTING.md");
    assert.ok(installed.includes("CHANGELOG.md") && installed.includes("LICENSE"));
    for (const target of installed) lstatSync(path.join(documents, target));
    assert.equal(path.join("/usr/share/doc/libpinion-dev", readlinkSync(path.join(documents, "LICENSE"))), "/usr/share/common-licenses/Apache-2.0");
  });

  describe("make programs", () => {
    const multiarch = output("dpkg-architecture", ["--query", "DEB_HOST_MULTIARCH"]).trim();
    const libraries = inRoot(`usr/lib/${multiarch}`);
    const env = { ...process.env, PKG_CONFIG_PATH: path.join(libraries, "pkgconfig") };
    const program = `
      #include <pinion/pinion.h>
      #include <pinion/testing.h>
      #include <stdio.h>
      static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
      {
          return pinion_ok(pinion_payload_ref(payload));
      }
      static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "echo", echo }) };
      static const pinion_socket_def sockets = { .channels = PINION_ROUTES({ "room", &room }) };
      int main(void)
      {
          pinion_test *test;
          pinion_test_client *client;
          int rc = pinion_test_new(&test, NULL);
          rc = rc ? rc : pinion_test_connect(test, &sockets, NULL, "", &client);
          rc = rc ? rc : pinion_test_join(client, "room", NULL);
          rc = rc ? rc : pinion_test_push(client, "room", "echo", pinion_json("{s:s}", "hello", "world"));
          rc = rc < 0 ? rc : pinion_test_expect_reply(client, rc, "ok", NULL);
          if (rc)
              return pinion_exit(rc);
          size_t length;
          const char *bytes = pinion_test_bytes(test, &length);
          printf("%.*s %s", (int)length, bytes, pinion_version());
          pinion_test_free(test);
      }
      `;
    before(() => writeFileSync(path.join(PROGRAMS, "program.c"), program));

    const needs = (file) => dynamic(file, "NEEDED").filter((name) => name.startsWith("libpinion")).sort();
    const shared = { env: { ...env, LD_LIBRARY_PATH: libraries } };
    const works = (file, options) => assert.equal(output(file, [], options), `{"hello":"world"} ${field("libpinion-dev", "Version")}`);

    function byPkgConfig(module, name) {
      const flags = output("pkg-config", ["--cflags", "--libs", module], { env }).trim().split(/\s+/);
      assert.ok(flags.every((flag) => !/^-[IL]/.test(flag) || path.resolve(flag.slice(2)).startsWith(ROOT)), flags.join(" "));
      output("cc", ["-Wall", "-Werror", "-o", name, "program.c", ...flags], { cwd: PROGRAMS });
      return path.join(PROGRAMS, name);
    }

    it("by pkg-config, with the shared libraries", () => {
      const file = byPkgConfig("pinion", "shared");
      assert.deepEqual(needs(file), Object.values(SONAMES).sort());
      works(file, shared);
    });

    it("by pkg-config, without them", () => {
      const file = byPkgConfig("pinion-static", "static");
      assert.deepEqual(needs(file), []);
      works(file);
    });

    it("by CMake, either way", () => {
      const directory = path.join(PROGRAMS, "cmake");
      mkdirSync(directory);
      const both = ["pinion", "pinion_static"];
      const lines = [
        "cmake_minimum_required(VERSION 3.25)",
        "project(program C)",
        "find_package(pinion 0.1 REQUIRED)",
        ...both.map((library) => `add_executable(with_${library} ../program.c)\ntarget_link_libraries(with_${library} PRIVATE pinion::${library})`),
      ];
      writeFileSync(path.join(directory, "CMakeLists.txt"), lines.map((line) => `${line}\n`).join(""));
      const build = path.join(directory, "build");
      output("cmake", ["-G", "Ninja", "-S", directory, "-B", build, `-DCMAKE_PREFIX_PATH=${inRoot("usr")}`]);
      output("cmake", ["--build", build]);
      assert.match(readFileSync(path.join(build, "CMakeCache.txt"), "utf8"), new RegExp(`^pinion_DIR:PATH=${ROOT}/`, "m"));
      for (const library of both) works(path.join(build, `with_${library}`), shared);
    });
  });

  describe("have a chat", () => {
    it("that is started where it is installed", () => {
      const files = contents("pinion-chat");
      for (const pattern of [/^\/usr\/bin\/pinion-chat$/, /\/pinion-chat\.socket$/, /\/man1\/pinion-chat\.1/]) has(files, pattern);
      const text = readFileSync(inRoot(files.find((file) => file.endsWith(".service"))), "utf8");
      assert.match(text, /^ExecStart=\/usr\/bin\/pinion-chat --supervise --port 4000$/m);
      assert.match(text, /^\[Unit\]\nDescription=.*\nDocumentation=man:pinion-chat\(1\)\n/);
      assert.doesNotMatch(text, /\/usr\/local/);
    });

    it("with a page and its client", async (t) => {
      const server = await start(inRoot("usr/bin/pinion-chat"), { args: ["--host", "127.0.0.1"] });
      t.after(() => server.kill());
      for (const [file, words] of [["", "<!doctype html>"], ["assets/phoenix.mjs", "Socket"], ["chat.mjs", "phoenix"]]) {
        const answer = await fetch(`${server.url}/${file}`);
        assert.equal(answer.status, 200, file);
        assert.ok((await answer.text()).includes(words), file);
      }
      await server.stop();
    });

    it("with a manual that names every option, and no other", () => {
      const page = output("zcat", [inRoot("usr/share/man/man1/pinion-chat.1.gz")]).replaceAll("\\-", "-");
      const help = output(inRoot("usr/bin/pinion-chat"), ["--help"]);
      const names = (text, pattern) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort();
      const options = names(help, /^ {2}(--[\w-]+)/gm);
      assert.ok(options.length > 8);
      assert.deepEqual(names(page, /^\.BI? (--[\w-]+)/gm), [...options, "--help"].sort());
    });
  });
});
