// The names that the reference explains, and links to them.

import { readFileSync } from "node:fs";

// Of doxygen's tag file: name → { kind, href }. Fields are "struct.field".
export function readNames(file) {
  const names = new Map();
  const text = readFileSync(file, "utf8");
  for (const [, kind, compound] of text.matchAll(/<compound kind="(\w+)"[^>]*>([^]*?)<\/compound>/g)) {
    if (kind === "struct") {
      const name = tag(compound, "name");
      names.set(name, { kind: "struct", href: tag(compound, "filename") });
      for (const member of members(compound)) names.set(`${name}.${member.name}`, { ...member, kind: "field" });
    } else if (kind === "file") {
      for (const member of members(compound)) names.set(member.name, member);
    }
  }
  return names;
}

const tag = (xml, name) => new RegExp(`<${name}[^>]*>([^<]*)</${name}>`).exec(xml)?.[1];

function* members(compound) {
  for (const [, kind, member] of compound.matchAll(/<member kind="(\w+)"[^>]*>([^]*?)<\/member>/g)) {
    yield { name: tag(member, "name"), kind, href: `${tag(member, "anchorfile")}#${tag(member, "anchor")}` };
  }
}

// Where links would be in the way: in other links, headings, and the declaration of the thing itself.
const SKIPPED = /^(a|h[1-6]|head|script|style|title|details)$/;
const SKIPPED_CLASS = /class="(memname|title)"/;
const NAME = /\b(?:pinion|PINION)_\w+/g;

export function linkNames(html, names) {
  const stack = [];
  let skipping = 0;
  return html.split(/(<!--[^]*?-->|<script[^]*?<\/script>|<[^>]*>)/).map((part) => {
    const open = /^<([a-z][a-z0-9]*)\b[^>]*?(\/?)>$/i.exec(part);
    if (open && !part.startsWith("<script")) {
      const [, element, closed] = open;
      if (!closed && !/^(meta|link|br|hr|img|input|col)$/.test(element)) {
        const skip = SKIPPED.test(element) || SKIPPED_CLASS.test(part) ? 1 : 0;
        stack.push({ element, skip });
        skipping += skip;
      }
    } else if (part.startsWith("</")) {
      const element = part.slice(2, -1);
      const at = stack.findLastIndex((entry) => entry.element === element);
      if (at >= 0) for (const { skip } of stack.splice(at)) skipping -= skip;
    } else if (!part.startsWith("<") && skipping === 0) {
      return part.replace(NAME, (name) => (names.has(name) ? `<a class="name" href="${names.get(name).href}">${name}</a>` : name));
    }
    return part;
  }).join("");
}
