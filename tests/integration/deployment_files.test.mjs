// The Dockerfile and the kernel's settings in docs/deployment, as far as they can be tried without a container of one's
// own: that what they name exists, and does what they need.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { programFile, start } from "../helpers/server.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (name) => readFileSync(path.join(ROOT, name), "utf8");

// [instruction, its arguments as text], without comments and with continued lines joined.
function instructions(file) {
  const lines = read(file).replace(/\\\n/g, " ").split("\n").filter((line) => line && !line.startsWith("#"));
  return lines.map((line) => /^([A-Z]+)\s+(.*)$/.exec(line).slice(1));
}

function packagesOf([, text]) {
  const [, list] = /apt-get install -y --no-install-recommends ([^&]*)/.exec(text) ?? [, ""];
  return list.trim().split(/\s+/).filter(Boolean);
}

describe("the time to stop", () => {
  const [, ms] = /^#define DEFAULT_STOP_MS\s+(\d+)$/m.exec(read("src/supervise/prepare.c"));

  it("is said to be what it is", () => {
    const [, documented] = /stop_timeout_ms; \/\*[^*]*Default: ([\d,]+)\./.exec(read("include/pinion/supervise.h"));
    assert.equal(documented.replace(",", ""), ms);
    const pages = ["docs/deployment.md", "docs/supervision.md"].map(read).join("\n").replace(/\s+/g, " ");
    const said = [...pages.matchAll(/(\d+) s after which (?:a|the) supervisor kills|shuts down gracefully within (\d+) s|the parent's (\d+) s/g)];
    assert.equal(said.length, 3);
    for (const [, ...seconds] of said) assert.equal(Number(seconds.find(Boolean)) * 1000, Number(ms));
  });

  it("is less than what we tell others to grant", () => {
    const where = [
      ["docs/deployment.md", /docker stop -t (\d+)/],
      ["docs/deployment.md", /terminationGracePeriodSeconds: (\d+)/],
      ["packaging/pinion-chat.service", /^TimeoutStopSec=(\d+)$/m],
    ];
    for (const [file, pattern] of where) {
      assert.ok(Number(pattern.exec(read(file))[1]) * 1000 > Number(ms), `${file}: ${pattern}`);
    }
  });
});

describe("the Dockerfile", () => {
  const all = instructions("docs/deployment/Dockerfile");
  const named = (name) => all.filter(([instruction]) => instruction === name).map(([, text]) => text);
  const [toBuild, toRun] = all.filter((one) => one[0] === "RUN").map(packagesOf).filter((list) => list.length > 0);
  const sources = named("COPY").filter((text) => !text.startsWith("--from=")).flatMap((text) => text.split(" ").slice(0, -1));

  it("installs what ./run installs to build", () => {
    const [, list] = /^build_packages='(.*)'$/m.exec(read("run"));
    const first = list.split(" ").map((choice) => choice.split("|")[0]);
    assert.deepEqual(first.filter((name) => !toBuild.includes(name)), []);
  });

  it("copies what there is, and all that CMake reads", () => {
    assert.ok(sources.length > 5);
    for (const name of sources) assert.ok(existsSync(path.join(ROOT, name)), `there is no ${name}`);
    const added = [...read("CMakeLists.txt").matchAll(/add_subdirectory\((\w+)\)/g)].map(([, name]) => name);
    const forTests = ["fuzz", "tests"];
    assert.deepEqual(added.filter((name) => ![...sources, ...forTests].includes(name)), []);
  });

  const elsewhere = !/^VERSION_ID="12"$/m.test(readFileSync("/etc/os-release", "utf8")) && "the packages are Debian 12's";
  it("installs what the program is linked with", { skip: elsewhere }, () => {
    const dynamic = execFileSync("readelf", ["--dynamic", "--wide", programFile("chat")], { encoding: "utf8" });
    const libraries = [...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
    const packages = libraries
      .filter((name) => !/^(lib(a|t|ub)san|libc|libm|ld-linux.*)\.so/.test(name))
      .map((name) => execFileSync("dpkg", ["-S", `*/${name}`], { encoding: "utf8" }).split(":")[0]);
    assert.ok(packages.includes("libuv1"));
    assert.deepEqual(packages.filter((name) => !toRun.includes(name)), []);
  });

  it("starts the chat with options that it has, as nobody", () => {
    const [command, ...args] = JSON.parse(named("ENTRYPOINT")[0]);
    assert.ok(named("COPY").some((text) => text.endsWith(`/${command}`)));
    const help = execFileSync(programFile("chat"), ["--help"], { encoding: "utf8" });
    for (const option of args.filter((arg) => arg.startsWith("--"))) assert.ok(help.includes(`  ${option} `), option);
    assert.deepEqual(named("USER"), ["65534:65534"]);
    assert.deepEqual(named("EXPOSE"), [args[args.indexOf("--port") + 1]]);
  });

  it("sees whether the server answers", async (t) => {
    const server = await start("chat", { args: ["--host", "127.0.0.1"] });
    t.after(() => server.kill());
    const [, command] = /CMD (\[.*\])$/.exec(named("HEALTHCHECK")[0]);
    assert.ok(command.includes("/4000"));
    const [shell, ...args] = JSON.parse(command.replace("/4000", `/${server.port}`));
    assert.equal(spawnSync(shell, args).status, 0);
    await server.stop();
    assert.notEqual(spawnSync(shell, args).status, 0);
  });
});

describe("the kernel's settings", () => {
  it("are settings of this kernel, each with as many values", () => {
    const lines = read("docs/deployment/sysctl.conf").split("\n").filter((line) => line && !line.startsWith("#"));
    assert.ok(lines.length > 5);
    for (const line of lines) {
      const [, key, value] = /^([\w.-]+) = (\d+(?: \d+)*)$/.exec(line) ?? assert.fail(`"${line}" is no setting`);
      const file = `/proc/sys/${key.replaceAll(".", "/")}`;
      if (key.startsWith("net.netfilter.") && !existsSync(file)) continue; // nothing is tracked here
      const current = readFileSync(file, "utf8").trim().split(/\s+/);
      assert.equal(value.split(" ").length, current.length, key);
    }
  });
});
