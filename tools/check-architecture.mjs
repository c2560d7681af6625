// node tools/check-architecture.mjs: fails when ARCHITECTURE.md names a file or a folder that does not exist, or leaves out a
// folder of src. A name without a folder (`mail.h`) belongs to the folder that was named last in the same paragraph, item or row.

import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { eachLine } from "./markdown.mjs";

const BARE = /`([\w*-]+\.(?:c|h|mjs|json))`/g;
const BEGINS = /^\s*(?:$|\||[-*+] |\d+[.)] |#)/; // a paragraph, an item, a row or a heading: the folder must be named again

const foldersIn = (root) => readdirSync(root).filter((name) => !name.startsWith(".") && statSync(path.join(root, name)).isDirectory());

// True when there is such a file or folder. A '*' in the last part stands for any characters. What is built need not exist.
function exists(root, name) {
  const there = path.join(root, name);
  if (name.startsWith("build/")) return true;
  if (!name.includes("*")) return existsSync(there);
  const pattern = new RegExp(`^${path.basename(name).replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
  return existsSync(path.dirname(there)) && readdirSync(path.dirname(there)).some((each) => pattern.test(each));
}

// The folder that a path names, or the one that its file is in.
function folderOf(root, name) {
  const isFolder = statSync(path.join(root, name), { throwIfNoEntry: false })?.isDirectory();
  return isFolder ? name.replace(/\/$/, "") : path.dirname(name);
}

export function checkArchitecture(root, text) {
  const paths = new RegExp(`(?<![\\w/.])(?:${foldersIn(root).join("|")})/[\\w./*-]*[\\w*/]`, "g");
  const complaints = [];
  const named = new Set();
  let folder = null;
  eachLine(text).forEach(({ line, kind }, at) => {
    if (kind === "fence") return;
    if (kind === "code" || BEGINS.test(line)) folder = null;
    const found = [...line.matchAll(paths), ...line.matchAll(BARE)].sort((a, b) => a.index - b.index);
    for (const [whole, bare] of found) {
      const name = bare && folder ? `${folder}/${bare}` : (bare ?? whole);
      if (bare && !folder) complaints.push(`${at + 1}: name the folder of ${bare}`);
      else if (!exists(root, name)) complaints.push(`${at + 1}: there is no ${name}`);
      if (!bare) named.add((folder = folderOf(root, name)));
    }
  });
  for (const name of foldersIn(path.join(root, "src"))) if (!named.has(`src/${name}`)) complaints.push(`src/${name} is missing`);
  return complaints;
}

function main() {
  const root = fileURLToPath(new URL("../", import.meta.url));
  const complaints = checkArchitecture(root, readFileSync(path.join(root, "ARCHITECTURE.md"), "utf8"));
  for (const complaint of complaints) console.log(`ARCHITECTURE.md:${complaint}`);
  process.exitCode = complaints.length > 0 ? 1 : 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
