// The guides on the site: each is a page, whose headings keep the anchors they have where the files are read elsewhere.
// What they link to and is no page (an example, a configuration) is shown as a page of plain text.

import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { anchors, eachLine, isOutside, LINK } from "../markdown.mjs";

// In the order in which one who learns reads them.
const SECTIONS = {
  "Learn": ["README.md", "docs/channels.md", "docs/sockets.md", "docs/tokens.md", "docs/presence.md", "docs/actors.md", "docs/http.md",
    "docs/testing.md", "docs/debugging.md", "docs/cpp.md"],
  "Run": ["docs/deployment.md", "docs/operations.md", "docs/supervision.md", "docs/clustering.md", "docs/limits.md", "docs/performance.md", "docs/memory.md"],
  "Rely on": ["docs/guarantees.md", "docs/reliability.md", "docs/compatibility.md", "docs/upgrading.md", "docs/attacks.md", "SECURITY.md"],
  "Extend": ["docs/transports.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"],
};
const ANY_LINK = new RegExp(`(!?)${LINK.source}`, "g");
const TITLES = { "README.md": "Start" };

const escapeHtml = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export class Guides {
  constructor(root) {
    this.root = root;
    this.shown = new Set(); // files that are no pages, and are linked to
    this.images = new Set();
    const names = Object.values(SECTIONS).flat();
    const missing = readdirSync(path.join(root, "docs")).filter((name) => name.endsWith(".md") && !names.includes(`docs/${name}`));
    if (missing.length > 0) throw new Error(`tools/docs/guides.mjs does not say where these guides belong: ${missing.join(", ")}`);
    this.guides = new Map(names.map((name) => [name, { name, label: labelOf(name), text: readFileSync(path.join(root, name), "utf8") }]));
  }

  // What the navigation shows.
  sections() {
    const chapter = (name) => {
      const { label, text } = this.guides.get(name);
      return { href: hrefOf(label), title: TITLES[name] ?? escapeHtml(/^# (.*)$/m.exec(text)[1]) };
    };
    return Object.entries(SECTIONS).map(([title, names]) => [title, names.map(chapter)]);
  }

  // [heading, guide, href, text] of what stands below each heading.
  *passages() {
    for (const { label, text } of this.guides.values()) {
      const ids = anchors(text);
      const title = plain(/^# (.*)$/m.exec(text)[1]);
      let passage;
      for (const { line, kind } of eachLine(text)) {
        const heading = kind === "text" && /^(#+) (.*)$/.exec(line);
        if (heading) {
          if (passage) yield passage;
          const { level, id } = ids.shift();
          passage = [plain(heading[2]), title, level === 1 ? hrefOf(label) : `${hrefOf(label)}#${label}-${id}`, ""];
        } else if (passage && kind !== "fence") {
          passage[3] += ` ${plain(line).toLowerCase()}`;
        }
      }
      if (passage) yield passage;
    }
  }

  // As doxygen's markdown takes them.
  write(directory) {
    mkdirSync(directory, { recursive: true });
    for (const { name, label, text } of this.guides.values()) {
      const ids = anchors(text);
      const lines = eachLine(text).map(({ line, kind }) => {
        if (kind === "code") return line;
        if (kind === "fence") return line.replace(/^(\s*```)(\w+)/, "$1{.$2}");
        const heading = /^(#+) (.*)$/.exec(line);
        if (!heading) return this.prose(line, name);
        const [, level, title] = heading;
        const id = ids.shift().id;
        const named = level !== "#" ? `${label}-${id}` : label;
        return `${level} ${this.prose(title, name)}${named === "index" ? "" : ` {#${named}}`}`;
      });
      writeFileSync(path.join(directory, `${label === "index" ? "README" : label}.md`), lines.join("\n"));
    }
  }

  // Links, and what doxygen would read more into than markdown does.
  prose(line, name) {
    if (/^[\s|:-]+$/.test(line)) return line; // below the head of a table
    return line.split(/(`+[^`]*`+)/).map((part, i) => {
      if (i % 2 === 1) return part;
      return part.replace(/[@\\]|--|#(?=\w)/g, "\\$&");
    }).join("").replace(ANY_LINK, (whole, mark, text, target) => {
      if (isOutside(target)) return whole;
      return mark ? this.image(text, target, name) : this.link(text, target, name);
    });
  }

  link(text, target, name) {
    const [, file, fragment] = /^([^#]*)(?:#(.*))?$/.exec(target.replaceAll("\\", ""));
    const there = file === "" ? name : path.join(path.dirname(name), file);
    const guide = this.guides.get(there);
    if (guide) return anchorTo(fragment ? `${hrefOf(guide.label)}#${guide.label}-${fragment}` : hrefOf(guide.label), text);
    const header = /^include\/pinion\/(\w+)\.h$/.exec(there);
    if (header) return anchorTo(`${header[1].replaceAll("_", "__")}_8h.html`, text);
    if (!existsSync(path.join(this.root, there))) throw new Error(`${name}: there is no ${target}`);
    this.shown.add(there.replace(/\/$/, ""));
    return anchorTo(`files/${there.replace(/\/$/, "")}.html`, text);
  }

  image(text, target, name) {
    const there = path.join(path.dirname(name), target);
    this.images.add(there);
    return `<img src="files/${there}" alt="${escapeHtml(text)}">`;
  }

  copyFiles(site) {
    for (const name of this.shown) this.show(site, name);
    for (const name of this.images) {
      mkdirSync(path.join(site, "files", path.dirname(name)), { recursive: true });
      copyFileSync(path.join(this.root, name), path.join(site, "files", name));
    }
  }

  show(site, name) {
    const place = path.join(site, "files", `${name}.html`);
    const source = path.join(this.root, name);
    mkdirSync(path.dirname(place), { recursive: true });
    const up = "../".repeat(name.split("/").length);
    let body;
    if (statSync(source).isDirectory()) {
      const files = readdirSync(source).filter((file) => statSync(path.join(source, file)).isFile()).sort();
      for (const file of files) this.show(site, `${name}/${file}`);
      const items = files.map((file) => `<li><a href="${path.basename(name)}/${file}.html">${escapeHtml(file)}</a></li>`);
      body = `<ul>\n${items.join("\n")}\n</ul>`;
    } else {
      body = `<pre class="fragment">${escapeHtml(readFileSync(source, "utf8"))}</pre>`;
    }
    writeFileSync(place, `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)} · Pinion</title>
<link rel="stylesheet" href="${up}site.css">
</head>
<body class="file">
<p><a href="${up}index.html">Pinion</a></p>
<h1>${escapeHtml(name)}</h1>
${body}
</body>
</html>
`);
  }
}

function plain(line) {
  return line.replace(LINK, "$1").replace(/[`*|]/g, "").replace(/\s+/g, " ").trim();
}

function labelOf(name) {
  return name === "README.md" ? "index" : path.basename(name, ".md").toLowerCase();
}

const hrefOf = (label) => `${label}.html`;

// Doxygen looks into a link of markdown for what it knows; this it leaves alone.
const anchorTo = (href, text) => `<a href="${href}">${text}</a>`;
