"use strict";
// The page of the judging application. Texts are put in place as text nodes, never as HTML. A judgement is sent under a
// key of its own until the server answers, and kept in the browser until then: a lost answer, a restart of the
// server or a reload of the page neither loses nor doubles it.
(() => {
  const $ = (id) => document.getElementById(id);
  const MEANINGS = {
    CC: "correct", CB: "boilerplate, low quality", CS: "correct, but short", WL: "wrong language", NL: "not language",
    X: "wrong translation",
  };
  const LONG = {
    CC: "correct, natural language",
    CB: "correct, but boilerplate or of low quality: menus, lists of products, generated text",
    CS: "correct, but only a word or a short phrase",
    WL: "wrong language",
    NL: "not language at all: code, broken characters, noise",
    X: "of a text with its source: a wrong translation",
  };
  const CODES = Object.keys(MEANINGS);
  const PENDING = "polysieve-pending:";
  const RETRY = [300, 600, 1200, 2500, 5000];  // milliseconds; the last is repeated

  const state = { rater: localStorage.getItem("polysieve-rater") || "", label: "", queue: [], at: 0, shown: null, busy: true };

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });
  const nameOf = (label) => { try { return names.of(label.split("_")[0]) || label; } catch { return label; } };
  const say = (text) => { $("status").textContent = text; };
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

  // A request that is repeated until the server answers. What it refuses is an Error with its words.
  const ask = async (path, body) => {
    for (let times = 0; ; times++) {
      try {
        const answer = await fetch(path, body && {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
        });
        if (answer.ok) {
          const data = await answer.json();
          say("");
          return data;
        }
        if (answer.status < 500) throw Object.assign(new Error(await answer.text()), { status: answer.status });
      } catch (error) {
        if (error.status) throw error;
      }
      say(body ? "Not saved yet: the server does not answer. Trying again; leave this page open."
        : "The server does not answer. Trying again.");
      await sleep(RETRY[Math.min(times, RETRY.length - 1)]);
    }
  };
  const path = (name, parameters) => `api/${name}?${new URLSearchParams(parameters)}`;

  const send = async (judgement) => {
    const kept = PENDING + judgement.key;
    localStorage.setItem(kept, JSON.stringify(judgement));
    try {
      const answer = await ask("api/judge", judgement);
      localStorage.removeItem(kept);
      return answer;
    } catch (error) {
      // What is wrong in itself stays wrong; an address that is not valid any more says nothing of the judgement.
      if (error.status === 400 || error.status === 409) localStorage.removeItem(kept);
      throw error;
    }
  };
  const sendPending = async () => {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(PENDING)).sort();
    for (const key of keys) {
      const judgement = localStorage.getItem(key);
      if (judgement) await send(JSON.parse(judgement)).catch((error) => say(error.message));
    }
  };
  // Not crypto.randomUUID: a browser offers that on secure addresses only, and a plain one in the local network is none.
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");

  // Nothing is done twice at a time, and what is typed meanwhile is for no document.
  const alone = async (work) => {
    if (state.busy) return;
    state.busy = true;
    document.body.removeAttribute("data-ready");
    try {
      await work();
    } catch (error) {
      say(error.message);
    } finally {
      state.busy = false;
      document.body.setAttribute("data-ready", state.shown || state.label || "languages");
      if (state.isRerouted) route();
    }
  };

  const view = (name) => {
    for (const id of ["languages", "judge", "done"]) $(id).hidden = id !== name;
    $("controls").hidden = name === "languages";
    $("progress").hidden = name === "languages";
    for (const button of $("codes").children) button.hidden = name !== "judge";
    $("languages-button").hidden = name === "languages";
    $("who").hidden = !state.rater;
    $("who").textContent = state.rater;
  };

  const showLanguages = async () => {
    const { languages } = await ask(path("languages", { rater: state.rater }));
    state.label = "";
    state.shown = null;
    $("title").textContent = "Judging";
    document.title = "Judging";
    $("list").replaceChildren(...languages.map(({ label, population, documents, judged }) => {
      const item = element("li");
      const button = element("button", "", { type: "button" });
      const progress = documents === null ? `${population.toLocaleString("en")} documents` : `${judged} of ${documents} judged`;
      const name = element("span", nameOf(label));
      if (nameOf(label) !== label) name.append(" ", element("small", label));
      button.append(name, element("small", progress));
      button.addEventListener("click", () => { location.hash = new URLSearchParams({ label }); });
      item.append(button);
      return item;
    }));
    search();
    view("languages");
    $("query").focus();
  };
  const search = () => {
    const words = $("query").value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of $("list").children) {
      const label = item.firstChild.firstChild.textContent.toLowerCase();
      item.hidden = !words.every((word) => label.includes(word));
      count += !item.hidden;
    }
    $("found").textContent = count === 1 ? "1 language" : `${count} languages`;
  };

  const showLanguage = async (label) => {
    say("Choosing documents …");
    const found = await ask(path("queue", { label, rater: state.rater }));
    Object.assign(state, { label, queue: found.documents, lang: found.lang, dir: found.dir });
    $("title").textContent = nameOf(label) === label ? label : `${nameOf(label)} (${label})`;
    document.title = `${label} – Judging`;
    await show(nextFrom(0));
  };

  // The first document without a judgement from a place on, round to it again; -1 where there is none.
  const nextFrom = (place) => {
    const n = state.queue.length;
    for (let i = 0; i < n; i++) if (!state.queue[(place + i) % n].code) return (place + i) % n;
    return -1;
  };

  const fill = (article, pieces, lang, dir) => {
    article.replaceChildren(...pieces.map(([text, isMark]) => (isMark ? element("bdi", text, { dir: "ltr" }) : text)));
    article.lang = lang;
    article.dir = dir;
    article.scrollTop = 0;
  };

  const show = async (place) => {
    const judged = state.queue.filter((one) => one.code).length;
    $("bar").max = Math.max(1, state.queue.length);
    $("bar").value = judged;
    $("count").textContent = `${judged} of ${state.queue.length} judged`;
    if (place < 0) {
      state.at = state.queue.length;
      state.shown = null;
      if (!state.queue.length) say("No document of this language can be judged: the output holds none with a text.");
      view("done");
      $("title").focus();
      return;
    }
    const one = state.queue[place];
    const found = await ask(path("document", { document: one.document }));
    state.at = place;
    state.shown = one.document;
    state.codes = found.codes;
    $("place").textContent = `${place + 1} / ${state.queue.length}`;
    $("decision").textContent = one.stage ? (one.stage === one.reason ? one.stage : `${one.stage}: ${one.reason}`) : "";
    $("url").textContent = found.url || found.id;
    fill($("text"), found.text, state.lang, state.dir);
    $("source").hidden = !found.source;
    if (found.source) fill($("source"), found.source.text, found.source.lang, found.source.dir);
    $("more").hidden = !found.more;
    $("more").textContent = `${found.more.toLocaleString("en")} more characters are not shown.`;
    showJudgement();
    view("judge");
    for (const button of $("codes").children) button.hidden = !found.codes.includes(button.dataset.code);
    $("text").focus({ preventScroll: true });
  };
  const showJudgement = () => {
    const one = state.queue[state.at] || {};
    for (const button of $("codes").children) button.setAttribute("aria-pressed", String(button.dataset.code === one.code));
    $("offensive").setAttribute("aria-pressed", String(Boolean(one.offensive)));
    $("porn").setAttribute("aria-pressed", String(Boolean(one.porn)));
    $("note").value = one.note || "";
  };

  const pressed = (id) => $(id).getAttribute("aria-pressed") === "true";
  const save = async (place, code) => {
    const one = state.queue[place];
    const said = { code, offensive: pressed("offensive"), porn: pressed("porn"), note: $("note").value };
    const { number } = await send({ key: newKey(), rater: state.rater, document: one.document, ...said });
    Object.assign(one, said, { number });
  };

  const judge = (code) => alone(async () => {
    if (!state.shown || !state.codes.includes(code)) return;
    await save(state.at, code);
    await show(nextFrom(state.at + 1));
  });
  const toggle = (flag) => alone(async () => {
    if (!state.shown) return;
    $(flag).setAttribute("aria-pressed", String(!pressed(flag)));
    await changed();
  });
  // A flag or note of a document that has its judgement already is saved with it; else it waits for one.
  const changed = async () => {
    const one = state.queue[state.at];
    if (one && one.code) await save(state.at, one.code);
  };
  const move = (step) => alone(async () => {
    const to = state.at + step;
    if (to >= 0 && to < state.queue.length) await show(to);
    else if (to >= state.queue.length && nextFrom(0) < 0) await show(-1);
  });
  const undo = () => alone(async () => {
    let last = -1;
    state.queue.forEach((one, i) => { if (one.code && (last < 0 || one.number > state.queue[last].number)) last = i; });
    if (last < 0) return say("There is nothing to take back.");
    const one = state.queue[last];
    await send({ key: newKey(), rater: state.rater, document: one.document, code: null, offensive: false, porn: false, note: "" });
    Object.assign(one, { code: null, offensive: false, porn: false, note: "", number: null });
    await show(last);
    say("Taken back.");
  });

  const route = () => {
    state.isRerouted = state.busy;  // then it is done as soon as what is going on has ended
    return alone(go);
  };
  const go = async () => {
    const label = new URLSearchParams(location.hash.slice(1)).get("label");
    await (label ? showLanguage(label) : showLanguages());
  };

  // Keys by their place on the keyboard, so that they work while an Arabic or Thai layout is on.
  const KEYS = {
    KeyO: () => toggle("offensive"), KeyP: () => toggle("porn"), KeyU: undo,
    KeyN: () => $("note").focus(), ArrowLeft: () => move(-1), ArrowRight: () => move(1),
    KeyL: () => { if (state.label) location.hash = ""; }, KeyH: () => $("help").showModal(), Slash: () => $("help").showModal(),
  };
  CODES.forEach((code, i) => { KEYS[`Digit${i + 1}`] = KEYS[`Numpad${i + 1}`] = () => judge(code); });
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target === $("note")) {
      if (event.key === "Enter" || event.key === "Escape") $("text").focus({ preventScroll: true });
      return;
    }
    if (event.target.tagName === "INPUT" || !state.label) {
      if (event.code === "Slash" && event.target.tagName !== "INPUT") $("help").showModal();
      return;
    }
    const action = event.key === "?" ? KEYS.Slash : KEYS[event.code];
    if (!action) return;
    event.preventDefault();
    action();
  });
  $("note").addEventListener("change", () => alone(changed));

  // The second click of a double click would land on the next document.
  const onClick = (button, action) => button.addEventListener("click", (event) => { if (event.detail < 2) action(); });
  CODES.forEach((code, i) => {
    const button = element("button", "", { type: "button", "data-code": code, "aria-pressed": "false", title: LONG[code] });
    button.append(element("kbd", String(i + 1)), element("span", code), element("small", MEANINGS[code]));
    onClick(button, () => judge(code));
    $("codes").append(button);
    const term = element("dt");
    term.append(element("kbd", String(i + 1)), ` ${code}`);
    $("meanings").append(term, element("dd", LONG[code]));
  });
  onClick($("offensive"), () => toggle("offensive"));
  onClick($("porn"), () => toggle("porn"));
  onClick($("back"), () => move(-1));
  onClick($("forward"), () => move(1));
  onClick($("undo"), undo);
  $("languages-button").addEventListener("click", () => { location.hash = ""; });
  $("help-button").addEventListener("click", () => $("help").showModal());
  $("who").addEventListener("click", () => askName());
  $("query").addEventListener("input", search);
  addEventListener("hashchange", route);

  const askName = () => {
    $("name").value = state.rater;
    $("name-dialog").showModal();
  };
  $("name-dialog").addEventListener("cancel", (event) => { if (!state.rater) event.preventDefault(); });
  $("name-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = $("name").value.trim();
    if (!name) return;
    state.rater = name;
    localStorage.setItem("polysieve-rater", name);
    $("name-dialog").close();
    route();
  });

  const start = async () => {
    await sendPending();
    state.busy = false;
    if (state.rater) route();
    else askName();
  };
  start();
})();
