// Numbers from 0 to below `limit`, the same for the same seed.
export function random(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

export const pick = (below, list) => list[below(list.length)];

// Small sizes are as likely as large ones.
export const sizeUpTo = (below, least, most) => Math.round(least * (most / least) ** (below(1001) / 1000));
