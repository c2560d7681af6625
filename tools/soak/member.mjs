// A client that numbers what it says, and checks the numbers of what it hears.
//
// A sender begins anew with 1 each time it has joined: what it has said on a connection that broke may be lost. A
// receiver begins anew when it has joined. On connections that stayed, each number follows the one before; between two
// nodes, only while the cluster was whole.

import { Presence } from "phoenix";
import { open, disconnect } from "../../tests/helpers/phoenix.mjs";
import { within } from "../../tests/helpers/wait.mjs";

const ANSWER_MS = 20_000;
const TIMELY_MS = 5_000; // how long after a pause an answer may still be late

export class Member {
  joins = 0;
  said = 0;
  heard = 0;
  excused = 0;
  answered = 0;
  last = new Map(); // by sender: {join, n, at}
  #timer;

  static async enter(cluster, node, { name, topic, transport, fail }) {
    const self = new Member();
    Object.assign(self, { cluster, node, name, fail, n: 0 });
    self.socket = await open(node, { transport });
    self.channel = self.socket.channel(topic);
    self.channel.on("shout", (message) => self.#hear(message));
    self.gathering = self.socket.channel(`presence:soak-${cluster.name}`, () => ({ user: name }));
    self.presence = new Presence(self.gathering);
    self.gathering.join();
    const joined = new Promise((resolve) => {
      self.channel.join().receive("ok", () => {
        self.#begin();
        resolve();
      });
    });
    await within(joined, `${name} to join`);
    return self;
  }

  #begin() {
    this.joins++;
    this.joinedAt = Date.now();
    this.n = 0;
    this.last.clear();
  }

  get isUp() {
    return this.socket.isConnected() && this.channel.state === "joined";
  }

  talk(everyMs) {
    this.#timer = setInterval(() => this.isUp && this.say(), everyMs);
  }

  hush() {
    clearInterval(this.#timer);
  }

  say(final = false) {
    this.n++;
    this.said++;
    if (this.n === 1) this.beganAt = Date.now();
    const { name, node, joins: join, n, beganAt } = this;
    this.channel.push("shout", { name, node: node.index, join, n, beganAt, at: Date.now(), final }, 1);
    if (n % 10 === 0) this.#ask();
  }

  // On a connection that stays, everything is answered.
  #ask() {
    const { joins, n } = this;
    const began = Date.now();
    this.channel
      .push("echo", { n }, ANSWER_MS)
      .receive("ok", (answer) => (answer.n === n ? this.answered++ : this.fail(`${this.name}: asked ${n}, answered ${answer.n}`)))
      .receive("timeout", () => {
        if (this.joins === joins && this.isUp && this.cluster.wasWhole(began - TIMELY_MS, Date.now()))
          this.fail(`${this.name}: no answer to ${n} of join ${joins}`);
      });
  }

  #hear(message) {
    const { name, join, n, at, final } = message;
    const before = this.last.get(name);
    this.heard++;
    this.last.set(name, { join, n, at, final });
    if (before && before.join === join) this.#follows(before, message);
    else if (this.joinedAt < message.beganAt && n !== 1) this.#lost(message, message.beganAt, `begins with ${n}`);
  }

  #follows(before, message) {
    if (message.n <= before.n) this.fail(`${this.name} heard of ${message.name}: ${message.n} after ${before.n}, join ${message.join}`);
    else if (message.n !== before.n + 1) this.#lost(message, before.at, `${message.n} after ${before.n}`);
  }

  #lost({ name, node, at, join }, since, what) {
    if (node !== this.node.index && !this.cluster.wasWhole(since, at)) this.excused++;
    else this.fail(`${this.name} heard of ${name}, join ${join}: ${what}`);
  }

  reset() {
    if (this.socket.conn?.terminate) this.socket.conn.terminate();
  }

  leave() {
    this.hush();
    disconnect(this.socket);
  }
}
