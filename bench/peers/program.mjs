// What the peers share: their command line, the line that says where they listen, and how they stop.

import { parseArgs } from "node:util";

// Runs an http.Server as every server here does: --port N (0: any) and --host ADDR. SIGTERM stops it.
export function serve(http) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
    },
  });
  http.listen({ port: Number(values.port), host: values.host, backlog: 4096 }, () => {
    const { address, port } = http.address();
    console.log(`listening on ${address}:${port}`);
  });
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(0));
}
