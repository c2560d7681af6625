// tools/wrap.mjs [--check]: wrap what is written in markdown at 100 columns, or say which files are not. Code, tables and
// headings stay as they are, and so does a word that is longer than a line. Code in a sentence is not broken.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { eachLine } from "./markdown.mjs";

const WIDTH = 100;
const MARKER = /^(\s*)([-*+]|\d+[.)])(\s+)/;
const BEGINS_A_BLOCK = /^([-+*>]|#{1,6}|\d+[.)]|={2,}|-{2,})$/; // at the start of a line it would be something else

// A line that is no part of a paragraph: blank, a table, a heading, HTML, a picture, a rule, a quotation, a link's definition.
const standsAlone = (line) => /^\s*($|\||#|<|>|!\[|\[[^\]]+\]:|(-{3,}|\*{3,})\s*$)/.test(line) || / {2}$/.test(line);

// Words, where code between backticks is one.
const words = (text) => text.match(/(?:`+[^`]*`+|[^\s`])+/g) ?? [];

function wrapped(text, first, rest) {
  const lines = [];
  let line = first;
  let empty = true;
  for (const word of words(text)) {
    const fits = [...line].length + (empty ? 0 : 1) + [...word].length <= WIDTH;
    if (!empty && !fits && !BEGINS_A_BLOCK.test(word)) {
      lines.push(line);
      line = rest + word;
    } else {
      line += (empty ? "" : " ") + word;
    }
    empty = false;
  }
  return [...lines, line];
}

function wrap(text) {
  const out = [];
  let paragraph = null; // { first, rest, text }
  const flush = () => {
    if (paragraph) out.push(...wrapped(paragraph.text, paragraph.first, paragraph.rest));
    paragraph = null;
  };
  for (const { line, kind } of eachLine(text)) {
    const [whole, indent, mark, gap] = MARKER.exec(line) ?? [];
    if (kind !== "text" || standsAlone(line) || (!paragraph && /^ {4}/.test(line) && !whole)) {
      flush();
      out.push(line);
    } else if (whole) {
      flush();
      paragraph = { first: whole, rest: indent + " ".repeat(mark.length + gap.length), text: line.slice(whole.length) };
    } else if (paragraph) {
      paragraph.text += ` ${line.trim()}`;
    } else {
      const space = /^\s*/.exec(line)[0];
      paragraph = { first: space, rest: space, text: line.trim() };
    }
  }
  flush();
  return out.join("\n");
}

const check = process.argv[2] === "--check";
if (process.argv.length > (check ? 3 : 2)) {
  console.error("usage: tools/wrap.mjs [--check]");
  process.exit(2);
}
const files = execFileSync("git", ["ls-files", "-z", "*.md"], { encoding: "utf8" }).split("\0").filter(Boolean);
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const better = wrap(text);
  if (better === text) continue;
  if (check) console.log(`${file}: not wrapped at ${WIDTH} columns: ./run format`);
  else writeFileSync(file, better);
  process.exitCode = check ? 1 : 0;
}
