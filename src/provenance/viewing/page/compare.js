// Two files beside each other: what their labels say, and their full pictures in one view.

import { ask } from "../shared/ask.js";
import { Controls } from "../shared/controls.js";
import { make, Viewer } from "../shared/viewer.js";
import { icon, risk } from "./tile.js";
import { number, say, size } from "./words.js";

const byId = (id) => document.getElementById(id);
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Compare {
  constructor() {
    this.viewer = new Viewer(byId("stage"));
    this.controls = new Controls(this.viewer);
    this.turn = 0;
    const { stage } = this.viewer;
    stage.addEventListener("pointerdown", (event) => this.drag(event));
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("keydown", (event) => this.key(event));
  }

  /** Show two files; tells what is wrong, where something is. */
  async open(files) {
    const turn = ++this.turn;
    this.close();
    this.controls.words = { play: say("view.play"), stop: say("view.stop") };
    this.controls.drawPlay();
    this.facts(files);
    byId("compare-name").textContent = files.map(({ name }) => name).join(" – ");
    byId("sizes").textContent = say("view.decoding");
    byId("tools").hidden = true;
    const urls = [];
    try {
      for (const { id } of files) {
        const answer = await ask(`files/${id}/picture.png`);
        urls.push(URL.createObjectURL(await answer.blob()));
      }
      const [a, b] = await Promise.all(urls.map(decoded));
      if (turn !== this.turn) return;
      const same = a.naturalWidth === b.naturalWidth && a.naturalHeight === b.naturalHeight;
      const [wide, high] = [a, b].map(({ naturalWidth, naturalHeight }) => `${naturalWidth} × ${naturalHeight}`);
      byId("sizes").textContent = same ? "" : say("view.sizes", { a: wide, b: high });
      byId("measure").hidden = !same;
      byId("tools").hidden = !same;
      this.viewer.stage.hidden = !same;
      if (!same) return;
      this.urls = urls.splice(0);
      this.viewer.open({
        width: a.naturalWidth,
        height: a.naturalHeight,
        urls: { original: this.urls[0], reconstruction: this.urls[1] },
        names: { original: `A ${files[0].name}`, reconstruction: `B ${files[1].name}`, difference: say("view.difference") },
      });
    } finally {
      urls.forEach((url) => URL.revokeObjectURL(url));
      if (turn === this.turn && byId("sizes").textContent === say("view.decoding")) byId("sizes").textContent = "";
    }
  }

  /** Let the pictures go. */
  close() {
    this.viewer.stop();
    this.viewer.pair = null;
    this.viewer.panes = [];
    this.viewer.stage.replaceChildren();
    this.urls?.forEach((url) => URL.revokeObjectURL(url));
    this.urls = null;
    byId("measure").hidden = true;
  }

  /** The table of what is known without looking. */
  facts(files) {
    const told = (key, value) => {
      const row = make("tr");
      const head = make("th", "", say(key));
      head.scope = "row";
      row.append(head);
      for (const file of files) {
        const cell = make("td");
        const shown = file.summary ? value(file.summary, file) : "…";
        cell.append(...(Array.isArray(shown) ? shown : [shown]));
        row.append(cell);
      }
      return row;
    };
    const list = (names, group) => names.map((name) => say(`${group}.${name}`)).join(", ") || "–";
    const maybe = (value, digits, unit) => (value === null ? "–" : `${number(value, digits)}${unit}`);
    const head = make("tr");
    head.append(make("td"));
    files.forEach(({ name }, index) => {
      const cell = make("th", "", `${"AB"[index]} ${name}`);
      cell.scope = "col";
      head.append(cell);
    });
    byId("facts").replaceChildren(
      head,
      told("view.risk", (summary, file) =>
        summary.level === null ? "–" : [icon(`level-${summary.level}`, ""), ` ${risk(file)}, ${number(summary.score, 2)}`],
      ),
      told("view.signature", (summary) => [icon(summary.state, ""), ` ${say(`view.state.${summary.state}`)}`]),
      told("view.findings", ({ level, findings }) => (level === null ? "–" : number(findings, 0))),
      told("view.type", ({ types }) => list(types, "type")),
      told("view.symbol", ({ symbols }) => list(symbols, "symbol")),
      told("view.codec", ({ codec, generative }) => (codec ? `${codec}${generative ? `, ${say("view.generative")}` : ""}` : "–")),
      told("view.rate.bits", ({ bits_per_pixel: rate }) => maybe(rate, 3, "")),
      told("view.psnr", ({ psnr_db: psnr }) => maybe(psnr, 2, " dB")),
      told("view.bytes", ({ bytes }) => size(bytes)),
    );
  }

  drag(event) {
    const pane = event.target.closest(".pane");
    if (!pane || !this.viewer.pair) return;
    let last = event;
    const move = (moved) => {
      this.viewer.moveBy(moved.clientX - last.clientX, moved.clientY - last.clientY);
      last = moved;
    };
    pane.setPointerCapture(event.pointerId);
    pane.addEventListener("pointermove", move);
    pane.addEventListener("lostpointercapture", () => pane.removeEventListener("pointermove", move), { once: true });
  }

  wheel(event) {
    const pane = event.target.closest(".pane");
    if (!pane || !this.viewer.pair) return;
    event.preventDefault();
    const factor = Math.exp(-Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 120) / 400);
    this.viewer.zoomBy(factor, this.viewer.pointAt(pane, event));
  }

  key(event) {
    if (event.altKey || event.metaKey || event.ctrlKey || !this.viewer.pair) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in ARROWS) this.viewer.moveBy(...ARROWS[key].map((step) => -40 * step));
    else if (Object.hasOwn(this.controls.keys, key)) this.controls.keys[key]();
    else return;
    event.preventDefault();
  }
}

async function decoded(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}
