// Is everything that the headers declare explained on a page? The headers are read here in another way than by header.awk.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

// [name, kind] of all that is public: functions, variables, types, macros, fields and values.
export function declared(text) {
  const found = [];
  const code = text.replace(/\/\*[^]*?\*\//g, "");
  for (const [, name] of code.matchAll(/^#define (PINION_\w+)(?!\w)(?![^\n]*##)(?!_H$)/gm)) if (!/_H$/.test(name)) found.push([name, "define"]);
  const plain = code.replace(/^ *#.*(?:\\\n.*)*/gm, "");
  for (const [, name] of plain.matchAll(/PINION_API[^;(]*?(pinion_\w+)\s*[(;]/g)) found.push([name, "function or variable"]);
  for (const [, name] of plain.matchAll(/^static inline [^;(]*?(pinion_\w+)\s*\(/gm)) found.push([name, "function"]);
  for (const [, name] of plain.matchAll(/^typedef [^;{]*?\(?\*?(pinion_\w+)\)?\s*(?:\([^;]*)?;/gm)) found.push([name, "type"]);
  for (const [, kind, name, body] of plain.matchAll(/\b(struct|enum) (pinion_\w+) \{([^}]*)\}/g)) {
    found.push([name, kind]);
    if (kind === "enum") {
      for (const [, value] of body.matchAll(/^ +(PINION_\w+)\b(?!\()/gm)) found.push([value, "value"]);
    } else {
      for (const field of body.split(";")) {
        const [, pointer, last] = /\(\*(\w+)\)|(\w+)\s*(?:\[.*)?$/.exec(field.trim()) ?? [];
        if (pointer ?? last) found.push([`${name}.${pointer ?? last}`, "field"]);
      }
    }
  }
  return found;
}

export function reader(site) {
  const texts = new Map();
  return (file) => texts.get(file) ?? texts.set(file, readFileSync(path.join(site, file), "utf8")).get(file);
}

// Each must be a name of the tag file, and what the link leads to must be there, with words beside the declaration.
export function checkReference(root, site, names) {
  const folder = path.join(root, "include/pinion");
  const complaints = [];
  const textOf = reader(site);
  let functions = 0;
  for (const header of readdirSync(folder)) {
    for (const [name, kind] of declared(readFileSync(path.join(folder, header), "utf8"))) {
      if (/function/.test(kind)) functions++;
      const entry = names.get(name);
      if (!entry) complaints.push(`${header}: ${name} (${kind}) is on no page`);
      else if (!/\w/.test(explanation(entry, textOf))) complaints.push(`${header}: ${name} (${kind}) is on ${entry.href} without a contract`);
    }
  }
  complaints.push(...checkWords(folder, site, textOf));
  if (functions < 80) complaints.push(`only ${functions} functions were found in ${folder}: is this check looking in the right place?`);
  return complaints;
}

// Every line of a comment stands on some page as it was written, and nothing of it was taken for markup.
function checkWords(folder, site, textOf) {
  const pages = readdirSync(site).filter((name) => /_8h\.html$|^struct/.test(name));
  const shown = dense(pages.map((name) => plain([null, textOf(name)])).join(" "));
  const complaints = [];
  for (const header of readdirSync(folder)) {
    for (const [, comment] of readFileSync(path.join(folder, header), "utf8").matchAll(/\/\*([^]*?)\*\//g)) {
      const [, section] = /^ ---- (.*) ---- $/.exec(comment) ?? [];
      const text = section ? section[0].toUpperCase() + section.slice(1) : comment.replace(/^ *\* ?/gm, "").replaceAll("`", "");
      for (const piece of text.split(/\n|(?<=\.) /)) {
        if (!shown.includes(dense(piece))) complaints.push(`${header}: this is not shown as it is written: ${piece}`);
      }
    }
  }
  return complaints;
}

const dense = (text) => text.replace(/\s+/g, "");

// What stands on its page beside the declaration, as plain text.
export function explanation({ kind, href }, textOf) {
  const [file, anchor] = href.split("#");
  const html = textOf(file);
  if (anchor === undefined) return plain(/<div class="textblock">([^]*?)<\/div><!-- textblock|<div class="textblock">([^]*?)<h2/.exec(html));
  const at = html.indexOf(`id="${anchor}"`);
  if (at < 0) return "";
  const rest = html.slice(at);
  if (kind === "enumvalue") return plain(/<td class="fielddoc">([^]*)$/.exec(rest.slice(0, rest.indexOf("</tr>"))));
  return plain(/<div class="memdoc">([^]*?)\n<\/div>/.exec(rest));
}

function plain(match) {
  const html = match?.[1] ?? match?.[2] ?? "";
  const text = html.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll(/&#160;|&nbsp;/g, " ").replaceAll("&amp;", "&");
  return text.replace(/\s+/g, " ").trim();
}
