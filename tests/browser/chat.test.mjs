// The chat in a real browser: what its users see and do.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, noBrowser } from "../helpers/browser.mjs";
import { startAnywhere } from "../helpers/fixed_port.mjs";
import { startProxy } from "../helpers/proxy.mjs";
import { start } from "../helpers/server.mjs";

const PATIENCE_MS = 20_000;

// What a browser says by itself when the server, or the proxy, is away, or on its way.
const EXPECTED_ERROR = /^WebSocket connection to '\S+' failed|^Failed to load resource: (net::ERR_|.* status of 503)/;

// A tab of somebody's own, with the chat open and joined. It fails the test if the page complains of anything.
class Tab {
  complaints = [];
  logs = [];

  static async open(t, browser, server, name) {
    const context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript((mine) => localStorage.setItem("name", mine), name);
    return Tab.in(t, context, server.url);
  }

  // One more tab of a browser's context.
  static async in(t, context, url) {
    const tab = new Tab(await context.newPage());
    t.after(async () => {
      await context.close();
      assert.deepEqual(tab.complaints, []);
    });
    await tab.page.goto(url);
    await tab.state("joined");
    return tab;
  }

  speaker() {
    return this.page.locator("#speaker").textContent();
  }

  constructor(page) {
    this.page = page;
    this.input = page.locator("#chat-input");
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("dialog", (dialog) => this.complaints.push(`dialog: ${dialog.message()}`));
    page.on("console", (message) => {
      this.logs.push(message.text());
      if (message.type() === "error" && !EXPECTED_ERROR.test(message.text())) this.complaints.push(message.text());
    });
  }

  state(name) {
    return this.page.locator(`#status[data-state="${name}"]`).waitFor();
  }

  async say(text) {
    await this.input.fill(text);
    await this.input.press("Enter");
  }

  row(text) {
    return this.page.locator("#messages li", { hasText: text });
  }

  // These are the names online, as the list shows them; the count beside it says how many.
  async online(names) {
    const same = ([expected]) =>
      document.querySelector("#online-count").textContent === String(expected.length) &&
      JSON.stringify([...document.querySelectorAll("#online-names li")].map((item) => item.textContent)) ===
        JSON.stringify(expected);
    await this.page.waitForFunction(same, [names]);
  }

  // A message with this text that needs no more doing: it came from the server.
  hears(text) {
    return this.page.locator("#messages li:not([data-state])", { hasText: text }).waitFor();
  }
}

