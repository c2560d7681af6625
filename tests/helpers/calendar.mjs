// The calendar of one node, which is wrong by what a file says (tests/helpers/soaked.c). It is kept when the node
// starts anew: so a node may begin a life before the one that it had.

import { closeSync, openSync, writeSync } from "node:fs";

const NS_IN_MS = 1_000_000n;

export class Calendar {
  offMs = 0;
  #fd;

  constructor(file) {
    this.file = file;
    this.#fd = openSync(file, "w+");
    this.set(0);
  }

  set(ms) {
    this.offMs = ms;
    writeSync(this.#fd, Buffer.from(BigInt64Array.of(BigInt(ms) * NS_IN_MS).buffer), 0, 8, 0);
  }

  close() {
    closeSync(this.#fd);
  }
}
