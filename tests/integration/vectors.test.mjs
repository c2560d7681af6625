// Every vector of tests/vectors over WebSocket, in each of its versions, against the conformance server.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "../helpers/server.mjs";
import { loadVectors } from "../helpers/vector_format.mjs";
import { replayVector } from "../helpers/vector_runner.mjs";

const files = loadVectors(fileURLToPath(new URL("../vectors", import.meta.url)));
assert.ok(files.length > 0, "there are vectors");

describe("vectors", () => {
  const server = serve("conformance");
  for (const { file, vectors } of files) {
    describe(file, () => {
      for (const vector of vectors.filter(({ transport }) => transport.includes("websocket"))) {
        for (const vsn of vector.vsn) {
          it(`${vector.name} (${vsn})`, (t) => replayVector(t, server, vector, vsn));
        }
      }
    });
  }
});