describe("the chat in a browser", { skip: noBrowser }, () => {
  let browser;
  before(async () => (browser = await launch()));
  after(() => browser?.close());

  // A server and the tabs of these people, for one test.
  async function room(t, ...names) {
    return roomOf(t, await start("chat"), names);
  }

  async function roomOf(t, server, names) {
    t.after(() => server.stop());
    const tabs = [];
    for (const name of names) tabs.push(await Tab.open(t, browser, server, name));
    return { server, tabs };
  }

  it("carries what is typed in one tab to the other, both ways", async (t) => {
    const { tabs: [ann, bob] } = await room(t, "Ann", "Bob");
    await ann.say("hello Bob");
    await bob.hears("hello Bob");
    await bob.say("hello Ann");
    await ann.hears("hello Ann");
    await ann.hears("hello Bob");
    assert.equal(await bob.row("hello Bob").locator(".name").textContent(), "Ann");
    assert.match(await bob.row("hello Bob").locator("time").textContent(), /\d\d/);
    assert.equal(await ann.row("hello Bob").count(), 1);
    assert.ok(ann.logs.includes("Joined successfully"));
  });

  it("shows markup as text", async (t) => {
    const { tabs: [ann, bob] } = await room(t, "<i>Ann</i>", "Bob");
    const markup = "<script>alert(1)</script><img src=x onerror=alert(2)>";
    await ann.say(markup);
    await bob.hears("alert");
    assert.equal(await bob.row("alert").locator(".body").textContent(), markup);
    assert.equal(await bob.row("alert").locator(".name").textContent(), "<i>Ann</i>");
    assert.equal(await bob.page.locator("#messages :is(script, img, i)").count(), 0);
  });

  it("sends nothing that is empty, and the input keeps the focus", async (t) => {
    const { tabs: [ann] } = await room(t, "Ann");
    await ann.say("");
    await ann.say("   ");
    await ann.say("something");
    await ann.hears("something");
    assert.equal(await ann.page.locator("#messages .message").count(), 1);
    assert.equal(await ann.input.inputValue(), "");
    assert.equal(await ann.page.evaluate(() => document.activeElement.id), "chat-input");
  });

  it("sends with the button too, under a new name", async (t) => {
    const { tabs: [ann, bob] } = await room(t, "Ann", "Bob");
    await ann.page.getByLabel("Settings").click();
    await ann.page.getByLabel("Your name").fill("Anna");
    await ann.input.fill("new name");
    await ann.page.getByRole("button", { name: "Send", exact: true }).click();
    await bob.hears("new name");
    assert.equal(await bob.row("new name").locator(".name").textContent(), "Anna");
    assert.equal(await ann.page.evaluate(() => localStorage.getItem("name")), "Anna");
  });

  it("shows why the server refused a message", async (t) => {
    const { tabs: [ann] } = await room(t, "Ann");
    await ann.input.evaluate((input) => input.removeAttribute("maxlength"));
    await ann.say("x".repeat(2001));
    await ann.row("Not sent: too long").waitFor();
    await ann.page.getByRole("button", { name: "Remove" }).click();
    assert.equal(await ann.page.locator("#messages .message").count(), 0);
  });

  it("tells who joins, unless that is switched off", async (t) => {
    const { server, tabs: [ann, bob] } = await room(t, "Ann", "Bob");
    await ann.row("Bob joined").waitFor();
    const frames = [];
    const client = await ann.page.context().newCDPSession(ann.page);
    client.on("Network.webSocketFrameReceived", ({ response }) => frames.push(response.payloadData));
    await client.send("Network.enable");
    await ann.page.getByLabel("Settings").click();
    await ann.page.getByLabel("Show who joins").uncheck();
    await ann.say("no more news");
    await ann.hears("no more news");
    await Tab.open(t, browser, server, "Cleo");
    await bob.row("Cleo joined").waitFor();
    await bob.say("did you see that?");
    await ann.hears("did you see that?");
    assert.equal(await ann.row("Cleo joined").count(), 0);
    assert.ok(frames.some((frame) => frame.includes("did you see that?")));
    const news = frames.filter((frame) => frame.includes("user_joined") && frame.includes("Cleo"));
    assert.deepEqual(news, [], "the server sent it all the same");
  });

  it("shows who is online, to the keyboard too", async (t) => {
    const { tabs: [ann, bob] } = await room(t, "Ann", "Bob");
    await ann.online(["Ann (you)", "Bob"]);
    await bob.online(["Bob (you)", "Ann"]);
    const summary = ann.page.locator("#online summary");
    await summary.focus();
    await ann.page.keyboard.press("Enter");
    await ann.page.getByRole("list", { name: "Online now" }).waitFor();
    await ann.page.keyboard.press("Escape");
    await ann.page.getByRole("list", { name: "Online now" }).waitFor({ state: "hidden" });
    assert.ok(await summary.evaluate((element) => element === document.activeElement), "the focus is back");
    await bob.page.context().close();
    await ann.online(["Ann (you)"]);
  });

  it("shows a user with two tabs once", async (t) => {
    const { server, tabs: [ann, first] } = await room(t, "Ann", "Bob");
    const second = await Tab.open(t, browser, server, "Bob");
    await second.online(["Bob (you)", "Ann"]);
    await ann.online(["Ann (you)", "Bob"]);
    await first.page.context().close();
    await Tab.open(t, browser, server, "Cleo"); // news after which the leave has been told
    await ann.online(["Ann (you)", "Bob", "Cleo"]);
    await second.page.context().close();
    await ann.online(["Ann (you)", "Cleo"]);
  });

  it("shows a new name to everybody", async (t) => {
    const { tabs: [ann, bob] } = await room(t, "<b>Ann</b>", "Bob");
    await bob.online(["Bob (you)", "<b>Ann</b>"]);
    await ann.page.getByLabel("Settings").click();
    await ann.page.getByLabel("Your name").fill("Anna");
    await ann.page.getByLabel("Your name").press("Tab");
    await bob.online(["Bob (you)", "Anna"]);
    await ann.online(["Anna (you)", "Bob"]);
  });

  it("fits a small screen", async (t) => {
    const { tabs: [ann] } = await room(t, "Ann of the long and widely known surname");
    await ann.page.setViewportSize({ width: 320, height: 480 });
    await ann.online(["Ann of the long and widely known surname (you)"]);
    await ann.page.locator("#online summary").click();
    const box = await ann.page.locator("#online .panel").boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 320, "the list is within the screen");
    assert.equal(await ann.page.evaluate(() => document.documentElement.scrollWidth), 320);
  });

  it("makes somebody else of a second tab, until a name is chosen", async (t) => {
    const { server } = await room(t);
    const context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE_MS);
    const first = await Tab.in(t, context, server.url);
    const second = await Tab.in(t, context, server.url);
    const names = [await first.speaker(), await second.speaker()];
    assert.notEqual(names[0], names[1]);
    await first.online([`${names[0]} (you)`, names[1]]);
    await first.say("hello, other tab");
    await second.hears("hello, other tab");
    assert.equal(await second.row("hello, other tab").locator(".name").textContent(), names[0]);
    await first.page.reload();
    await first.state("joined");
    assert.equal(await first.speaker(), names[0]);

    await second.page.getByLabel("Settings").click();
    await second.page.getByLabel("Your name").fill("Anna");
    await second.page.getByLabel("Your name").press("Tab");
    const third = await Tab.in(t, context, server.url);
    assert.equal(await third.speaker(), "Anna");
  });

  it("keeps its buttons on the screen, whatever it has to say", async (t) => {
    const { server, tabs: [ann] } = await room(t, "Ann");
    await ann.online(["Ann (you)"]);
    const overlaps = () =>
      ann.page.evaluate(() => {
        const boxes = [...document.querySelectorAll("header > :not(img, [hidden])")].map((element) =>
          (element.querySelector("summary") ?? element).getBoundingClientRect(),
        );
        const wide = document.documentElement.scrollWidth > innerWidth || boxes.at(-1).right > innerWidth;
        return wide || boxes.some((box, i) => i > 0 && box.left < boxes[i - 1].right);
      });
    const check = async (what) => {
      for (const width of [320, 352, 360, 385, 390, 414, 480, 481, 600, 1280]) {
        await ann.page.setViewportSize({ width, height: 700 });
        assert.equal(await overlaps(), false, `${what}, ${width} px`);
      }
    };
    await check("joined");
    await ann.page.locator("#online-count").evaluate((count) => (count.textContent = "1000"));
    await check("joined by a thousand");
    await server.kill();
    await ann.state("reconnecting");
    await check("reconnecting");
    await ann.page.locator("#online-count").evaluate((count) => (count.textContent = "1000"));
    await check("reconnecting, of a thousand");
    await ann.page.locator("#status").evaluate((status) => (status.textContent = "Closed by the server: reload to join again"));
    await check("closed");
  });

  it("says so when a part of it is missing", async (t) => {
    const { server } = await room(t);
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.route("**/assets/phoenix.mjs", (route) => route.fulfill({ status: 404 }));
    await page.goto(server.url);
    await page.locator('#status[data-state="refused"]', { hasText: "missing" }).waitFor({ timeout: PATIENCE_MS });
  });

  it("survives the server: says so, joins again, and brings what was typed meanwhile", async (t) => {
    const { server, tabs } = await room(t, "Ann", "Bob");
    const [ann, bob] = tabs;
    await ann.say("before");
    await bob.hears("before");

    await server.kill();
    await Promise.all(tabs.map((tab) => tab.state("reconnecting")));
    const unknown = () => document.querySelector("#online-count").textContent === "–";
    await Promise.all(tabs.map((tab) => tab.page.waitForFunction(unknown)));
    await ann.say("while it was away");
    await ann.page.locator('#messages li[data-state="queued"]', { hasText: "while it was away" }).waitFor();

    // Ann comes back after Bob, so that he is there to hear it.
    await ann.page.context().setOffline(true);
    const again = await start("chat", { port: server.port });
    t.after(() => again.stop());
    await bob.state("joined");
    await ann.page.context().setOffline(false);
    await ann.state("joined");
    await bob.hears("while it was away");
    await ann.hears("while it was away");
    await bob.say("welcome back");
    await ann.hears("welcome back");
    await ann.online(["Ann (you)", "Bob"]);
    await ann.say("and you");
    await bob.hears("and you");
    assert.equal(await bob.row("while it was away").count(), 1);
    // Nobody joined: they were there before.
    assert.equal(await ann.row("Bob joined").count(), 1);
    assert.equal(await bob.row("Ann joined").count(), 0);
  });

  for (const upgrades of ["refuse", "hang"]) {
    it(`goes on by long polling where a proxy lets upgrades ${upgrades}`, async (t) => {
      const { server, tabs: [ann] } = await room(t, "Ann");
      const proxy = await startProxy(server, { upgrades });
      t.after(() => proxy.close());
      const bob = await Tab.open(t, browser, proxy, "Bob");
      const polls = [];
      bob.page.on("request", (request) => polls.push(request.url()));
      await bob.say("from behind a proxy");
      await ann.hears("from behind a proxy");
      await bob.hears("from behind a proxy");
      await ann.say("I hear you");
      await bob.hears("I hear you");
      assert.ok(polls.some((url) => url.includes("/socket/longpoll?")), "the messages came by polls");
    });
  }

  it("shows a token where one is required, and is then called what the token says", async (t) => {
    const env = { PINION_SECRET_KEY_BASE: "a secret of the tests, as long as one should be at the least: 64 bytes" };
    const secured = await start("chat", { args: ["--require-token"], env });
    const { tabs: [ann, bob] } = await roomOf(t, secured, ["Ann", "Bob & Ünal"]);
    await bob.say("hello");
    await ann.hears("hello");
    assert.equal(await ann.row("hello").locator(".name").textContent(), "Bob & Ünal");

    await bob.page.getByLabel("Settings").click();
    await bob.page.getByLabel("Your name").fill("Robert");
    await bob.page.getByLabel("Your name").press("Enter");
    await ann.row("Robert joined").waitFor();
    await bob.state("joined");
    await bob.say("under a new name");
    await ann.hears("under a new name");
    assert.equal(await ann.row("under a new name").locator(".name").textContent(), "Robert");
  });

  it("stays where the reader scrolled to", async (t) => {
    const { tabs: [ann, bob] } = await room(t, "Ann", "Bob");
    const scrollTop = () => ann.page.locator("#messages").evaluate((list) => list.scrollTop);
    for (let i = 0; i < 30; i++) await bob.say(`line ${i}.`);
    await ann.hears("line 29.");
    await ann.page.locator("#messages").hover();
    await ann.page.mouse.wheel(0, -5000);
    await ann.page.waitForFunction(() => document.querySelector("#messages").scrollTop === 0);
    await bob.say("unread");
    await ann.hears("unread");
    assert.equal(await scrollTop(), 0);
    await ann.page.getByRole("button", { name: "New messages" }).click();
    await ann.page.locator("#newest").waitFor({ state: "hidden" });
    assert.ok((await scrollTop()) > 0);
  });
});

describe("the page of 01_chat", { skip: noBrowser }, () => {
  let browser;
  before(async () => (browser = await launch()));
  after(() => browser?.close());

  it("carries what is said from one tab to the other", async (t) => {
    const { url } = await startAnywhere(t, "01_chat");
    const tabs = [await browser.newPage(), await browser.newPage()];
    const complaints = [];
    for (const page of tabs) {
      page.setDefaultTimeout(PATIENCE_MS);
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.goto(url);
    }
    // A push waits for its channel: when this has come back, the other has joined too.
    for (const [i, page] of tabs.entries()) {
      await page.getByLabel("Message").fill(`hello from ${i}`);
      await page.getByRole("button", { name: "Say" }).click();
      await page.getByText(`hello from ${i}`).waitFor();
    }
    await tabs[0].getByText("hello from 1").waitFor();
    assert.deepEqual(complaints, []);
  });
});
