// The scenarios, as arguments for the load generator. `figure` is the path of the figure in its report that is
// compared.

const CPU = { path: ["server", "cpu_ns_per_message"], unit: "µs", scale: 1e-3 };
const MEMORY = { path: ["bytes_per_connection"], unit: "B", scale: 1 };

function fanout(name, title, ...args) {
  return { name, title, group: "fanout", args: ["fanout", ...args], figure: CPU, per: "delivery" };
}

export const SCENARIOS = [
  fanout("fanout-1", "1 subscriber", "--connections", "1"),
  fanout("fanout-100", "100 subscribers", "--connections", "100"),
  fanout("fanout-1k", "1,000 subscribers", "--connections", "1000"),
  fanout("fanout-10k", "10,000 subscribers", "--connections", "10000"),
  fanout("fanout-19k", "19,000 subscribers", "--connections", "19000"),
  fanout("fanout-1k-1KiB", "1,000 subscribers, 1 KiB", "--connections", "1000", "--payload", "1024"),
  fanout("fanout-1k-16KiB", "1,000 subscribers, 16 KiB", "--connections", "1000", "--payload", "16384"),
  fanout("fanout-topics", "10,000 subscribers of 500 topics", "--connections", "10000", "--topics", "500"),
  fanout("burst-1k", "1,000 subscribers, four broadcasts in a segment", "--connections", "1000", "--burst", "4"),
  fanout("burst-10k", "10,000 subscribers, four broadcasts in a segment", "--connections", "10000", "--burst", "4"),
  fanout("burst-1k-16", "1,000 subscribers, 16 broadcasts in a segment", "--connections", "1000", "--burst", "16"),
  fanout("burst-1k-64", "1,000 subscribers, 64 broadcasts in a segment", "--connections", "1000", "--burst", "64"),
  fanout("burst-10k-16", "10,000 subscribers, 16 broadcasts in a segment", "--connections", "10000", "--burst", "16"),
  {
    ...fanout("fanout-rate", "1,000 subscribers, 20 broadcasts a second", "--connections", "1000", "--rate", "20"),
    latency: true,
  },
  {
    name: "echo",
    title: "200 connections, each with a message under way",
    group: "echo",
    args: ["echo", "--connections", "200"],
    figure: CPU,
    per: "echo",
  },
  {
    name: "echo-rate",
    title: "200 connections, 5,000 messages a second",
    group: "echo",
    args: ["echo", "--connections", "200", "--rate", "5000"],
    figure: CPU,
    per: "echo",
    latency: true,
  },
  {
    name: "mixed",
    title: "50 rooms of 20, everybody types once a second",
    group: "fanout",
    args: ["mixed", "--connections", "1000", "--topics", "50", "--rate", "1000"],
    figure: CPU,
    per: "delivery",
    latency: true,
  },
  {
    name: "churn",
    title: "500 a second connect, join, leave and close",
    group: "connections",
    args: ["churn", "--rate", "500"],
    figure: CPU,
    per: "client",
    latency: true,
  },
  {
    name: "connect",
    title: "15,000 connect and join at once",
    group: "connections",
    args: ["connect", "--connections", "15000"],
    figure: CPU,
    per: "client",
    ownTime: true, // --seconds does not say how long it takes
  },
  {
    name: "idle",
    title: "10,000 have joined and say nothing",
    group: "memory",
    args: ["idle", "--connections", "10000", "--cycles", "3"],
    figure: MEMORY,
    per: "connection",
    ownTime: true,
  },
];

// The value at a path of a report, or undefined.
export function pick(report, path) {
  return path.reduce((value, name) => value?.[name], report);
}
