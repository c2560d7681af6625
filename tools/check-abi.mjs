// tools/check-abi.mjs BUILD-DIRECTORY [SOURCE-DIRECTORY]: the shared libraries export what the public headers declare with
// PINION_API, under the versions that their maps (src/*.map*) say, no more and no less, but what our own libraries need of each
// other, which is named pinion__ and has a version of its own; and whatever else in the archives a linker can see is named pinion__.
// And each struct in the headers is of a kind that is known here, and is treated so.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

// [map, shared library, archive]
const libraries = [
  ["src/pinion-core.map.in", "libpinion-core.so", "libpinion-core.a"],
  ["src/pinion.map", "libpinion.so", "libpinion.a"],
];

// What a program fills in, or has filled in for it, whose length travels with it: it may get more members, at its end. The library's
// own limits are handed out too (pinion_socket_limits): to be read, as what is `made` is.
export const sized = [
  ...["endpoint_options", "socket_options", "presence_options", "supervise_options", "token_options", "test_options", "test_request", "test_http_options", "cluster_options"],
  ...["socket_def", "raw_socket_def", "channel_def", "route", "clause", "serializer_route", "mount_sizes", "stream_def"],
  ...["transport", "connect_info", "transport_limits", "stats", "http_options", "cookie_options"],
  ...["actor_def", "call_options", "metrics_options"],
].map((name) => `pinion_${name}`);

// Those that begin with their size, as they come from elsewhere than the call.
export const selfSized = ["pinion_serializer", "pinion_pubsub_ops"];

// Those that the library alone makes, and programs read. They may get more members at their end.
const made = ["pinion_info", "pinion_presence_diff", "pinion_pubsub_events", "pinion_telemetry"];

// Those that stay as they are, each with the reason.
const frozen = {
  pinion_slice: "is passed by value",
  pinion_result: "is passed by value",
  pinion_uri: "lies within pinion_connect_info",
  pinion_header: "lies in tables",
  pinion_label: "lies in tables",
  pinion_rate: "lies within pinion_socket_options",
  pinion_pubsub_adapter: "lies within what an adapter's author makes",
  pinion_message: "is handed through the tables of serializers",
  pinion_message_scratch: "is handed through the tables of serializers",
};

// Functions that need no size: the definition only names what is asked for; the info is the one that the library has made.
const withoutSize = /^pinion_(endpoint_stream_port|connect_\w+)$/;

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

// The public headers, without comments and macros.
function headerText(root) {
  const folder = path.join(root, "include/pinion");
  const text = readdirSync(folder).map((header) => readFileSync(path.join(folder, header), "utf8")).join("\n");
  return withoutComments(text).replace(/^[ \t]*#(?:.*\\\n)*.*$/gm, "");
}

const declarations = (root) => headerText(root).split(/[;}]/);

// The functions that are declared with PINION_API, and variables.
export function declaredNames(root) {
  const exported = declarations(root).filter((text) => text.includes("PINION_API")).map((text) => text.slice(text.indexOf("PINION_API")));
  return new Set(exported.map((text) => /(pinion_\w+)\s*(?:\(|\[|$)/.exec(text.trimEnd())[1]));
}

// ---- structs ----

// The structs that the public headers define: [name, members].
function structs(text) {
  const found = [...text.matchAll(/\bstruct (pinion_\w+) \{([^}]*)\}/g)];
  return found.map(([, name, body]) => [name, body.split(";").map((member) => member.trim().replace(/\s+/g, " ")).filter(Boolean)]);
}

const mentions = (text, name) => new RegExp(`\\b${name}\\b`).test(text);
const isFunction = (member) => member.includes("(*");

function checkKinds(found) {
  const complaints = [];
  const known = [...sized, ...selfSized, ...made, ...Object.keys(frozen)];
  for (const [name] of found) {
    if (!known.includes(name)) complaints.push(`struct ${name}: say in tools/check-abi.mjs of which kind it is: sized, made by the library, or frozen`);
  }
  for (const name of known) if (!found.some(([other]) => other === name)) complaints.push(`struct ${name}: in tools/check-abi.mjs, but in no public header`);
  for (const [name, members] of found) {
    if (selfSized.includes(name) && members[0] !== "size_t size") complaints.push(`struct ${name}: begins with \`size_t size\``);
    for (const member of members.filter((text) => !isFunction(text) && !text.includes("*"))) {
      const inner = [...sized, ...selfSized, ...made].find((other) => mentions(member, other));
      if (inner) complaints.push(`struct ${name}: holds a ${inner}, which could not grow then: \`${member}\``);
    }
  }
  return complaints;
}

// A function of the library that is given one is told how long it is, by an inline one that the headers define.
function checkFunctions(text) {
  const complaints = [];
  for (const [, name, parameters] of text.matchAll(/PINION_API[^;(]*?\b(pinion_\w+)\s*\(([^;]*)\)\s*;/g)) {
    const given = sized.filter((struct) => struct !== "pinion_mount_sizes" && new RegExp(`\\b${struct} \\*`).test(parameters));
    if (!given.length || withoutSize.test(name)) continue;
    const inline = new RegExp(`static inline [^;{]*?\\b${name.replace(/_sized$/, "")}\\s*\\([^{]*\\{([^}]*)\\}`).exec(text);
    if (!name.endsWith("_sized")) complaints.push(`${name}: is given a ${given[0]}, and not its size: export ${name}_sized, and make it inline`);
    else if (!inline || !mentions(inline[1], name)) complaints.push(`${name}: no inline function calls it, named without _sized`);
    else if (!given.every((struct) => inline[1].includes(`sizeof(${struct})`) || /pinion_mount_sizes_of/.test(inline[1])))
      complaints.push(`${name}: its inline function does not hand on sizeof(${given.join("), sizeof(")})`);
  }
  for (const struct of sized) if (!text.includes(`sizeof(${struct})`)) complaints.push(`struct ${struct}: no inline function hands on its size`);
  return complaints;
}

// A program would get a copy of a variable, as long as it was when the program was built.
function checkVariables(root) {
  const names = declarations(root).filter((text) => /PINION_API extern\b/.test(text)).map((text) => /(\w+)\s*(?:\[|$)/.exec(text.trim())[1]);
  return names.map((name) => `${name}: a variable is not exported; give a function that returns its address`);
}

export function checkStructs(root) {
  const text = headerText(root);
  return [...checkKinds(structs(text)), ...checkFunctions(text), ...checkVariables(root)];
}

// ---- symbols ----

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
  complaints.push(...checkStructs(root));
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
