// What the checks and the site need to know of a text in markdown.

// [text](target)
export const LINK = /\[((?:[^\][]|\[[^\]]*\])*)\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g;

export const isOutside = (target) => /^[a-z][a-z+.-]*:/i.test(target);

// Its lines: of kind "code" in a fenced block, "fence" around it, else "text".
export function eachLine(text) {
  let fence = null;
  return text.split("\n").map((line) => {
    const [, marks] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
    if (marks && (fence === null || (marks.startsWith(fence) && line.trim() === marks))) {
      fence = fence === null ? marks : null;
      return { line, kind: "fence" };
    }
    return { line, kind: fence === null ? "text" : "code" };
  });
}

// Its headings below the title, with the anchors by which a link finds them, as GitHub makes them.
export function anchors(text) {
  const seen = new Map();
  const found = [];
  for (const { line, kind } of eachLine(text)) {
    const heading = kind === "text" && /^(#+) (.*?)\s*#*$/.exec(line);
    if (!heading) continue;
    const plain = heading[2].replace(LINK, "$1").replace(/[`*]/g, "");
    const slug = plain.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    const id = before === 0 ? slug : `${slug}-${before}`;
    found.push({ level: heading[1].length, id });
  }
  return found;
}
