// Small bar charts as SVG. They can be read on light and dark ground, by eye and by screen reader. Colour only repeats
// what the labels say.

const WIDTH = 720;
const LABEL = 132; // room for the names, left of the bars
const VALUE = 92; // room for the value of the longest bar, right of it
const BAR = 18;
const STEP = 26;
const TITLE = 34;
const HEAD = 30; // a panel's heading
const GAP = 14; // between panels

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600; font-size: 15px }
    .head { font-weight: 600 }
    .pinion { fill: #0b6bcb }
    .yardstick { fill: #7d8590 }
    .peer { fill: #c0792a }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .pinion { fill: #58a6ff }
      .yardstick { fill: #8b949e }
      .peer { fill: #e0a35c }
    }`;

function escape(text) {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
}

function bar({ label, value, text, kind }, top, most) {
  const width = Math.max(1, ((WIDTH - LABEL - VALUE) * value) / most).toFixed(1);
  const base = top + BAR - 5;
  return [
    `  <text x="${LABEL - 10}" y="${base}" text-anchor="end">${escape(label)}</text>`,
    `  <rect class="${kind}" x="${LABEL}" y="${top}" width="${width}" height="${BAR}" rx="2"/>`,
    `  <text x="${(LABEL + Number(width) + 6).toFixed(1)}" y="${base}">${escape(text)}</text>`,
  ];
}

function panel({ title, bars }, top) {
  const most = Math.max(...bars.map(({ value }) => value));
  return [
    `  <text class="head" x="${LABEL}" y="${top + 18}">${escape(title)}</text>`,
    ...bars.flatMap((each, i) => bar(each, top + HEAD + i * STEP, most)),
  ];
}

export function describeChart({ title, panels }) {
  const said = panels.map((each) => `${each.title}: ${each.bars.map(({ label, text }) => `${label} ${text}`).join(", ")}`);
  return `${title}. ${said.join(". ")}.`;
}

// {title, panels: [{title, bars: [{label, value, text, kind}]}]}; kind is pinion, yardstick or peer. Each panel has a
// scale of its own, from 0.
export function barChart(chart) {
  let top = TITLE;
  const lines = [];
  for (const each of chart.panels) {
    lines.push(...panel(each, top));
    top += HEAD + each.bars.length * STEP + GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-labelledby="title desc">`,
    `  <title id="title">${escape(chart.title)}</title>`,
    `  <desc id="desc">${escape(describeChart(chart))}</desc>`,
    `  <style>${STYLE}\n  </style>`,
    `  <text class="title" x="${LABEL}" y="20">${escape(chart.title)}</text>`,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}
