// The format of tests/vectors (its README.md is the rule): reading the files, refusing whatever the format
// does not know, and making the steps of one run out of a vector.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const VERSIONS = ["1.0.0", "2.0.0"];
const TRANSPORTS = ["websocket", "longpoll", "loopback"];

const isString = (value) => typeof value === "string";
const isBoolean = (value) => typeof value === "boolean";
const isInteger = Number.isInteger;
const isTrue = (value) => value === true;
const isHex = (value) => isString(value) && /^([0-9a-f]{2})*$/.test(value);
const isMessage = (value) => Array.isArray(value) && value.length === 5;
const isListOf = (check) => (value) => Array.isArray(value) && value.length > 0 && value.every(check);
const isMapOf = (check) => (value) => isObject(value) && Object.values(value).every(check);
const isStringOrNull = (value) => value === null || isString(value);
const isAlternatives = (value) => isString(value) || isListOf(isString)(value);
const isSubsetOf = (all) => isListOf((value) => all.includes(value));

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// The value itself, or an object with one for each version.
function perVersion(check) {
  return (value) => check(value) || (isMapOf(check)(value) && sameKeys(value, VERSIONS));
}

function sameKeys(object, keys) {
  return Object.keys(object).sort().join() === [...keys].sort().join();
}

// Check an object's keys and values: `required` and `optional` map a key to its check.
function isRecord(required, optional = {}) {
  return (value) => {
    assert.ok(isObject(value), `not an object: ${JSON.stringify(value)}`);
    for (const key of Object.keys(required)) assert.ok(key in value, `lacks "${key}"`);
    for (const [key, member] of Object.entries(value)) {
      const check = required[key] ?? optional[key];
      assert.ok(check, `unknown key "${key}"`);
      assert.ok(check(member), `bad "${key}": ${JSON.stringify(member)}`);
    }
    return true;
  };
}

// A record of strings and the payload's bytes.
function isBinary(...strings) {
  const required = Object.fromEntries(strings.map((name) => [name, isString]));
  return isRecord({ ...required, data_hex: isHex });
}

const BINARY_KINDS = {
  push: isBinary("kind", "join_ref", "topic", "event"),
  reply: isBinary("kind", "join_ref", "ref", "topic", "status"),
  broadcast: isBinary("kind", "topic", "event"),
};
const isBinaryFrame = (value) => BINARY_KINDS[value?.kind]?.(value) ?? false;

const OPCODES = ["continuation", "text", "binary", "close", "ping", "pong"];
const isOpcode = (value) => OPCODES.includes(value) || (isInteger(value) && value >= 0 && value < 16);

function isFrame(optional) {
  const check = isRecord({ opcode: isOpcode }, { text: isString, hex: isHex, ...optional });
  return (value) => check(value) && "text" in value !== "hex" in value;
}

const isResponse = isRecord(
  { status: isInteger },
  { body: isString, json: isObject, headers: isMapOf(isStringOrNull), continue: isBoolean, closes: isBoolean },
);
const isLine = (value) => isString(value) || (value?.length === 2 && isString(value[0]) && isInteger(value[1]));
const isBody = (value) => isString(value) || isListOf(isLine)(value);
const isHead = { path: isString, method: isString, version: isString, upgrade: isBoolean, headers: isMapOf(isStringOrNull) };
const isRequest = isRecord({ expect: isResponse }, { ...isHead, text: isString, body: isBody });
const isHttpRequest = (value) => isRequest(value) && "path" in value !== "text" in value;
const isHttp = (value) => (Array.isArray(value) ? isListOf(isHttpRequest)(value) : isHttpRequest(value));

const isRepeat = isRecord({ from: isInteger, to: isInteger, steps: isListOf(isStep) });
const isBurst = (steps) => isListOf(isStep)(steps) && steps.every((step) => !("client" in step));
const FRAME_OPTIONS = { fin: isBoolean, rsv: isInteger, masked: isBoolean, cut: isInteger };

// What a step may do: the check of its value, and the keys that may stand beside it.
const ACTIONS = {
  send: { check: isMessage },
  send_together: { check: isListOf(isMessage), batch: true },
  send_text: { check: perVersion(isString), beside: { binary: isTrue } },
  send_binary: { check: isBinary("join_ref", "ref", "topic", "event") },
  send_binary_hex: { check: isHex },
  expect: { check: isMessage },
  expect_any_order: { check: isListOf(isMessage) },
  expect_text: { check: perVersion(isAlternatives) },
  expect_binary: { check: isBinaryFrame, connection: true },
  expect_close: { check: isInteger },
  expect_none: { check: isTrue },
  close: { check: isInteger, connection: true },
  repeat: { check: isRepeat, clientless: true },
  send_frame: { check: isFrame(FRAME_OPTIONS), wire: true },
  send_raw_hex: { check: isHex, wire: true },
  expect_frame: { check: isFrame({}), wire: true },
  burst: { check: isBurst, wire: true },
  http: { check: isHttp, clientless: true },
};

