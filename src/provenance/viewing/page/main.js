// Puts the page together: the overview, one file's report, or two files compared.
//
//   #                    overview
//   #file=ID[,ORIGINAL]  report, measured against another file where one is named
//   #compare=A,B

import { ask } from "../shared/ask.js";
import { make } from "../shared/viewer.js";
import { Compare } from "./compare.js";
import { Tile } from "./tile.js";
import { language, say, speak } from "./words.js";

const byId = (id) => document.getElementById(id);
const STATES = ["trusted", "untrusted", "stripped", "none", "tampered", "unreadable"];
const TYPES = ["amplitude", "geometry", "shape"];
const SYMBOLS = ["text", "numeral", "face", "eye", "hand", "sign", "light", "logo", "other"];

/** All files, in the order in which they came: what the server told, and their tiles. */
const files = new Map();
const waiting = [];
let limits = null;
let looking = false;
let chosen = [];
let compare = null;
let turn = 0;
let focused = null;
let counting = 0;

const desk = {
  choose(id, is) {
    chosen = chosen.filter((each) => each !== id);
    if (is) chosen.push(id);
    if (chosen.length > 2) chosen.shift();
    drawChosen();
  },

  async remove(id) {
    await ask(`files/${id}`, { method: "DELETE" });
    const { element } = files.get(id).tile;
    const next = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    files.delete(id);
    desk.choose(id, false);
    (next?.querySelector(".open") ?? byId("add")).focus();
    drawCount();
  },
};

async function begin() {
  const told = await (await ask("files")).json();
  limits = told.limits;
  const wanted = navigator.language.split("-")[0];
  for (const code of told.languages) {
    const option = make("option", "", new Intl.DisplayNames([code], { type: "language" }).of(code));
    option.value = code;
    option.lang = code;
    byId("language").append(option);
  }
  byId("language").value = told.languages.includes(wanted) ? wanted : "en";
  await speak(byId("language").value);
  compare = new Compare();
  buildFilters();
  told.files.forEach(take);
  drawCount();
  await route();
  if (files.size === 1 && !location.hash) location.replace(`#file=${told.files[0].id}`);
  await look();
}

/** Show a file that the server has. */
function take(file) {
  files.set(file.id, file);
  file.tile = new Tile(file, desk);
  waiting.push(file);
  byId("tiles").append(file.tile.element);
}

/** Ask for what is not known yet, one by one, and put each file where it belongs. */
async function look() {
  if (looking) return;
  looking = true;
  while (waiting.length) {
    await known(waiting.shift());
    counting ||= requestAnimationFrame(drawCount);
  }
  looking = false;
}

/** Until a file was looked at. */
async function known(file) {
  if (file.summary || file.error) return;
  try {
    file.summary = await (await ask(`files/${file.id}`)).json();
  } catch (error) {
    file.error = error.message;
  }
  if (!files.has(file.id)) return;
  file.tile.draw();
  place(file);
  filter(file);
}

/** Broken ones first, then by risk; what says nothing about itself comes last. */
function rank({ summary, error }) {
  if (error) return 3;
  if (!summary) return 2.5;
  if (summary.state === "tampered") return 0;
  return summary.level === null ? 2 : 1;
}

function before(a, b) {
  if (byId("sort").value === "risk") {
    const difference = rank(a) - rank(b) || (b.summary?.score ?? 0) - (a.summary?.score ?? 0);
    if (difference) return difference;
  }
  return collator().compare(a.name, b.name);
}

/** Compares names in the language of the page; making one takes longer than a thousand uses. */
function collator() {
  if (collator.language !== language) {
    collator.language = language;
    collator.made = new Intl.Collator(language, { numeric: true });
  }
  return collator.made;
}

/** Move one tile; the others stay, and so does the focus. */
function place(file) {
  const { element } = file.tile;
  const held = element.contains(document.activeElement) ? document.activeElement : null;
  const others = [...byId("tiles").children].filter((other) => other !== element);
  let [low, high] = [0, others.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(files.get(others[middle].dataset.id), file) <= 0) low = middle + 1;
    else high = middle;
  }
  byId("tiles").insertBefore(element, others[low] ?? null);
  held?.focus({ preventScroll: true });
}

