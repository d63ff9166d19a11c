// Puts the page together: which pair, which finding, and what each control and key does.

import { Boxes } from "./boxes.js";
import { Findings, lacking } from "./findings.js";
import { Saving } from "./saving.js";
import * as server from "./server.js";
import { Controls } from "../shared/controls.js";
import { make, Viewer } from "../shared/viewer.js";

const byId = (id) => document.getElementById(id);
const STATES = { open: "not looked at", draft: "begun", done: "done", broken: "cannot be opened" };
const MARKS = { open: "○", draft: "◐", done: "●", broken: "✕" };

/** What all parts share: the pair at hand and the selected finding. */
const desk = {
  pair: null,
  selected: -1,

  select(index) {
    this.selected = index;
    findings.draw();
    if (index >= 0) viewer.reveal(this.pair.findings[index].box);
    boxes.draw();
  },

  add(box) {
    this.pair.findings.push({
      box,
      types: [],
      texture: false,
      symbol: null,
      original: "",
      reconstruction: "",
      sure: true,
    });
    this.select(this.pair.findings.length - 1);
    this.changed();
  },

  remove(index) {
    const removed = this.pair.findings[index];
    if (!removed) return;
    this.pair.findings.splice(index, 1);
    this.select(-1);
    this.changed();
    viewer.stage.focus({ preventScroll: true });
    this.offer(`Finding ${index + 1} removed.`, () => {
      this.pair.findings.splice(index, 0, removed);
      this.select(index);
      this.changed();
    });
  },

  /** Tell what was done, and how to take it back. */
  offer(text, back) {
    say(text, back);
  },

  describe() {
    findings.focus("original");
  },

  changed() {
    this.pair.complete = false;
    saving.touch();
    findings.refresh();
    boxes.draw();
    tellState();
  },
};

const viewer = new Viewer(byId("stage"));
const controls = new Controls(viewer, { place: selectedPlace });
const boxes = new Boxes(viewer, desk);
const saving = new Saving(
  (state, text) => {
    byId("saving").dataset.state = state;
    byId("saving").textContent = text;
    if (state === "dirty" || state === "saving") return; // until it is known how that went
    for (const way of document.querySelectorAll("[data-when]")) {
      way.hidden = way.dataset.when !== state;
    }
  },
  (progress) => {
    Object.assign(listed(progress.id), progress);
    drawPairs();
  },
);
let findings = null;
let pairs = [];
let opening = 0;
let takeBack = null; // what was done last, as long as the page tells of it

async function begin() {
  const study = await server.study();
  pairs = study.pairs;
  findings = new Findings(byId("findings"), desk, study);
  byId("observer").textContent = `Observer: ${study.observer}`;
  buildPairs();
  drawPairs();
  const wanted = pairs.filter(({ id }) => id === location.hash.slice(1));
  const undone = pairs.filter(({ state }) => state !== "done");
  for (const { id } of new Set([...wanted, ...undone, ...pairs])) {
    const turn = opening + 1;
    await open(id);
    if (desk.pair || turn !== opening) return; // shown, or somebody chose another
  }
}

/** Show another pair, once its pictures are here and this one is saved. */
async function open(id) {
  const turn = ++opening; // whatever else is loading is not wanted any more
  viewer.stage.removeAttribute("aria-busy");
  if (id === desk.pair?.id) return;
  say("");
  viewer.stage.setAttribute("aria-busy", "true");
  let pair = null;
  try {
    pair = await server.pair(id);
    await decoded(pair);
  } catch (error) {
    if (turn === opening) {
      say(`${listed(id).name}: ${error.message}`);
      // Else it is the server that cannot be had.
      if (![0, 403].includes(error.status)) listed(id).state = "broken";
      drawPairs();
    }
  }
  // The pair at hand could be changed until now.
  const saved = !pair || !desk.pair || (await saving.flush());
  if (turn !== opening || !pair || !saved) {
    if (!saved) say("This pair is not saved yet, so it stays open.");
    if (turn === opening) viewer.stage.removeAttribute("aria-busy");
    if (pair) release(pair);
    return;
  }
  if (desk.pair) release(desk.pair);
  viewer.stage.removeAttribute("aria-busy");
  say("");
  desk.pair = pair;
  desk.selected = -1;
  saving.open(pair);
  viewer.open(pair);
  history.replaceState(null, "", `#${id}`);
  document.title = `${pair.name} – Annotate`;
  findings.draw();
  note(pair);
  byId("pairs").querySelector("[aria-current]").scrollIntoView({ block: "nearest" });
  controls.drawPlay();
  tellState();
  viewer.stage.focus({ preventScroll: true });
  if (neighbour(1)) server.prepare(neighbour(1).id);
}

