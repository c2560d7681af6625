// tools/check-abi.mjs BUILD-DIRECTORY [SOURCE-DIRECTORY]: the shared libraries export what the public headers declare with
// PINION_API, under the versions that their maps (src/*.map*) say, no more and no less, but what our own libraries need of each
// other, which is named pinion__ and has a version of its own; and whatever else in the archives a linker can see is named pinion__.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

// [map, shared library, archive]
const libraries = [
  ["src/pinion-core.map.in", "libpinion-core.so", "libpinion-core.a"],
  ["src/pinion.map", "libpinion.so", "libpinion.a"],
];

const isPrivate = ([name, version]) => name.startsWith("pinion__") && version.startsWith("PINION_PRIVATE_");

const withoutComments = (text) => text.replace(/\/\*[^]*?\*\//g, " ");

// The names in a map, each with its node.
export function versionsOf(text) {
  const versions = new Map();
  for (const [, node, body] of withoutComments(text).matchAll(/([\w.@]+)\s*\{([^}]*)\}/g)) {
    const [, global = ""] = /global:([^]*?)(?:local:|$)/.exec(body) ?? [];
    for (const name of global.split(";").map((word) => word.trim()).filter((word) => /^\w+$/.test(word))) versions.set(name, node);
  }
  return versions;
}

// The public headers as declarations, without comments, macros and the bodies of inline functions.
export function declarations(root) {
  const folder = path.join(root, "include/pinion");
  const text = readdirSync(folder).map((header) => readFileSync(path.join(folder, header), "utf8")).join("\n");
  return withoutComments(text).replace(/^[ \t]*#(?:.*\\\n)*.*$/gm, "").split(/[;}]/);
}

// The functions that are declared with PINION_API, and variables.
export function declaredNames(root) {
  const exported = declarations(root).filter((text) => text.includes("PINION_API")).map((text) => text.slice(text.indexOf("PINION_API")));
  return new Set(exported.map((text) => /(pinion_\w+)\s*(?:\(|\[|$)/.exec(text.trimEnd())[1]));
}

// What a file defines for others: [name, version].
function symbols(...args) {
  const lines = execFileSync("nm", ["--defined-only", "-P", ...args], { encoding: "utf8", maxBuffer: 1 << 26 }).split("\n");
  const fields = lines.map((line) => line.split(" ")).filter(([name, type]) => type && type !== "A" && !name.endsWith(":"));
  return fields.map(([name]) => name.split(/@+/));
}

function checkLibrary(declared, versions, shared, archive) {
  const complaints = [];
  const exported = new Map(symbols("-D", shared).filter((symbol) => !isPrivate(symbol)));
  for (const [name, version] of exported) {
    if (!versions.has(name)) complaints.push(`${name}: exported by ${path.basename(shared)}, but not in its map`);
    else if (versions.get(name) !== version) complaints.push(`${name}: exported as of ${version}, not of ${versions.get(name)}`);
  }
  for (const [name] of versions) if (!exported.has(name)) complaints.push(`${name}: in a map, but not exported by ${path.basename(shared)}`);
  for (const [name] of symbols("-g", archive)) {
    if (!declared.has(name) && !name.startsWith("pinion__")) complaints.push(`${name}: visible to the linker: make it static, or name it pinion__`);
  }
  return complaints;
}

export function check(root, build) {
  const declared = declaredNames(root);
  const complaints = declared.size ? [] : [`no PINION_API declaration in ${root}/include/pinion`];
  const listed = new Set();
  for (const [map, shared, archive] of libraries) {
    const versions = versionsOf(readFileSync(path.join(root, map), "utf8"));
    for (const name of versions.keys()) {
      if (!declared.has(name)) complaints.push(`${name}: in ${map}, but no public header declares it with PINION_API`);
      listed.add(name);
    }
    complaints.push(...checkLibrary(declared, versions, path.join(build, shared), path.join(build, archive)));
  }
  for (const name of declared) if (!listed.has(name)) complaints.push(`${name}: declared with PINION_API, but in no map: give it its place in src/*.map*`);
  return complaints;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, root = fileURLToPath(new URL("..", import.meta.url))] = process.argv.slice(2);
  if (!build) {
    console.error("usage: tools/check-abi.mjs BUILD-DIRECTORY [SOURCE-DIRECTORY]");
    process.exit(2);
  }
  const complaints = check(root, build);
  for (const line of complaints) console.log(line);
  process.exitCode = complaints.length ? 1 : 0;
}
