// tools/check-circles.mjs BUILD-DIRECTORY FOLDER[=MOST[,headers]]...: fails when more than MOST files of a folder need each other in
// a circle, or a file is so long that it could be several. With `headers` also when a header does not declare what the .c file of
// its name defines. Without =MOST it only tells.
//
//   node tools/check-circles.mjs build src/engine=5,headers src/pubsub
//
// The measure. A node is a .c file of the folder, with the header of its name. There is an arrow A -> B when A's object refers to a
// symbol that B's object defines: A calls a function of B's, takes its address or uses a variable of B's (`nm`; what the compiler put
// in place of a call, out of a header, makes no arrow: it is A's own). Calls through a pointer make none either: who registers a
// function points at it, and who calls it knows only the table. What includes need is not counted: tools/check-layers holds folders
// to their order, and headers that included each other in a circle would not compile. A circle is a strongly connected component:
// files each of which leads, by arrows, to every other of them. They can only be understood, tried and changed together.
//
// The largest circles are printed with their arrows, and with the symbols that make them.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LINES_MAX = 400; // a circle is not to be mended by putting its files into one
const SHOWN = 2; // circles of each folder

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const [build, ...wanted] = process.argv.slice(2);
if (!build || wanted.length === 0 || !wanted.every((each) => /^[^=]+(=\d+(,headers)?)?$/.test(each))) {
  console.error('usage: node tools/check-circles.mjs BUILD-DIRECTORY FOLDER[=MOST[,headers]]...');
  process.exit(2);
}
let bad = false;
for (const each of wanted) {
  const [folder, most, headers] = each.split(/[=,]/);
  look(folder.replace(/\/$/, ''), most === undefined ? Infinity : Number(most), Boolean(headers));
}
process.exit(bad ? 1 : 0);

function look(folder, most, headers) {
  const sources = readdirSync(folder).filter((name) => name.endsWith('.c'));
  const objects = readObjects(folder, sources);
  const arrows = arrowsAmong(objects);
  const circles = circlesOf(arrows).sort((a, b) => b.length - a.length);
  const largest = circles.length > 0 ? circles[0].length : 1;
  console.log(`${folder}: ${sources.length} files; the largest circle has ${largest}${most === Infinity ? '' : `, ${most} may be`}`);
  for (const circle of circles.slice(0, SHOWN)) show(circle, arrows);
  if (largest > most) complain(`${folder}: ${largest} files need each other in a circle; ${most} is the most`);
  if (most !== Infinity) checkLengths(folder);
  if (headers) checkHeaders(folder, objects);
}

// What is public is declared in include/pinion, by subject.
function checkHeaders(folder, objects) {
  for (const [file, { defines }] of objects) {
    const header = join(folder, `${file}.h`);
    const words = new Set((existsSync(header) ? readFileSync(header, 'utf8') : '').match(/\w+/g));
    const strangers = defines.filter((name) => name.startsWith('pinion__') && !words.has(name));
    if (strangers.length > 0) complain(`${folder}/${file}.c defines what ${header} does not declare: ${strangers.join(', ')}`);
  }
}

function checkLengths(folder) {
  for (const name of readdirSync(folder).filter((each) => /\.[ch]$/.test(each))) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').length - 1;
    if (lines > LINES_MAX) complain(`${folder}/${name}: ${lines} lines; ${LINES_MAX} is the most`);
  }
}

function complain(why) {
  console.error(why);
  bad = true;
}

// --- objects

// Of each file: what its object defines, and what it refers to. A file that is not built here (an option is off) is left out.
function readObjects(folder, sources) {
  const objects = new Map();
  for (const source of sources) {
    const object = objectOf(`${folder}/${source}`);
    if (object) objects.set(source.replace(/\.c$/, ''), readSymbols(object));
  }
  if (objects.size === 0) throw new Error(`${build} has no objects of ${folder}: build the library first`);
  return objects;
}

function objectOf(source) {
  const targets = readdirSync(join(build, 'CMakeFiles')).filter((name) => name.endsWith('.dir'));
  return targets.map((target) => join(build, 'CMakeFiles', target, `${source}.o`)).find((file) => existsSync(file));
}

function readSymbols(object) {
  const symbols = { defines: [], needs: [] };
  for (const line of execFileSync('nm', ['-g', '-P', object], { encoding: 'utf8' }).split('\n')) {
    const [name, type] = line.split(' ');
    if (name) (/^[Uvw]$/.test(type) ? symbols.needs : symbols.defines).push(name);
  }
  return symbols;
}

// --- the graph: from each file to those it needs, with the symbols

function arrowsAmong(objects) {
  const owner = new Map();
  for (const [file, { defines }] of objects) for (const name of defines) owner.set(name, file);
  const arrows = new Map();
  for (const [file, { needs }] of objects) {
    const to = new Map();
    for (const name of needs.filter((each) => owner.has(each) && owner.get(each) !== file)) {
      to.set(owner.get(name), [...(to.get(owner.get(name)) ?? []), name]);
    }
    arrows.set(file, to);
  }
  return arrows;
}

// Tarjan's strongly connected components, those of more than one file.
function circlesOf(arrows) {
  const order = new Map(), lowest = new Map(), stack = [], circles = [];
  const visit = (file) => {
    order.set(file, order.size);
    lowest.set(file, order.get(file));
    stack.push(file);
    for (const next of arrows.get(file).keys()) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(file, Math.min(lowest.get(file), lowest.get(next)));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const file of arrows.keys()) if (!order.has(file)) visit(file);
  return circles;
}

function show(circle, arrows) {
  console.log(`  a circle of ${circle.length}: ${circle.join(', ')}`);
  for (const file of circle) {
    for (const [next, names] of arrows.get(file)) {
      if (circle.includes(next)) console.log(`    ${file} -> ${next}: ${names.join(', ')}`);
    }
  }
}
