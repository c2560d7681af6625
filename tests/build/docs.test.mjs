// The documentation: what makes the reference and the pages for man out of the headers, and what finds dead links. The
// site itself is built and checked by ./run docs, and by ./run lint.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { checkArchitecture } from "../../tools/check-architecture.mjs";
import { checkMarkdown, checkSite, unreached } from "../../tools/check-links.mjs";
import { declared } from "../../tools/docs/check.mjs";
import { linkNames } from "../../tools/docs/names.mjs";
import { improved } from "../../tools/docs/pages.mjs";
import { anchors } from "../../tools/markdown.mjs";
import { launch, noBrowser } from "../helpers/browser.mjs";

const SOURCE_DIR = fileURLToPath(new URL("../../", import.meta.url));
const inTools = (name) => path.join(SOURCE_DIR, "tools", name);
const headers = readdirSync(path.join(SOURCE_DIR, "include/pinion"));
const header = (name) => readFileSync(path.join(SOURCE_DIR, "include/pinion", name), "utf8");

const directory = mkdtempSync(path.join(tmpdir(), "pinion-docs-"));
after(() => rmSync(directory, { recursive: true }));

// Files of these names and texts, in a folder of their own.
function files(folder, texts) {
  for (const [name, text] of Object.entries(texts)) {
    const file = path.join(directory, folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return path.join(directory, folder);
}

const lines = (...all) => all.map((line) => `${line}\n`).join("");
const missing = (command) => spawnSync("which", [command]).status !== 0 && `no ${command}`;

const SAMPLE = lines(
  "/* Things: what is counted.",
  " *",
  " * An example:",
  " *",
  " *     int rc = pinion_thing(1); // *one*",
  " *",
  " * Thread: any. */",
  "#ifndef PINION_THING_H",
  "#define PINION_THING_H",
  "",
  "#define PINION_THINGS 3 /* how many there may be */",
  "",
  "/* Both are for <things> of a@b. Errors: none, or `-1`. */",
  "PINION_API PINION_CHECKED int pinion_thing(int which);",
  "PINION_API void pinion_unthing(int which,",
  "                               void (*done)(int which));",
  "",
  "/* What there is: *all*, \"*\" too. */",
  "typedef struct pinion_things {",
  "    int first; /* the first,",
  "                * with --options */",
  "    /* The others. */",
  "    int others[PINION_THINGS];",
  "    int (*count)(int from, int to);",
  "    /* A heading. */",
  "    int last; /* the last */",
  "} pinion_things;",
  "",
  "/* ---- kinds: <what> a thing is ---- */",
  "",
  "/* Kinds. */",
  "typedef enum pinion_kind {",
  "    PINION_KIND_ONE = 1, /* one */",
  "    PINION_KIND_TWO,     /* two */",
  "} pinion_kind;",
  "",
  "#endif",
);

function filtered(script, text, ...options) {
  const file = path.join(files("headers", { "thing.h": text }), "thing.h");
  return spawnSync("awk", [...options, "-f", inTools("docs/header.awk"), "-f", inTools(`docs/${script}`), file], { encoding: "utf8" });
}

describe("the comments of a header", () => {
  it("become doxygen's, wherever they stand", () => {
    const { stdout, stderr, status } = filtered("to_doxygen.awk", SAMPLE);
    assert.deepEqual([stderr, status], ["", 0]);
    const both = ["/** Both are for \\<things\\> of a\\@b.", "", "<b>Errors</b>: none, or <code>-1</code>.", "*/"];
    assert.deepEqual(stdout.split("\n").filter((line) => !line.startsWith("#ifndef")), [
      "/** @file", "Things: what is counted.", "", "An example:", "", "@code{.c}", "int rc = pinion_thing(1); // *one*", "@endcode", "", "<b>Thread</b>: any.", "*/",
      "#define PINION_THING_H",
      "/** how many there may be", "*/", "#define PINION_THINGS 3",
      ...both, "PINION_API PINION_CHECKED int pinion_thing(int which);",
      ...both, "PINION_API void pinion_unthing(int which,", "                               void (*done)(int which));",
      "/** What there is: \\*all\\*, \"*\" too.", "*/", "typedef struct pinion_things {",
      "/** the first,", "with \\--options", "*/", "    int first;",
      "/** The others.", "*/", "    int others[PINION_THINGS];",
      "/** The others.", "*/", "    int (*count)(int from, int to);",
      "/** the last", "", "A heading.", "*/", "    int last;",
      "} pinion_things;",
      "/** @name Kinds: \\<what\\> a thing is", "*/", "/** @{", "*/",
      "/** Kinds.", "*/", "typedef enum pinion_kind {",
      "/** one", "*/", "    PINION_KIND_ONE = 1,",
      "/** two", "*/", "    PINION_KIND_TWO,",
      "} pinion_kind;", "#endif", "/** @}", "*/", "",
    ]);
  });

  it("are refused where they belong to nothing", () => {
    const { stderr, status } = filtered("to_doxygen.awk", SAMPLE.replace("/* Kinds. */\n", "/* Kinds. */\n\n"));
    assert.match(stderr, /thing\.h:\d+: a comment that belongs to no declaration/);
    assert.equal(status, 1);
  });

  it("explain all that is declared", () => {
    const names = declared(SAMPLE).map(([name]) => name).sort();
    const all = ["PINION_THINGS", "PINION_KIND_ONE", "PINION_KIND_TWO", "pinion_thing", "pinion_unthing", "pinion_things", "pinion_kind"];
    const fields = ["first", "others", "count", "last"].map((name) => `pinion_things.${name}`);
    assert.deepEqual(names, [...all, ...fields].sort());
  });
});

describe("the pages for man", () => {
  const man = path.join(directory, "man/man3");
  execFileSync(inTools("man-pages"), [man, "1.2.3", "2026-01-02"]);
  const pages = readdirSync(man);
  const page = (name) => readFileSync(path.join(man, `${name}.3`), "utf8");
  const whole = pages.filter((name) => !page(path.basename(name, ".3")).startsWith(".so "));

  it("are one for each header", () => {
    assert.deepEqual(whole, headers.map((name) => (name === "pinion.h" ? "pinion.3" : `pinion_${name.replace(/h$/, "3")}`)).sort());
  });

  it("lead from each function, type and macro to that of its header", () => {
    let checked = 0;
    for (const name of headers) {
      for (const [symbol, kind] of declared(header(name))) {
        if (/field|value/.test(kind)) continue;
        const [, to] = /^\.so man3\/(\w+)\.3\n$/.exec(page(symbol)) ?? [null, symbol];
        assert.ok(page(to).includes(symbol), `${to} does not speak of ${symbol}`);
        assert.ok(whole.includes(`${to}.3`), `${to} is no page`);
        checked++;
      }
    }
    assert.ok(checked > 150, `${checked} names`);
  });

  it("say what the comments say", () => {
    const folder = path.join(directory, "sample");
    mkdirSync(folder);
    const { stdout, stderr, status } = filtered("to_man.awk", SAMPLE, "-v", `to=${folder}`, "-v", "version=1", "-v", "date=2026-01-02", "-v", "pages= pinion_thing ");
    assert.deepEqual([stdout, stderr, status], ["", "", 0]);
    const text = readFileSync(path.join(folder, "pinion_thing.3"), "utf8");
    for (const part of [
      "pinion_thing, PINION_THINGS, pinion_unthing, pinion_things, pinion_kind \\-\nwhat is counted\n",
      ".nf\nint rc = pinion_thing(1); // *one*\n.fi\n",
      ".PP\n\\fBThread\\fR: any.\n",
      ".nf\n\\fBint pinion_thing(int which);\\fR\n.fi\n.nf\n\\fBvoid pinion_unthing(int which, void (*done)(int which));\\fR\n.fi\n.RS 4\nBoth are for <things> of a@b.\n.PP\n\\fBErrors\\fR: none, or \\fI-1\\fR.\n",
      ".TP 4\n\\fBint first;\\fR\nthe first, with --options\n",
      ".TP 4\n\\fBPINION_KIND_ONE = 1\\fR\none\n",
    ]) {
      assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
    }
  });

  it("are well-formed for groff", { skip: missing("groff") }, () => {
    for (const name of whole) {
      const { stderr, status } = spawnSync("groff", ["-man", "-ww", "-z", "-Tutf8", path.join(man, name)], { encoding: "utf8" });
      assert.deepEqual([name, stderr, status], [name, "", 0]);
    }
  });

  it("are well-formed for mandoc", { skip: missing("mandoc") }, () => {
    for (const name of whole) {
      const { stdout } = spawnSync("mandoc", ["-T", "lint", path.join(man, name)], { encoding: "utf8" });
      assert.deepEqual([name, stdout], [name, ""]);
    }
  });
});

describe("the files that ARCHITECTURE.md names", () => {
  it("are looked for, a name without a folder in the one before it", () => {
    const root = files("architecture", { "src/a/one.c": "", "src/a/one.h": "", "src/b/two.c": "", "tests/t.c": "" });
    assert.deepEqual(checkArchitecture(root, lines("1. `src/a/one.c`, `one.h`, `o*.c` and tests/t.c", "", "| `src/b/two.c` | `two.c` |")), []);
    assert.deepEqual(checkArchitecture(root, lines("1. `src/a/one.c`, `two.c`, `t*.c`", "2. `one.h`", "", "`src/a/none.c` in `src/c/`")), [
      "1: there is no src/a/two.c",
      "1: there is no src/a/t*.c",
      "2: name the folder of one.h",
      "4: there is no src/a/none.c",
      "4: there is no src/c/",
      "src/b is missing",
    ]);
  });
});

describe("dead links", () => {
  it("are found in markdown: files and headings", () => {
    const root = files("markdown", {
      "README.md": lines("# Title", "", "[good](docs/a.md) [good](docs/a.md#b-and-c), [good](https://example.com/x)", "", "`[code](nowhere.md)`", "", "```", "[code](nowhere.md)", "```", "[bad](docs/b.md) and [bad](docs/a.md#d), [bad](#none)"),
      "docs/a.md": lines("# A", "", "## B and `C`", "", "[up](../README.md#title)", "[bad](README.md)"),
    });
    assert.deepEqual(checkMarkdown(root, ["README.md", "docs/a.md"]), [
      "README.md:10: there is no docs/b.md",
      "README.md:10: docs/a.md has no heading for #d",
      "README.md:10: README.md has no heading for #none",
      "docs/a.md:6: there is no README.md",
    ]);
  });

  it("are found in a site: pages, anchors, and what the search leads to", () => {
    const site = files("site", {
      "index.html": '<a href="a.html#x">good</a> <a href="b.html">bad</a> <img src="none.png"> <a href="a.html#y">bad</a> <script src="https://example.com/x.js"></script>',
      "a.html": '<h2 id="x">x</h2> <a href="index.html">good</a> <!-- <a href="c.html"></a> -->',
      "lonely.html": "",
      "search_data.js": 'window.searchData = [\n["x","","a.html#x",""],\n["z","","a.html#z",""]\n];\n',
    });
    assert.deepEqual(checkSite(site).sort(), [
      "index.html: a.html has no #y",
      "index.html: https://example.com/x.js is not a part of the site",
      "index.html: there is no b.html",
      "index.html: there is no none.png",
      "search_data.js: a.html has no #z",
    ]);
    assert.deepEqual(unreached(site, ["index.html"]), ["lonely.html"]);
  });

  it("are told by the anchors that headings have elsewhere", () => {
    const text = lines("# `pinion_push`: what?", "## A — b", "```", "# no heading", "```", "## Same", "## Same");
    assert.deepEqual(anchors(text).map(({ id }) => id), ["pinion_push-what", "a--b", "same", "same-1"]);
  });
});

describe("the search of the site", { skip: noBrowser }, () => {
  const entries = [
    ["Sending", "Channels", "channels.html#sending", "what pinion_push is for: it waits for nobody"],
    ["pinion_endpoint_push", "pinion/endpoint.h", "endpoint.html#a", "to everybody"],
    ["pinion_push", "pinion/channel.h", "sub/channel.html#a", "to one client"],
  ];
  const site = files("search", {
    "sub/index.html": '<div id="search"><input><ul id="found" hidden></ul></div><script src="../search.js" defer></script>',
    "sub/channel.html": "here",
    "search.js": readFileSync(inTools("docs/search.js"), "utf8"),
    "search_data.js": `window.searchData = ${JSON.stringify(entries)};`,
  });

  it("finds names and texts, the best first, without a server", async (t) => {
    const browser = await launch();
    t.after(() => browser.close());
    const page = await browser.newPage();
    await page.goto(pathToFileURL(path.join(site, "sub/index.html")).href);
    const found = page.locator("#found");
    const finds = async (query, ...wanted) => {
      await page.locator("input").fill(query);
      await page.waitForFunction((all) => [...document.querySelectorAll("#found li")].map((item) => item.textContent).join() === all, wanted.join());
    };
    const pushes = ["pinion_pushpinion/channel.h", "pinion_endpoint_pushpinion/endpoint.h", "SendingChannels"];
    await finds("push", ...pushes);
    await finds("PUSH nobody", "SendingChannels");
    await finds("<b>", "Nothing found");
    await page.keyboard.press("Escape");
    await found.waitFor({ state: "hidden" });
    await finds("push()", ...pushes);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/search\/sub\/channel\.html#a$/);
  });
});

describe("the pages of the site", () => {
  const names = new Map([["pinion_push", { href: "channel.html#a" }]]);

  it("link the names that are explained, but for those in links and headings", () => {
    const html = "<h2>pinion_push</h2><p>See <code>pinion_push</code>, pinion_other, <a href=\"x\">pinion_push</a>.</p>";
    const linked = "<h2>pinion_push</h2><p>See <code><a class=\"name\" href=\"channel.html#a\">pinion_push</a></code>, pinion_other, <a href=\"x\">pinion_push</a>.</p>";
    assert.equal(linkNames(html, names), linked);
  });

  it("show a declaration as C", () => {
    const cell = (text) => `<td class="x">${text}</td>`;
    const table = `<table class="memname"><tr>${["int pinion_x", "(", "const char *&#160;", "<em>name</em>, ", "", "", "void(*)(int a, int b)&#160;", "<em>fn</em>&#160;", ")"].map(cell).join("")}</tr></table>`;
    assert.equal(improved(table), '<pre class="memname">int pinion_x(const char *name, void(*)(int a, int b) fn)</pre>');
    const field = `<table class="memname"><tr>${cell("int(* pinion_def::join) (const char * topic)")}</tr></table>`;
    assert.equal(improved(field), '<pre class="memname">int (*join)(const char *topic)</pre>');
  });
});