function sort() {
  const sorted = [...files.values()].sort(before);
  byId("tiles").replaceChildren(...sorted.map(({ tile }) => tile.element));
}

function filter(file) {
  const { summary } = file;
  const holds = (id, values) => !byId(id).value || (summary && values(summary).includes(byId(id).value));
  file.tile.element.hidden = !(
    holds("state", ({ state, level }) => [state, `level-${level}`]) &&
    holds("type", ({ types }) => types) &&
    holds("symbol", ({ symbols }) => symbols)
  );
}

function buildFilters() {
  const fill = (id, options) => {
    const kept = byId(id).value;
    byId(id).replaceChildren(
      ...[["", say("view.all")], ...options].map(([value, text]) => {
        const option = make("option", "", text);
        option.value = value;
        return option;
      }),
    );
    byId(id).value = kept;
  };
  const levels = [5, 4, 3, 2, 1].map((level) => [`level-${level}`, say("view.level", { level, name: say(`level.${level}`) })]);
  fill("state", [...levels, ...STATES.map((state) => [state, say(`view.state.${state}`)])]);
  fill("type", TYPES.map((type) => [type, say(`type.${type}`)]));
  fill("symbol", SYMBOLS.map((symbol) => [symbol, say(`symbol.${symbol}`)]));
}

function drawCount() {
  counting = 0;
  const all = [...files.values()];
  const shown = all.filter(({ tile }) => !tile.element.hidden).length;
  const looked = all.filter(({ summary, error }) => summary || error).length;
  byId("count").textContent =
    looked < all.length
      ? say("view.looking", { done: looked, count: all.length })
      : say(all.length === 1 ? "view.count.1" : "view.count", { shown, count: all.length });
  const risky = all.filter(({ summary }) => summary?.level >= 3).length;
  const broken = all.filter(({ summary }) => summary?.state === "tampered").length;
  byId("hint").textContent = all.length ? say("view.overview", { risky, broken }) : say("view.empty");
  byId("hint").classList.toggle("empty", !all.length);
  if (!all.length) byId("count").textContent = "";
  byId("filters").hidden = all.length < 2;
}

function drawChosen() {
  for (const { id, tile } of files.values()) tile.tick.checked = chosen.includes(id);
  byId("chosen").hidden = !chosen.length || byId("overview").hidden;
  byId("go-compare").disabled = chosen.length < 2;
  const names = chosen.map((id, index) => `${"AB"[index]} ${files.get(id).name}`).join(" – ");
  byId("chosen-names").textContent = chosen.length < 2 ? say("view.one.more", { names }) : names;
}

/** Show what the address names. */
async function route() {
  const mine = ++turn;
  const [kind, rest = ""] = location.hash.slice(1).split("=");
  const named = rest.split(",").filter(Boolean).map((id) => files.get(id));
  const found = named.length && !named.includes(undefined);
  const part = kind === "file" && found ? "file" : kind === "compare" && found && named.length === 2 ? "compare" : "overview";
  tell("");
  if (part !== "overview" && !byId("overview").hidden) focused = document.activeElement;
  for (const id of ["overview", "file", "compare"]) byId(id).hidden = id !== part;
  byId("report").removeAttribute("src");
  if (part !== "compare") compare.close();
  drawChosen();
  document.title = part === "overview" ? say("view.title") : named.map(({ name }) => name).join(" – ");
  if (part === "overview") {
    if (focused?.isConnected) focused.focus();
    return;
  }
  scrollTo(0, 0);
  byId(`${part}-name`).focus({ preventScroll: true });
  try {
    if (part === "file") await openReport(named, mine);
    else {
      await Promise.all(named.map(known));
      byId("measure").href = `#file=${named[1].id},${named[0].id}`;
      if (mine === turn) await compare.open(named);
    }
  } catch (error) {
    if (mine === turn) tell(error.message);
  }
}

