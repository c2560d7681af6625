// A client that numbers its messages, and checks the numbers of those that it receives.
//
// A sender begins with 1 again each time it has joined, because messages on a connection that broke may be lost. A
// receiver begins anew when it has joined. On connections that stayed, each number follows the one before; between two
// nodes, only while the cluster was whole. Binary messages are counted apart: a client of long polling gets none.
//
// `tell` gets {kind: "wrong", what}. It also gets faults that count only if the cluster was whole meanwhile: {kind: "gap" or
// "unanswered", cluster, between (two nodes), from, to, what}.

import { Presence } from "phoenix";
import { open, disconnect } from "../../tests/helpers/phoenix.mjs";
import { within } from "../../tests/helpers/wait.mjs";

const TIMELY_MS = 5_000; // how long after a pause an answer may still be late
const JOIN_MS = 60_000;
const BINARY_EVERY = 8;
const ASK_EVERY = 5;

const COUNTED = ["joins", "said", "heard", "binary", "answered"];
export const sums = (members) => Object.fromEntries(COUNTED.map((what) => [what, members.reduce((sum, member) => sum + member[what], 0)]));

export class Member {
  joins = 0;
  said = 0;
  heard = 0;
  binary = 0;
  answered = 0;
  last = new Map(); // by sender: {join, n, at}
  #n = {};
  #timer;

  static async enter(node, { cluster, name, topic, transport, tell, patienceMs = 20_000 }) {
    const self = new Member();
    Object.assign(self, { cluster, node, name, topic, tell, patienceMs });
    self.socket = await open(node, { transport });
    self.channel = self.socket.channel(topic);
    self.channel.on("shout", (message) => self.#hear(message.name, message));
    self.channel.on("bin_broadcast", (bytes) => self.#hearBinary(bytes));
    self.gathering = self.socket.channel(`presence:soak-${cluster}`, () => ({ user: name }));
    self.presence = new Presence(self.gathering);
    self.gathering.join();
    const joined = new Promise((resolve) => {
      self.channel.join().receive("ok", () => {
        self.#begin();
        resolve();
      });
    });
    await within(joined, `${name} to join`, JOIN_MS);
    return self;
  }

  #begin() {
    this.joins++;
    this.joinedAt = Date.now();
    this.#n = {};
    this.last.clear();
  }

  get isUp() {
    return this.socket.isConnected() && this.channel.state === "joined";
  }

  talk(everyMs) {
    this.#timer = setInterval(() => this.isUp && this.#talk(), everyMs);
  }

  hush() {
    clearInterval(this.#timer);
  }

  #talk() {
    this.say();
    if (this.said % BINARY_EVERY === 0) this.#sayBinary();
    if (this.said % ASK_EVERY === 0) this.#ask();
  }

  // The next number of a kind, and when its first message was sent.
  #next(kind) {
    const counter = (this.#n[kind] ??= { n: 0, beganAt: Date.now() });
    counter.n++;
    const { name, node, joins: join } = this;
    return { name, node: node.index, join, ...counter, at: Date.now() };
  }

  say(final = false) {
    this.said++;
    this.channel.push("shout", { ...this.#next("text"), final }, 1);
  }

  #sayBinary() {
    const bytes = new TextEncoder().encode(JSON.stringify(this.#next("binary")));
    this.channel.push("bin_broadcast", bytes.buffer, 1);
  }

  // On a connection that stays, everything is answered.
  #ask() {
    const { joins, said: n, cluster, node: { index } } = this;
    const from = Date.now() - TIMELY_MS;
    this.channel
      .push("echo", { n }, this.patienceMs)
      .receive("ok", (answer) => (answer.n === n ? this.answered++ : this.tell({ kind: "wrong", what: `${this.name}: asked ${n}, answered ${answer.n}` })))
      .receive("timeout", () => {
        const what = `${this.name}: no answer to ${n} of join ${joins}`;
        if (this.joins === joins && this.isUp) this.tell({ kind: "unanswered", cluster, between: [index, index], from, to: Date.now(), what });
      });
  }

  #hearBinary(bytes) {
    this.binary++;
    const message = JSON.parse(new TextDecoder().decode(bytes));
    this.#hear(`${message.name}, binary`, message);
  }

  #hear(source, message) {
    const { join, n, at, final } = message;
    const before = this.last.get(source);
    this.heard++;
    this.last.set(source, { join, n, at, final });
    if (before && before.join === join) this.#follows(before, source, message);
    else if (this.joinedAt < message.beganAt && n !== 1) this.#lost(source, message, message.beganAt, `begins with ${n}, ${this.#ages(message)}`);
  }

  // For finding the cause of a fault.
  #ages({ beganAt, at }) {
    const now = Date.now(), ago = (then) => `${((now - then) / 1000).toFixed(1)} s ago`;
    return `said ${ago(at)}, the first one ${ago(beganAt)}; joined for the ${this.joins}th time ${ago(this.joinedAt)}`;
  }

  #follows(before, source, message) {
    const what = `${message.n} after ${before.n}`;
    if (message.n <= before.n) this.tell({ kind: "wrong", what: `${this.name} heard of ${source}: ${what}, join ${message.join}` });
    else if (message.n !== before.n + 1) this.#lost(source, message, before.at, what);
  }

  #lost(source, { node, at, join }, from, what) {
    const { cluster, name } = this;
    this.tell({ kind: "gap", cluster, between: [node, this.node.index], from, to: at, what: `${name} heard of ${source}, join ${join}: ${what}` });
  }

  reset() {
    if (this.socket.conn?.terminate) this.socket.conn.terminate();
  }

  leave() {
    this.hush();
    disconnect(this.socket);
  }
}
