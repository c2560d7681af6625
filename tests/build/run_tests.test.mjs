// tools/run-tests says at its end what failed, and why: the whole output may be cut where it is read.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const runner = fileURLToPath(new URL("../../tools/run-tests", import.meta.url));

// Stand-ins for C tests, which print what such tests do.
const tests = {
  unit_well: `echo '[  PASSED  ] 2 test(s).'`,
  unit_wrong: `cat <<'END'
[==========] Running 2 test(s).
[ RUN      ] it_adds
[  ERROR   ] --- 0x1 != 0x2
[   LINE   ] --- tests/x.c:12: error: Failure!
[  FAILED  ] it_adds
[ RUN      ] it_rests
[       OK ] it_rests
[  PASSED  ] 1 test(s).
[  FAILED  ] tests: 1 test(s), listed below:
[  FAILED  ] it_adds
END
exit 1`,
  unit_crashes: `echo 'SUMMARY: AddressSanitizer: heap-use-after-free x.c'
kill -s KILL $$`,
};

it("a failure is told of in a line of its own, at the end", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "pinion-"));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "tests"));
  for (const [name, text] of Object.entries(tests)) {
    writeFileSync(join(directory, "tests", name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(directory, "tests", name), 0o755);
  }
  const { PINION_TEST_WITHOUT, PINION_TEST_WRAPPER, ...env } = process.env;
  const { status, stdout } = spawnSync(runner, [directory, "--c"], { encoding: "utf8", env });
  assert.equal(status, 1);
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(lines.slice(lines.findIndex((line) => line.startsWith("failed: "))), [
    "failed: unit_crashes: killed by signal 9",
    "failed: unit_crashes: SUMMARY: AddressSanitizer: heap-use-after-free x.c",
    "failed: unit_wrong: it_adds: 0x1 != 0x2 (tests/x.c:12)",
    "3 passed, 2 failed",
  ]);
});
