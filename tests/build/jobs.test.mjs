// ./run and what CONTRIBUTING.md says of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const run = read("run");
const guides = read("README.md") + read("CONTRIBUTING.md");

describe("./run", () => {
  it("has no job that the guides leave out, and the guides none that it has not", () => {
    const [, table] = /^jobs_table="\\\n([^"]+)"$/m.exec(run);
    const jobs = table.split("\n").map((line) => line.split(" ")[0]).sort();
    assert.ok(jobs.length > 10);
    const named = [...guides.matchAll(/\.\/run ([a-z]\w*)/g)].map(([, job]) => job);
    assert.deepEqual([...new Set(named)].sort(), jobs);
  });

  it("installs no package that CONTRIBUTING.md leaves out", () => {
    const lists = [...run.matchAll(/^\w+_packages=['"]([^'"]+)['"]/gm)].map(([, list]) => list);
    const packages = lists.join(" ").split(/\s+/).filter((name) => !name.startsWith("$")).map((name) => name.split("|")[0]);
    assert.ok(packages.length > 20);
    const text = read("CONTRIBUTING.md");
    const table = text.slice(text.indexOf("| for | packages |"), text.indexOf("You can also use CMake"));
    for (const name of packages) assert.ok(new RegExp(`(^|[ ,])${name.replaceAll("+", "\\+")}([ ,:;|]|$)`, "m").test(table), name);
  });
});