/** Until both pictures can be shown at once. */
async function decoded(pair) {
  const images = Object.values(pair.urls).map((url) => {
    const image = new Image();
    image.src = url;
    return image.decode();
  });
  await Promise.all(images);
}

function release(pair) {
  Object.values(pair.urls).forEach((url) => URL.revokeObjectURL(url));
}

/** The next pair (`step` 1) or the previous one (-1) that can be opened, if there is one. */
function neighbour(step) {
  let index = pairs.findIndex(({ id }) => id === desk.pair?.id);
  if (index < 0) return undefined;
  do index += step;
  while (pairs[index]?.state === "broken");
  return pairs[index];
}

function go(step) {
  const other = neighbour(step);
  if (other) open(other.id);
}

async function done() {
  for (const [index, finding] of desk.pair.findings.entries()) {
    const lack = lacking(finding);
    if (lack) {
      desk.select(index);
      findings.focus(lack[0]);
      say(`Finding ${index + 1}: ${lack[1]}.`);
      return;
    }
  }
  say("");
  desk.pair.complete = true;
  saving.touch();
  tellState();
  if (!(await saving.flush())) desk.pair.complete = false;
  tellState();
  if (desk.pair.complete && neighbour(1)) byId("next").focus();
}

/** Save over what another window has stored (`mine`), or show that instead. */
async function settle(mine) {
  try {
    await saving.settle(mine);
  } catch (error) {
    return say(error.message);
  }
  if (!mine) {
    say("");
    desk.select(-1);
    note(desk.pair);
    tellState();
  }
  return viewer.stage.focus({ preventScroll: true });
}

/** For whoever has to open the page anew. */
async function copy() {
  const { name, findings: found } = desk.pair;
  try {
    await navigator.clipboard.writeText(JSON.stringify({ name, findings: found }, null, 2));
    byId("saving").textContent = "Not saved, but copied";
  } catch (error) {
    byId("saving").textContent = `Not copied: ${error.message}`;
  }
}

function tellState() {
  const { complete, findings: found } = desk.pair;
  byId("findings-title").textContent = found.length ? `Findings (${found.length})` : "Findings";
  byId("none").hidden = found.length > 0;
  byId("done").hidden = false;
  byId("done").disabled = complete;
  byId("done").textContent = complete
    ? "Done; any change reopens it"
    : found.length
      ? "Done with this pair"
      : "Looked, nothing found";
}

function say(text, back = null) {
  byId("message").textContent = text;
  byId("undo").hidden = !back;
  takeBack = back;
}

function undo() {
  const back = takeBack;
  say("");
  back?.();
  viewer.stage.focus({ preventScroll: true });
}

/** The list of pairs; built once, so that no click meets a button that is being replaced. */
function buildPairs() {
  byId("pairs").replaceChildren(
    ...pairs.map(({ id, name }) => {
      const button = make("button");
      button.type = "button";
      const mark = make("i");
      mark.setAttribute("aria-hidden", "true");
      button.append(mark, make("span", "", name), make("small"));
      button.addEventListener("click", () => open(id));
      const item = make("li");
      item.append(button);
      return item;
    }),
  );
}

function listed(id) {
  return pairs.find((each) => each.id === id);
}

