// Waiting for what must happen, with a sentence for when it does not.

// Only what fails takes so long: a busy machine may keep anything waiting for seconds.
const PATIENCE_MS = 20_000;

export async function within(promise, what, ms = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// What arrived and was not taken yet, in order; next() waits for one more.
export class Inbox {
  items = [];
  #waiting = [];

  put(item) {
    const taker = this.#waiting.shift();
    if (taker) taker(item);
    else this.items.push(item);
  }

  next(what = "one more", ms = PATIENCE_MS) {
    if (this.items.length > 0) return Promise.resolve(this.items.shift());
    return within(new Promise((resolve) => this.#waiting.push(resolve)), what, ms);
  }
}
