// A real browser for tests: Debian's chromium, driven by playwright-core.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const executablePath = PLACES.find((place) => place && existsSync(place));

// Why browser tests cannot run here, or false.
export const noBrowser = executablePath ? false : "no chromium: set CHROMIUM_PATH, or install chromium";

export function launch() {
  return chromium.launch({ executablePath, args: ARGS });
}
