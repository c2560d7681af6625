// Every vector of tests/vectors over WebSocket and long polling, in each of its versions, against the conformance
// server.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "../helpers/server.mjs";
import { loadVectors } from "../helpers/vector_format.mjs";
import { replayVector } from "../helpers/vector_runner.mjs";

const files = loadVectors(fileURLToPath(new URL("../vectors", import.meta.url)));
assert.ok(files.length > 0, "there are vectors");

// The vectors of a file share topics, so they run one after another; each file has a server of its own.
for (const transport of ["websocket", "longpoll"]) {
  describe(`vectors over ${transport}`, { concurrency: 4 }, () => {
    for (const { file, vectors } of files) {
      describe(file, { concurrency: 1 }, () => {
        const server = serve("conformance");
        for (const vector of vectors.filter((each) => each.transport.includes(transport))) {
          for (const vsn of vector.vsn) {
            it(`${vector.name} (${vsn})`, (t) => replayVector(t, server, vector, { vsn, transport }));
          }
        }
      });
    }
  });
}
