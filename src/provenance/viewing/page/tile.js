// One file in the overview.

import { make } from "../shared/viewer.js";
import { number, say, size } from "./words.js";

/** The icon of a level or a state, with its meaning for those who do not see it. */
export function icon(name, meaning) {
  const image = make("img", "icon");
  image.src = `icons/${name === "unreadable" ? "none" : name}.svg`;
  image.alt = meaning;
  image.title = meaning;
  return image;
}

/** What the label says of the risk, in a few words. */
export function risk(file) {
  const { summary } = file;
  if (summary.level === null) return say(`view.state.${summary.state}`);
  return say("view.level", { level: summary.level, name: say(`level.${summary.level}`) });
}

export class Tile {
  /** `desk` has `chosen`, `choose(id, is)` and `remove(id)`. */
  constructor(file, desk) {
    this.file = file;
    this.element = make("li", "tile");
    this.element.dataset.id = file.id;
    this.link = make("a", "open");
    this.link.href = `#file=${file.id}`;
    this.picture = make("div", "picture");
    this.marks = make("span", "marks");
    this.name = make("strong", "name", file.name);
    this.name.title = file.name;
    this.told = make("span", "told");
    this.signed = make("span", "told");
    const head = make("div", "head");
    head.append(this.marks, this.name);
    this.link.append(this.picture, head, this.told, this.signed);
    this.tick = make("input");
    this.tick.type = "checkbox";
    this.tick.addEventListener("change", () => desk.choose(file.id, this.tick.checked));
    const label = make("label", "tick");
    this.ticked = make("span");
    label.append(this.tick, this.ticked);
    const foot = make("div", "foot");
    foot.append(label);
    if (file.dropped) {
      this.remove = make("button", "", "✕");
      this.remove.type = "button";
      this.remove.addEventListener("click", () => desk.remove(file.id));
      foot.append(this.remove);
    }
    this.element.append(this.link, foot);
    this.draw();
  }

  /** Show what is known by now. */
  draw() {
    const { file } = this;
    const { summary, error } = file;
    this.ticked.textContent = say("view.choose");
    this.tick.setAttribute("aria-label", say("view.choose.file", { file: file.name }));
    this.remove?.setAttribute("aria-label", say("view.remove", { file: file.name }));
    this.element.toggleAttribute("data-pending", !summary && !error);
    if (!summary) {
      this.told.textContent = error ?? say("view.pending");
      return;
    }
    this.element.dataset.state = summary.state;
    this.element.dataset.level = summary.level ?? "";
    const state = say(`view.state.${summary.state}`);
    this.marks.replaceChildren();
    if (summary.level !== null) this.marks.append(icon(`level-${summary.level}`, risk(file)));
    this.marks.append(icon(summary.state, state));
    this.told.textContent = [risk(file), ...this.kinds()].join(" · ");
    const signer = summary.signer && say(`view.signed.${summary.state}`, { who: summary.signer });
    this.signed.textContent = summary.level === null ? size(summary.bytes) : signer || state;
    if (!this.image && summary.state !== "unreadable") this.load();
  }

  /** The symbols that may have changed, else how many places. */
  kinds() {
    const { level, symbols, findings } = this.file.summary;
    if (level === null) return [];
    if (symbols.length) return symbols.map((symbol) => say(`symbol.${symbol}`));
    return findings ? [say(`view.places.${findings === 1 ? 1 : "n"}`, { count: number(findings, 0) })] : [];
  }

  load() {
    this.image = make("img");
    this.image.alt = "";
    this.image.loading = "lazy";
    this.image.decoding = "async";
    this.image.addEventListener("error", () => this.image.remove());
    this.image.src = `files/${this.file.id}/thumbnail.webp`;
    this.picture.prepend(this.image);
  }
}
