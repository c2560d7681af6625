// node tools/check-links.mjs [DIRECTORY]: fails on a link that leads nowhere: in the markdown files of this repository, or,
// with a DIRECTORY, in the pages of the site there. Links to other machines are not followed.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { anchors, eachLine, isOutside, LINK } from "./markdown.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

export function checkMarkdown(root, files) {
  const complaints = [];
  const idsOf = (file) => new Set(anchors(readFileSync(file, "utf8")).map(({ id }) => id));
  for (const file of files) {
    eachLine(readFileSync(path.join(root, file), "utf8")).forEach(({ line, kind }, at) => {
      if (kind !== "text") return;
      for (const [, , target] of line.replace(/(`+)[^`]*\1/g, "").matchAll(LINK)) {
        if (isOutside(target)) continue;
        const [, name, fragment] = /^([^#]*)(?:#(.*))?$/.exec(target);
        const there = path.join(root, name === "" ? file : path.join(path.dirname(file), decodeURIComponent(name)));
        if (!existsSync(there)) complaints.push(`${file}:${at + 1}: there is no ${target}`);
        else if (fragment !== undefined && !(there.endsWith(".md") && idsOf(there).has(fragment))) {
          complaints.push(`${file}:${at + 1}: ${name || file} has no heading for #${fragment}`);
        }
      }
    });
  }
  return complaints;
}

// The pages of a site, and what its search finds, with the links in them.
function readSite(site) {
  const names = readdirSync(site, { recursive: true }).filter((name) => /\.html$|^search_data\.js$/.test(name));
  return new Map(names.map((name) => {
    const text = readFileSync(path.join(site, name), "utf8");
    if (name.endsWith(".js")) return [name, { ids: new Set(), links: JSON.parse(text.replace(/^[^[]*/, "").replace(/;\s*$/, "")).map(([, , target]) => ({ target })) }];
    const html = text.replace(/<!--[^]*?-->/g, "").replace(/<script>[^]*?<\/script>/g, "");
    const ids = new Set([...html.matchAll(/\b(?:id|name)="([^"]*)"/g)].map(([, id]) => id));
    const links = [...html.matchAll(/\b(href|src)="([^"]*)"/g)].map(([, attribute, target]) => ({ target: target.replaceAll("&amp;", "&"), attribute }));
    return [name, { ids, links }];
  }));
}

// Where in the site a link leads, from this page.
function resolve(page, target) {
  const [, name, fragment] = /^([^#?]*)(?:#(.*))?$/.exec(target) ?? [null, target];
  return { there: name === "" ? page : path.join(path.dirname(page), decodeURIComponent(name)), fragment };
}

export function checkSite(site) {
  const pages = readSite(site);
  const complaints = new Set();
  for (const [page, { links }] of pages) {
    const complain = (why) => complaints.add(`${page}: ${why}`);
    for (const { target, attribute } of links) {
      if (isOutside(target) || target.startsWith("//")) {
        if (attribute === "src" || /^(file|javascript):/.test(target)) complain(`${target} is not a part of the site`);
        continue;
      }
      const { there, fragment } = resolve(page, target);
      if (!existsSync(path.join(site, there)) || statSync(path.join(site, there)).isDirectory()) complain(`there is no ${target}`);
      else if (fragment && !pages.get(there)?.ids.has(decodeURIComponent(fragment))) complain(`${there} has no #${fragment}`);
    }
  }
  if (![...pages.keys()].some((name) => name.endsWith(".html"))) complaints.add(`${site} has no pages`);
  return [...complaints];
}

// The pages to which no link leads, from these or from the search.
export function unreached(site, from) {
  const pages = readSite(site);
  const reached = new Set();
  const waiting = [...from, ...[...pages.keys()].filter((name) => name.endsWith(".js"))];
  while (waiting.length > 0) {
    const page = waiting.pop();
    if (reached.has(page) || !pages.has(page)) continue;
    reached.add(page);
    for (const { target } of pages.get(page).links) if (!isOutside(target)) waiting.push(resolve(page, target).there);
  }
  return [...pages.keys()].filter((name) => !reached.has(name));
}

// Those that git knows, or where there is no git all that lie here.
function markdownFiles() {
  try {
    return execFileSync("git", ["ls-files", "*.md"], { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n").filter((name) => name && existsSync(path.join(ROOT, name)));
  } catch {
    return readdirSync(ROOT, { recursive: true }).filter((name) => name.endsWith(".md") && !/(^|\/)(node_modules|build)\//.test(name));
  }
}

function main(site) {
  const files = site ? [] : markdownFiles();
  const complaints = site ? checkSite(site) : checkMarkdown(ROOT, files);
  if (!site && files.length === 0) complaints.push("there are no markdown files: is this check looking in the right place?");
  for (const complaint of complaints) console.log(complaint);
  process.exitCode = complaints.length > 0 ? 1 : 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main(process.argv[2]);
