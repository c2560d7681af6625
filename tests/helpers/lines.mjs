// A transport for the official client that speaks by lines of TCP (examples/lines).

import net from "node:net";
import { createInterface } from "node:readline";

const [CONNECTING, OPEN, CLOSED] = [0, 1, 3];
const ABNORMAL = 1006;

// The class for Socket's option `transport`; `place.port` is where it connects, each time.
export function linesTransport(place) {
  return class {
    readyState = CONNECTING;
    #tcp;
    #code = ABNORMAL;

    constructor(url) {
      this.#tcp = net.connect({ port: place.port, host: "127.0.0.1" });
      this.#tcp.on("error", (error) => this.onerror?.(error));
      this.#tcp.on("close", () => this.#closed());
      createInterface({ input: this.#tcp }).on("line", (line) => this.#heard(line)).on("error", () => {});
      this.send(new URL(url).search.slice(1));
    }

    send(line) {
      this.#tcp.write(`${line}\n`);
    }

    close(code = 1000) {
      this.#code = code;
      this.#tcp.end();
    }

    #heard(line) {
      const [kind, rest] = line.split(" ", 2);
      if (this.readyState === OPEN && kind !== "close") return this.onmessage({ data: line });
      if (kind === "close") this.#code = Number(rest);
      if (kind !== "ok") return this.#tcp.end();
      this.readyState = OPEN;
      this.onopen?.();
    }

    #closed() {
      this.readyState = CLOSED;
      this.onclose?.({ code: this.#code, wasClean: this.#code !== ABNORMAL });
    }
  };
}
