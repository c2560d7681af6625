// The search of the site, without a server: search_data.js holds [title, place, href, text] of each thing that is explained,
// and is loaded when it is needed first. All words must be there; those in a title count more than those in a text.

(() => {
  const MOST = 40;
  const here = new URL(".", document.currentScript.src);
  const input = document.querySelector("#search input");
  const found = document.getElementById("found");
  let loading;

  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL("search_data.js", here);
      script.onload = () => resolve(window.searchData);
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  }

  // 0: not found.
  function score([title, , , text], words) {
    const name = title.toLowerCase();
    const bare = name.replace(/^pinion_/, "");
    let sum = 0;
    for (const word of words) {
      if (name === word || bare === word) sum += 100;
      else if (name.startsWith(word) || bare.startsWith(word)) sum += 40;
      else if (name.includes(word)) sum += 20;
      else if (text.includes(word)) sum += 1;
      else return 0;
    }
    return sum;
  }

  async function search() {
    const query = input.value;
    const words = query.toLowerCase().split(/[\s()]+/).filter(Boolean);
    const data = words.length > 0 ? await load() : [];
    if (input.value !== query) return;
    const hits = data.map((entry) => ({ entry, points: score(entry, words) })).filter(({ points }) => points > 0);
    hits.sort((a, b) => b.points - a.points || a.entry[0].length - b.entry[0].length);
    found.hidden = words.length === 0;
    found.replaceChildren(...hits.slice(0, MOST).map(({ entry }) => item(entry)));
    if (hits.length === 0) found.innerHTML = "<li><span>Nothing found</span></li>";
  }

  function item([title, place, href]) {
    const line = document.createElement("li");
    const link = document.createElement("a");
    const small = document.createElement("small");
    link.href = new URL(href, here);
    link.textContent = title;
    small.textContent = place;
    link.append(small);
    line.append(link);
    return line;
  }

  function close() {
    found.hidden = true;
  }

  function onKey(event) {
    const links = [...found.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      close();
      input.focus();
    } else if (event.key === "ArrowDown") {
      (links[at + 1] ?? input).focus();
    } else if (event.key === "ArrowUp") {
      (at < 0 ? links.at(-1) ?? input : links[at - 1] ?? input).focus();
    } else if (event.key === "Enter" && at < 0 && !found.hidden && links.length > 0) {
      links[0].click();
    } else {
      return;
    }
    event.preventDefault();
  }

  input.addEventListener("input", search);
  input.addEventListener("focus", load);
  document.getElementById("search").addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#search") || event.target.closest("#found a")) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input")) {
      event.preventDefault();
      input.focus();
    }
  });
})();
