// A network of our own. The soak runs in a network namespace that nobody else is in, and each link leads from there to a
// process in another one: a veth pair, of which both ends have a rate (tbf) and lose packets (nft). Namespaces without a name
// go with the last process in them, and with them all that was made there, however it ends; the machine's own interfaces and
// rules cannot even be seen from inside. The processes are in a namespace as well, and end with the first of them. Root can
// make these, and others where the system lets them (user namespaces).

import { execFile, spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const INSIDE = "PINION_SOAK_NETWORK"; // the environment variable with the command that starts a link's process
const OWN = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]; // when its first process ends, all others end
const WAYS = [["unshare", ...OWN], ["unshare", "--user", "--map-root-user", ...OWN]];
const FREE_KBIT = 100_000; // of a link that is not slow
const QUEUE_BYTES = 24_000; // of a slow link: what waits in a modem
const WAITING_TO_BE_ACCEPTED = "64"; // so few that a test can fill the queue

// Everything that a link needs. What it makes disappears when the shell ends.
const TRIAL = `ip link set lo up && ip link add soak0 type veth peer name near && tc qdisc add dev soak0 root tbf rate 1mbit burst 3000 limit 9000 &&
  nft 'table inet soak { chain input { type filter hook input priority 0; iifname "soak0" numgen random mod 1000 < 1 drop; }; }'`;

// If there can be such a network, runs this program again inside it, and resolves to its exit code. Otherwise resolves to
// null: we are inside already, or it was said why there is none.
export async function runInside() {
  if (process.env[INSIDE]) return null;
  let why = "";
  for (const [command, ...options] of WAYS) {
    const { status, stderr } = spawnSync(command, [...options, "sh", "-c", TRIAL], { encoding: "utf8" });
    if (status === 0) return again(command, options);
    why ||= stderr?.trim().split("\n")[0] || `${command} does not run`;
  }
  console.log(`soak: no network of its own here (${why}): who is far away is slow on its own, over loopback, and no packets are lost`);
  return null;
}

function again(command, options) {
  const inner = ["unshare", "--net"];
  const child = spawn(command, [...options, process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, [INSIDE]: inner.join(" ") },
    stdio: ["inherit", "inherit", "inherit", "ipc"], // it ends when we end
  });
  process.once("exit", () => child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

// The sizes that docs/deployment recommends for a server's buffers, for this namespace only.
function tune() {
  const file = fileURLToPath(new URL("../../docs/deployment/sysctl.conf", import.meta.url));
  for (const [, name, value] of readFileSync(file, "utf8").matchAll(/^(net\.ipv4\.tcp_[rw]mem) = (.*)$/gm))
    writeFileSync(`/proc/sys/${name.replaceAll(".", "/")}`, value);
  writeFileSync("/proc/sys/net/core/somaxconn", WAITING_TO_BE_ACCEPTED);
}

export class Network {
  real = Boolean(process.env[INSIDE]);
  links = [];
  #nearLoss = 0;

  async start() {
    if (!this.real) return;
    process.once("disconnect", () => process.exit(1));
    await run("ip", ["link", "set", "lo", "up"]);
    tune();
  }

  // No connection may get the port of a node or broker that is down for a moment.
  reserve(ports) {
    if (this.real) writeFileSync("/proc/sys/net/ipv4/ip_local_reserved_ports", ports.join(","));
  }

  // The arguments that start the process of a link; the program's arguments follow.
  get #command() {
    return this.real ? process.env[INSIDE].split(" ") : [];
  }

  // A process at the far end: {child}. We talk to it by messages. It reports when it is ready.
  async addLink(name, kbit, file) {
    const [command, ...args] = [...this.#command, process.execPath, file, name];
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const link = { name, child, kbit, loss: 0, index: this.links.length };
    this.links.push(link);
    await new Promise((resolve, reject) => {
      child.once("message", resolve);
      child.once("exit", () => reject(new Error(`${name}: the process at the far end did not start`)));
    });
    if (this.real) await this.#lay(link);
    link.host = this.real ? `10.0.${link.index}.1` : "127.0.0.1";
    return link;
  }

  async #lay(link) {
    const { child: { pid }, index } = link;
    link.far = (...command) => run("nsenter", [`--net=/proc/${pid}/ns/net`, ...command]);
    link.device = `soak${index}`;
    await run("ip", ["link", "add", link.device, "type", "veth", "peer", "name", "near", "netns", String(pid)]);
    await run("ip", ["addr", "add", `10.0.${index}.1/30`, "dev", link.device]);
    await run("ip", ["link", "set", link.device, "up"]);
    for (const words of [`addr add 10.0.${index}.2/30 dev near`, "link set near up", "link set lo up"])
      await link.far("ip", ...words.split(" "));
    await this.#qdisc("add", link);
    await this.#filter(link);
  }

  async #qdisc(verb, link) {
    const { kbit, device } = link;
    const [burst, limit] = kbit < FREE_KBIT ? [3000, QUEUE_BYTES] : [256_000, 1_000_000];
    const words = `root tbf rate ${kbit}kbit burst ${burst} limit ${limit}`.split(" ");
    await run("tc", ["qdisc", verb, "dev", device, ...words]);
    await link.far("tc", "qdisc", verb, "dev", "near", ...words);
  }

  // A rule for each direction that loses packets, in thousandths.
  async #filter(link) {
    const rule = (device, loss) => (loss ? `iifname "${device}" numgen random mod 1000 < ${loss} drop;` : "");
    const table = (rules) => `add table inet soak; delete table inet soak; table inet soak { chain input { type filter hook input priority 0; ${rules} }; }`;
    await run("nft", [table(rule("lo", this.#nearLoss) + this.links.map(({ device, loss }) => rule(device, loss)).join(" "))]);
    if (link) await link.far("nft", table(rule("near", link.loss)));
  }

  async setRate(link, kbit) {
    link.kbit = kbit;
    if (this.real) await this.#qdisc("change", link);
    else link.child.send({ pace: kbit < FREE_KBIT ? (kbit * 1000) / 8 : 0 });
  }

  async setLoss(link, thousandths) {
    link.loss = thousandths;
    if (this.real) await this.#filter(link);
  }

  // Between nodes, brokers and the members that are near.
  async setNearLoss(thousandths) {
    this.#nearLoss = thousandths;
    if (this.real) await this.#filter();
  }

  async mend() {
    await this.setNearLoss(0);
    for (const link of this.links) {
      await this.setLoss(link, 0);
      await this.setRate(link, FREE_KBIT);
    }
  }
}