/** Bring the list up to date with a pair that was read. */
function note({ id, complete, revision, findings: found }) {
  const state = complete ? "done" : revision ? "draft" : "open";
  Object.assign(listed(id), { state, findings: found.length });
  drawPairs();
}

function drawPairs() {
  pairs.forEach(({ id, state, findings: count }, index) => {
    const button = byId("pairs").children[index].firstChild;
    const [mark, , told] = button.children;
    mark.className = state;
    mark.textContent = MARKS[state];
    told.textContent = count ? `${STATES[state]}, ${count} found` : STATES[state];
    if (id === desk.pair?.id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
  const finished = pairs.filter(({ state }) => state === "done").length;
  byId("progress").textContent = `${finished} of ${pairs.length} pairs done`;
  byId("next").disabled = !neighbour(1);
}

/** The middle of the selected box, which stays in view; nothing without one. */
function selectedPlace() {
  const box = desk.pair?.findings[desk.selected]?.box;
  return box && { x: box[0] + box[2] / 2, y: box[1] + box[3] / 2 };
}

function setDrag(kind) {
  boxes.dragging = kind;
  viewer.stage.dataset.drag = kind;
  document.querySelector(`[name="drag"][value="${kind}"]`).checked = true;
}

function showBoxes(shown) {
  boxes.shown = shown;
  byId("boxes-shown").checked = shown;
  boxes.draw();
}

function selectNext(step) {
  const count = desk.pair.findings.length;
  if (count) desk.select((Math.max(desk.selected, step > 0 ? -1 : 0) + step + count) % count);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = {
  ...controls.keys,
  n: () => boxes.create(),
  Delete: () => desk.remove(desk.selected),
  Backspace: () => desk.remove(desk.selected),
  j: () => selectNext(1),
  k: () => selectNext(-1),
  Enter: () => desk.describe(),
  Escape: () => desk.select(-1),
  m: () => setDrag(boxes.dragging === "box" ? "move" : "box"),
  v: () => showBoxes(!boxes.shown),
  PageDown: () => go(1),
  PageUp: () => go(-1),
  "?": () => byId("keys").showModal(),
};

viewer.stage.addEventListener("keydown", (event) => {
  if (!desk.pair || event.altKey || event.metaKey) return;
  const { key, shiftKey: resize, ctrlKey: far } = event;
  if (key in ARROWS) boxes.arrow(...ARROWS[key], { resize, far });
  else if (!far && Object.hasOwn(KEYS, key)) KEYS[key]();
  else if (!far && Object.hasOwn(KEYS, key.toLowerCase())) KEYS[key.toLowerCase()]();
  else return;
  event.preventDefault();
});

addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey ? event.key.toLowerCase() : "";
  if (command === "s") {
    event.preventDefault();
    if (desk.pair) saving.flush();
  }
  // In a field the browser takes back what was typed.
  if (command === "z" && takeBack && !event.target.closest("input, textarea")) {
    event.preventDefault();
    undo();
  }
  if (event.key === "Escape" && event.target.closest("aside")) viewer.stage.focus();
});

addEventListener("beforeunload", (event) => {
  if (saving.dirty) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden && saving.dirty) saving.flush();
});

byId("drag").addEventListener("change", (event) => setDrag(event.target.value));
byId("boxes-shown").addEventListener("change", (event) => showBoxes(event.target.checked));
byId("done").addEventListener("click", done);
byId("next").addEventListener("click", () => go(1));
byId("undo").addEventListener("click", undo);
byId("keep").addEventListener("click", () => settle(true));
byId("take").addEventListener("click", () => settle(false));
byId("copy").addEventListener("click", copy);
byId("show-keys").addEventListener("click", () => byId("keys").showModal());
// Where fingers scroll past the panes, boxes are drawn by who chose to.
setDrag(matchMedia("(max-width: 60rem) and (pointer: coarse)").matches ? "move" : "box");
viewer.addEventListener("drawn", () => {
  viewer.stage.toggleAttribute("data-zoomed", viewer.scale > viewer.fitting());
});
begin().catch((error) => say(error.message));
