// Counts what was checked, and keeps what was wrong.

const SHOWN = 20;
const RECENT = 6;

export class Tally {
  checks = 0;
  failures = 0;
  #faults = []; // the last ones

  // A fault begins: it may be the cause of what fails afterwards.
  note = (what) => {
    this.#faults = [{ what, at: Date.now() }, ...this.#faults].slice(0, RECENT);
  };

  check = (holds, what) => {
    this.checks++;
    if (holds) return;
    this.failures++;
    if (this.failures > SHOWN) return;
    const before = this.#faults.map(({ what, at }) => `${((Date.now() - at) / 1000).toFixed(1)} s ${what}`);
    console.log(`FAILED ${what}\n  at ${new Date().toISOString()}, after ${before.join(", ") || "nothing"}`);
  };

  // The last line.
  end() {
    console.log(`${this.checks - this.failures} passed, ${this.failures} failed`);
    return this.failures > 0 ? 1 : 0;
  }
}

// Decides which reports of members and transfers (member.mjs, transfers.mjs) are excused.
export class Witness {
  transfers = {}; // by link and kind: {count, bytes, slowest, cut, refused}
  #clusters;
  #check;

  constructor(clusters, check) {
    this.#clusters = new Map(clusters.map((cluster) => [cluster.name, cluster]));
    this.#check = check;
  }

  hear = (event, link) => {
    const cluster = this.#clusters.get(event.cluster);
    if (event.kind === "wrong") this.#check(false, event.what);
    else if (event.kind === "check") this.#check(event.holds, event.what);
    else if (event.kind === "transfer") this.#transfer(event, cluster, link);
    else this.#unless(cluster, event);
  };

  // On one node everything is heard, whatever happens to the cluster. Answers may be late.
  #unless(cluster, { kind, between: [one, other], from, to, what }) {
    const whole = cluster.wasWhole(from, to);
    if (whole || (kind === "gap" && one === other)) this.#check(false, what);
    else if (kind === "gap") cluster.excused++;
  }

  #transfer({ what, node, from, to, bytes, error, wrong, refused }, cluster, link) {
    const key = `${link} ${what}`;
    const sum = (this.transfers[key] ??= { count: 0, bytes: 0, slowest: 0, cut: 0, refused: 0 });
    if (!error) {
      sum.count++;
      sum.bytes += bytes;
      sum.slowest = Math.max(sum.slowest, to - from);
      this.#check(true);
    } else if (refused && cluster.wasScarce(node, from, to)) sum.refused++;
    else if (!wrong && !refused && cluster.wasKilled(node, from, to)) sum.cut++;
    else this.#check(false, `${link}: ${what}, ${cluster.name}-${node}, ${to - from} ms after it began: ${error}`);
  }
}
