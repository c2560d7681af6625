// Health checks like those of a proxy: each on a connection of its own. Now and then the counts are read: here nobody sends
// too much or reads too little, so no client may be cut off, and nothing may be dropped.

import http from "node:http";
import { setTimeout as elapse } from "node:timers/promises";

const EVERY_MS = 500;
const ANSWER_MS = 10_000;
const LATE_MS = 2000; // how long after a fault its effects may still be felt
const LOOK_EVERY = 10;
const MUST_BE_ZERO = [
  "dropped", "slow_closed", "skipped", "rate_limited", "refused", "held_back", "longpoll_evicted", "remote_denied", "refused_calls",
  "mailbox_full",
];

export function lookAt(counts, name, check) {
  const amiss = MUST_BE_ZERO.filter((count) => counts[count] !== 0);
  check(amiss.length === 0, `${name}: ${amiss.map((count) => `${count} is ${counts[count]}`)}`);
}

// Fails unless the answer is 200.
export function askHealth(port, timeoutMs = ANSWER_MS) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, path: "/healthz", agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      response.resume();
      response.once("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
      response.once("error", reject);
    });
    request.once("error", reject);
  });
}

export class Health {
  asked = 0;
  worstMs = 0; // among answers of nodes without a fault
  #ends;
  #stopped = false;

  constructor(cluster, check) {
    this.#ends = cluster.nodes.map((node) => this.#goOn(cluster, node, check));
  }

  async #goOn(cluster, node, check) {
    for (let i = 1; !this.#stopped; i++) {
      const from = Date.now();
      const error = await askHealth(node.port).then(() => null, (error) => error);
      const to = Date.now();
      if (!cluster.wasTroubled(node.index, from - LATE_MS, to)) {
        this.asked++;
        this.worstMs = Math.max(this.worstMs, to - from);
        check(!error, `${cluster.name}-${node.index}: a health check failed after ${to - from} ms: ${error}`);
      }
      if (i % LOOK_EVERY === 0) await cluster.stats(node).then((counts) => lookAt(counts, `${cluster.name}-${node.index}`, check), () => {});
      await elapse(EVERY_MS);
    }
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#ends);
  }
}