export function actionOf(step) {
  const actions = Object.keys(step).filter((key) => Object.hasOwn(ACTIONS, key));
  assert.equal(actions.length, 1, `a step does one thing: ${JSON.stringify(step)}`);
  return actions[0];
}

function isStep(step) {
  const name = actionOf(step);
  const { check, beside, clientless } = ACTIONS[name];
  return isRecord({ [name]: check }, { ...(clientless ? {} : { client: isString }), ...beside })(step);
}

// Some step's action is for these alone: `wire`, a WebSocket; `connection`, not long polling; `batch`, not long polling
// in V1, whose requests carry one message each.
function needs(trait, steps) {
  return steps.some((step) => ACTIONS[actionOf(step)][trait] || needs(trait, step.repeat?.steps ?? []));
}

const isClient = isRecord(
  {},
  {
    path: isString,
    params: isMapOf(isString),
    query: isString,
    vsn: (value) => VERSIONS.includes(value),
    headers: isMapOf(isString),
    raw: isTrue,
  },
);
const runs = { vsn: isSubsetOf(VERSIONS), transport: isSubsetOf(TRANSPORTS) };
const isVector = isRecord(
  { name: isString, source: isString, steps: isListOf(isStep) },
  { ...runs, clients: isMapOf(isClient), v1_join_ref: isTrue, differs: isString },
);
const isVectorFile = isRecord({ about: isString, vectors: isListOf(isVector) }, runs);

function checkFile(content) {
  isVectorFile(content);
  const names = content.vectors.map((vector) => vector.name);
  assert.equal(new Set(names).size, names.length, "two vectors of one name");
  for (const vector of content.vectors) {
    const overLoopback = (vector.transport ?? content.transport ?? TRANSPORTS).includes("loopback");
    assert.ok(!overLoopback || !needs("wire", vector.steps), `"${vector.name}" needs a wire: websocket only`);
  }
}

// Long polling carries no binary frames to a client, and a client cannot close.
function withRuns(vector) {
  if (!needs("connection", vector.steps)) return vector;
  return { ...vector, transport: vector.transport.filter((name) => name !== "longpoll") };
}

// In which versions a vector is replayed over a transport.
export function versionsOver(vector, transport) {
  if (!vector.transport.includes(transport)) return [];
  const single = transport === "longpoll" && needs("batch", vector.steps);
  return vector.vsn.filter((vsn) => !single || vsn !== "1.0.0");
}

// Every vector of the directory, checked, as [{file, about, vectors}]; each vector has its vsn and transport.
export function loadVectors(directory) {
  const files = readdirSync(directory).filter((name) => name.endsWith(".json")).sort();
  return files.map((file) => {
    try {
      const content = JSON.parse(readFileSync(join(directory, file), "utf8"));
      checkFile(content);
      const { about, vectors, vsn = VERSIONS, transport = TRANSPORTS } = content;
      return { file, about, vectors: vectors.map((vector) => withRuns({ vsn, transport, ...vector })) };
    } catch (error) {
      error.message = `${file}: ${error.message}`;
      throw error;
    }
  });
}

// {name} for each name given, and {c*n}: the character c, n times.
function expandString(text, names) {
  const named = text.replace(/\{(i|transport|unique)\}/g, (whole, name) => names[name] ?? whole);
  return named.replace(/\{([ -~])\*([0-9]+)\}/g, (_, character, times) => character.repeat(Number(times)));
}

function expandValue(value, names) {
  if (isString(value)) return expandString(value, names);
  if (Array.isArray(value)) return value.map((element) => expandValue(element, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expandValue(member, names)]));
}

// The steps of one run: repeats unrolled, strings expanded.
export function* expandSteps(steps, names) {
  for (const step of steps) {
    if (!step.repeat) {
      yield expandValue(step, names);
      continue;
    }
    const { from, to, steps: repeated } = step.repeat;
    for (let i = from; i <= to; i++) yield* expandSteps(repeated, { ...names, i: String(i) });
  }
}
