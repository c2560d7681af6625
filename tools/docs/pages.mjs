// Doxygen's pages, as we would have written them.

const LINE = 68; // a declaration that is longer has a line for each parameter

// "channel.h File Reference" is pinion/channel.h.
function withOurTitles(html) {
  return html.replaceAll(/(\w+\.h) File Reference/g, "pinion/$1").replaceAll(/(pinion_\w+) Struct Reference/g, "struct $1");
}

// A declaration is a table, which is wider than a phone: it becomes lines of C.
function withDeclarations(html) {
  return html.replaceAll(/<table class="memname">([^]*?)<\/table>/g, (_, table) => {
    const cells = [...table.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].map(([, cell]) => cell.replaceAll("&#160;", " ").replaceAll(/<\/?em>/g, "").trim()).filter(Boolean);
    const [head, ...rest] = cells;
    const name = tight(head.replace(/pinion_\w+::/, ""));
    if (rest.length > 0) return lines(`${name}(`, rest.filter((cell) => !/^[()]$/.test(cell)).join(" "));
    const [, pointer, list] = /^(.*\(\*\w+\)\()(.*)\)$/.exec(name) ?? [];
    return pointer ? lines(pointer, list) : `<pre class="memname">${name}</pre>`;
  });
}

function lines(head, list) {
  const parameters = tight(list).split(/, +(?![^()]*\))/);
  const text = `${head}${parameters.join(", ")})`;
  const short = text.replaceAll(/<[^>]*>/g, "").length <= LINE;
  return `<pre class="memname">${short ? text : `${head}\n    ${parameters.join(",\n    ")})`}</pre>`;
}

// `int(* name) (char * text)` is `int (*name)(char *text)`.
function tight(text) {
  return text.replaceAll(/\(\* *(\w+)\) \(/g, " (*$1)(").replaceAll(/ *(\*+) (?=\w|\(\*)/g, " $1");
}

// The contents beside the page say where it is, its headings are few enough to be seen, and what a structure has is said
// once, where it is explained.
function withoutLists(html) {
  html = html.replace(/<div class="summary">[^]*?<\/div>/, "").replace(/<div id="nav-path"[^]*?<\/div>/, "");
  return /^<title>struct /m.test(html) ? html.replaceAll(/<table class="memberdecls">[^]*?<\/table>/g, "") : html;
}

// The heading of a group of fields stands at the end of what its first field is; it belongs before that one.
function withGroups(html) {
  if (!/^<title>struct /m.test(html)) return html;
  return html.split(/(?=<a id="\w+" name="\w+"><\/a>\n<h2 class="memtitle">)/).map((field) => {
    const [whole, heading] = /<h3[^>]*>([^]*?)<\/h3>\n*/.exec(field) ?? [];
    return heading ? `<h2 class="groupheader">${heading.trim()}</h2>\n${field.replace(whole, "")}` : field;
  }).join("");
}

// Long names may be broken where they have a point.
export function withBreaks(html) {
  return html.replaceAll(/<td class="markdownTable[^]*?<\/td>/g, (cell) => cell.replaceAll(/(?<=[a-z_](?:<\/a>)?)\.(?=[a-z_])(?![^<]*>)/g, ".<wbr>"));
}

// Where it is in the contents.
const withPlace = (html, file) => html.replace(`<li><a href="${file}">`, `<li><a href="${file}" aria-current="page">`);

export const improved = (html, file) => withPlace(withDeclarations(withGroups(withoutLists(withOurTitles(html)))), file);
