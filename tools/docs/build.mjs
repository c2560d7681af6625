// node tools/docs/build.mjs DIRECTORY: builds the site of the guides and the reference into DIRECTORY, and fails
// when it is not whole. Doxygen reads the headers by header.awk and the guides as guides.mjs makes them; names of the
// library become links wherever they stand; then check.mjs looks at what there is.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { checkReference, declared, explanation, reader } from "./check.mjs";
import { Guides } from "./guides.mjs";
import { linkNames, readNames } from "./names.mjs";
import { improved, withBreaks } from "./pages.mjs";
import { checkSite, unreached } from "../check-links.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

// In the order in which one who learns meets them.
const HEADERS = {
  "Channels and sockets": ["pinion", "endpoint", "socket", "connect", "channel", "result", "payload", "error"],
  "More of a server": ["actor", "presence", "token", "http", "metrics", "pubsub", "supervise", "log", "testing", "version"],
  "Below channels": ["raw_socket", "transport", "stream", "frame", "serializer", "message", "slice"],
};

function main(directory) {
  const headers = Object.values(HEADERS).flat();
  const there = readdirSync(path.join(ROOT, "include/pinion")).map((name) => path.basename(name, ".h"));
  const missing = there.filter((name) => !headers.includes(name));
  if (missing.length > 0) throw new Error(`tools/docs/build.mjs does not say where these headers belong: ${missing.join(", ")}`);

  mkdirSync(path.dirname(directory), { recursive: true });
  const work = mkdtempSync(`${directory}.`);
  try {
    const guides = new Guides(ROOT);
    guides.write(path.join(work, "guides"));
    writeFileSync(path.join(work, "guides/names.md"), index(headers));
    writeFileSync(path.join(work, "page.html"), page(contents(guides)));
    doxygen(work);
    const site = path.join(work, "html");
    guides.copyFiles(site);
    const names = readNames(path.join(work, "names.xml"));
    for (const file of pages(site)) {
      const html = improved(readFileSync(file, "utf8"), path.basename(file));
      writeFileSync(file, withBreaks(linkNames(html, names)));
    }
    writeFileSync(path.join(site, "search_data.js"), searchData(guides, names, reader(site)));
    copyFileSync(new URL("search.js", import.meta.url), path.join(site, "search.js"));
    removeUnreached(site);
    const complaints = [...checkReference(ROOT, site, names), ...checkSite(site)];
    for (const complaint of complaints) console.log(complaint);
    rmSync(directory, { recursive: true, force: true });
    renameSync(site, directory);
    if (complaints.length > 0) throw new Error(`${complaints.length} complaints`);
    console.log(`${names.size} names on ${pages(directory).length} pages: ${path.relative(ROOT, path.join(directory, "index.html"))}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const pages = (site) => readdirSync(site).filter((name) => name.endsWith(".html")).map((name) => path.join(site, name));

// What doxygen complains of is an error: a comment that it does not understand, a name without a comment, a link to nothing.
function doxygen(work) {
  const [, version] = /^project\(pinion VERSION (\S+)/m.exec(readFileSync(path.join(ROOT, "CMakeLists.txt"), "utf8"));
  const relative = path.relative(ROOT, work);
  const env = { ...process.env, PINION_VERSION: version, PINION_WORK: relative, PINION_GUIDES: path.join(relative, "guides") };
  try {
    execFileSync("doxygen", ["tools/docs/Doxyfile"], { cwd: ROOT, env, stdio: ["ignore", "inherit", "inherit"] });
  } catch (error) {
    throw new Error(`doxygen: ${error.code ?? `status ${error.status}`}`);
  }
}

// All names on one page; they become links as everywhere.
function index(headers) {
  const lines = ["# All names {#names}"];
  for (const header of headers) {
    const names = new Set(declared(readFileSync(path.join(ROOT, "include/pinion", `${header}.h`), "utf8")).filter(([, kind]) => !/field|value/.test(kind)).map(([name]) => name));
    if (names.size === 0) continue;
    lines.push("", `## pinion/${header}.h {#names-${header}}`, "", ...[...names].map((name) => `- \`${name}\``));
  }
  return `${lines.join("\n")}\n`;
}

// What search.js looks through. Doxygen's own search finds what a name begins with, and all of ours begin alike.
function searchData(guides, names, textOf) {
  const entries = [...guides.passages()];
  for (const [name, entry] of names) {
    const page = path.basename(entry.href.split("#")[0], ".html");
    const place = /^struct/.test(page) ? `${entry.kind === "field" ? "field" : "struct"}` : `pinion/${page.replace(/_8h$/, "").replaceAll("__", "_")}.h`;
    entries.push([name, place, entry.href, explanation(entry, textOf).toLowerCase()]);
  }
  return `window.searchData = [\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}\n];\n`;
}

// Doxygen makes more indexes than this site has a use for.
function removeUnreached(site) {
  for (const name of unreached(site, ["index.html"])) unlinkSync(path.join(site, name));
}

const page = (list) => readFileSync(new URL("page.html", import.meta.url), "utf8").replace("@CONTENTS@", () => list);

// The navigation, the same on every page.
function contents(guides) {
  const item = (href, text) => `<li><a href="$relpath^${href}">${text}</a></li>`;
  const list = (title, items) => `<h2>${title}</h2>\n<ul>\n${items.join("\n")}\n</ul>`;
  const headerPage = (name) => `${name.replaceAll("_", "__")}_8h.html`;
  return [
    ...guides.sections().map(([title, chapters]) => list(title, chapters.map(({ href, title: text }) => item(href, text)))),
    ...Object.entries(HEADERS).map(([title, names]) => list(title, names.map((name) => item(headerPage(name), `pinion/${name}.h`)))),
    list("Index", [item("names.html", "All names")]),
  ].join("\n");
}

try {
  const [directory] = process.argv.slice(2);
  if (directory === undefined) throw new Error("usage: node tools/docs/build.mjs DIRECTORY");
  main(path.resolve(directory));
} catch (error) {
  console.error(`docs: ${error.message}`);
  process.exitCode = 1;
}
