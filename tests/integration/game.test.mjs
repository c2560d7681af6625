// examples/game: two players in one room on two loops see the same states, and who comes back has the old seat.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, disconnect, join, refusal } from "../helpers/phoenix.mjs";
import { serve } from "../helpers/server.mjs";

const RIGHT = new Uint8Array([2]).buffer;

// {tick, players: [{seat, there, x, y}]}
function read(bytes) {
  const view = new DataView(bytes);
  const players = [];
  for (let at = 4; at < view.byteLength; at += 6)
    players.push({ seat: view.getUint8(at), there: view.getUint8(at + 1) === 1, x: view.getUint16(at + 2), y: view.getUint16(at + 4) });
  return { tick: view.getUint32(0), players };
}

async function enter(t, server, player, topic) {
  const socket = await connect(t, server, { params: { player } });
  const room = await join(socket, topic);
  const states = room.events("state");
  const until = async (wanted) => {
    for (;;) {
      const state = read(await states.next());
      if (wanted(state)) return state;
    }
  };
  return { socket, until, states, ...room };
}

describe("the game", () => {
  const server = serve("game", { args: ["--loops", "2"] });

  it("shows each player where all are", async (t) => {
    const ann = await enter(t, server, "ann", "game:1");
    const bob = await enter(t, server, "bob", "game:1");
    assert.deepEqual([ann.response, bob.response], [{ seat: 0 }, { seat: 1 }]);
    ann.cast("steer", RIGHT);
    const moved = ({ players }) => players.length === 2 && players[0].x > 520 && players[1].x === 500;
    await ann.until(moved);
    await bob.until(moved);
  });

  it("counts its ticks one by one", async (t) => {
    const { states } = await enter(t, server, "ann", "game:2");
    const first = read(await states.next()).tick;
    for (let i = 1; i <= 10; i++) assert.equal(read(await states.next()).tick, first + i);
  });

  it("keeps the seat of who comes back", async (t) => {
    const ann = await enter(t, server, "ann", "game:3");
    const bob = await enter(t, server, "bob", "game:3");
    ann.cast("steer", RIGHT);
    const { players } = await bob.until((state) => state.players[0].x > 500);
    disconnect(ann.socket);
    await bob.until((state) => !state.players[0].there);
    const again = await enter(t, server, "ann", "game:3");
    assert.deepEqual(again.response, { seat: 0 });
    const back = await again.until((state) => state.players[0].there);
    assert.ok(back.players[0].x >= players[0].x);
  });

  it("refuses a ninth player", async (t) => {
    for (let i = 0; i < 8; i++) await enter(t, server, `p${i}`, "game:full");
    const socket = await connect(t, server, { params: { player: "late" } });
    assert.deepEqual(await refusal(socket, "game:full"), ["error", { reason: "full" }]);
  });
});