async function openReport([file, original], mine) {
  byId("file-name").textContent = original ? say("view.measured", { file: file.name, original: original.name }) : file.name;
  const address = `files/${file.id}/report?language=${language}${original ? `&original=${original.id}` : ""}`;
  byId("alone").href = address;
  for (const [id, step] of [["previous", -1], ["next", 1]]) {
    byId(id).disabled = !neighbour(file, step);
    byId(id).onclick = () => {
      location.hash = `file=${neighbour(file, step).id}`;
    };
  }
  byId("working").textContent = say("view.decoding");
  byId("report").hidden = true;
  try {
    await ask(address); // So that what is wrong can be told; the frame is then served from memory.
    if (mine !== turn) return;
    byId("report").title = say("view.report", { file: file.name });
    byId("report").src = address;
    byId("report").hidden = false;
  } finally {
    if (mine === turn) byId("working").textContent = "";
  }
}

/** The next or previous file that the overview shows. */
function neighbour(file, step) {
  const shown = [...byId("tiles").children].filter(({ hidden }) => !hidden);
  const index = shown.indexOf(file.tile.element);
  return index < 0 ? undefined : files.get(shown[index + step]?.dataset.id);
}

/** Send files; `problems` are told with those that come up. */
async function send(list, problems = []) {
  tell("");
  location.hash = "";
  for (const file of list) {
    try {
      if (file.size > limits.bytes) throw new Error(say("view.too.large", { file: file.name, limit: limits.bytes / 2 ** 20 }));
      const answer = await ask(`files?name=${encodeURIComponent(file.name)}`, {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body: file,
      });
      take(await answer.json());
    } catch (error) {
      problems.push(error.message);
    }
    drawCount();
  }
  tell(problems.join("\n"));
  await look();
}

function tell(text) {
  byId("message").textContent = text;
}

/** From tile to tile with the arrow keys. */
function step(event) {
  const here = event.target.closest?.(".open");
  if (!here || event.ctrlKey || event.altKey || event.metaKey) return;
  const shown = [...document.querySelectorAll(".tile:not([hidden]) .open")];
  const top = shown[0].getBoundingClientRect().top;
  const across = shown.filter((each) => each.getBoundingClientRect().top === top).length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
  const other = shown[shown.indexOf(here) + steps[event.key]];
  if (!other) return;
  event.preventDefault();
  other.focus();
}

const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  byId("drop").hidden = false;
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) byId("drop").hidden = true;
});
addEventListener("drop", (event) => {
  byId("drop").hidden = true;
  if (!holdsFiles(event)) return;
  event.preventDefault();
  // A folder comes as a file that cannot be read.
  const items = [...event.dataTransfer.items].filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry());
  const dropped = [...event.dataTransfer.files];
  send(
    dropped.filter((_, index) => !entries[index]?.isDirectory),
    dropped.filter((_, index) => entries[index]?.isDirectory).map(({ name }) => say("view.folder", { name })),
  );
});
addEventListener("hashchange", route);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && byId("overview").hidden) location.hash = "";
});
addEventListener("message", ({ source, data }) => {
  if (source === byId("report").contentWindow && data === "escape") location.hash = "";
});
byId("tiles").addEventListener("keydown", step);
byId("add").addEventListener("click", () => byId("picker").click());
byId("picker").addEventListener("change", (event) => {
  send([...event.target.files]);
  event.target.value = "";
});
byId("filters").addEventListener("change", (event) => {
  if (event.target.id === "sort") sort();
  files.forEach(filter);
  drawCount();
});
byId("filters").addEventListener("reset", () => {
  setTimeout(() => {
    sort();
    files.forEach(filter);
    drawCount();
  });
});
byId("clear").addEventListener("click", () => {
  chosen = [];
  drawChosen();
  byId("tiles").querySelector(".open")?.focus();
});
byId("go-compare").addEventListener("click", () => {
  location.hash = `compare=${chosen.join(",")}`;
});
byId("swap").addEventListener("click", () => {
  const [a, b] = location.hash.split("=")[1].split(",");
  location.hash = `compare=${b},${a}`;
});
byId("language").addEventListener("change", async (event) => {
  await speak(event.target.value);
  buildFilters();
  files.forEach(({ tile }) => tile.draw());
  drawCount();
  await route();
});

begin().catch((error) => tell(error.message));
