// Every vector of tests/vectors over WebSocket and long polling, in each of its versions, against the conformance
// server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "../helpers/server.mjs";
import { loadVectors, versionsOver } from "../helpers/vector_format.mjs";
import { replayVector } from "../helpers/vector_runner.mjs";

const files = loadVectors(fileURLToPath(new URL("../vectors", import.meta.url)));
assert.ok(files.length > 0, "there are vectors");

// The vectors of a file share topics, so they run one after another; each file has a server of its own.
for (const transport of ["websocket", "longpoll"]) {
  describe(`vectors over ${transport}`, { concurrency: 4 }, () => {
    for (const { file, vectors } of files) {
      describe(file, { concurrency: 1 }, () => {
        const server = serve("conformance");
        for (const vector of vectors) {
          for (const vsn of versionsOver(vector, transport)) {
            it(`${vector.name} (${vsn})`, (t) => replayVector(t, server, vector, { vsn, transport }));
          }
        }
      });
    }
  });
}

// [file, what Phoenix does] of each row of the page whose first cell links to a file of vectors.
function rowsOf(page) {
  const rows = page.matchAll(/^\| \[[^\]]*\]\(\.\.\/tests\/vectors\/([^)]*)\) \| (.*?) \|/gm);
  return [...rows].map(([, file, phoenix]) => `${file}: ${phoenix}`);
}

describe("docs/compatibility.md", () => {
  it("has a row for what differs in a vector, and a vector for each such row", () => {
    const page = readFileSync(new URL("../../docs/compatibility.md", import.meta.url), "utf8");
    const differing = files.flatMap(({ file, vectors }) =>
      vectors.filter(({ differs }) => differs).map(({ differs }) => `${file}: ${differs}`),
    );
    assert.deepEqual(rowsOf(page).sort(), [...new Set(differing)].sort());
  });
});
