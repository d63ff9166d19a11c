// The list of findings, and the form of the selected one.

import { make } from "../shared/viewer.js";

/** A description without what makes no difference; the library's `plain` does the same. */
export function plain(words) {
  return words
    .normalize("NFC")
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .join(" ")
    .replace(/[.,;:! ]+$/, "");
}

/** What a finding lacks to be finished: the name of its first field and a sentence; or null. */
export function lacking(finding) {
  if (!finding.original.trim()) return ["original", "say what the original shows"];
  if (!finding.reconstruction.trim()) {
    return ["reconstruction", "say what the reconstruction shows"];
  }
  if (!finding.types.length && !finding.texture) return ["what", "tick what changed"];
  return null;
}

export class Findings {
  /**
   * `desk` as for the boxes, and `remove(index)` and `offer(text, back)`, which tells what was done
   * and how to take it back; `words` are the study's types and symbols.
   */
  constructor(list, desk, words) {
    this.list = list;
    this.desk = desk;
    this.words = words;
    this.form = null;
  }

  /** Build the list anew: another pair, another selection, one more, one less. */
  draw() {
    const { findings } = this.desk.pair;
    this.form = null;
    this.list.replaceChildren(
      ...findings.map((finding, index) => {
        const item = make("li");
        const head = make("button", "head");
        head.type = "button";
        head.append(make("b", "", String(index + 1)), make("span"));
        const open = index === this.desk.selected;
        head.setAttribute("aria-expanded", String(open));
        head.addEventListener("click", () => {
          this.desk.select(open ? -1 : index);
          this.list.children[index].querySelector(".head").focus();
        });
        item.append(head);
        if (open) {
          this.form = this.build(finding);
          item.classList.add("selected");
          item.append(this.form.element);
        }
        return item;
      }),
    );
    this.refresh();
  }

  /** Bring words and numbers up to date, without touching what has the focus. */
  refresh() {
    this.desk.pair.findings.forEach((finding, index) => {
      const what = [...finding.types, ...(finding.texture ? ["texture"] : [])].join(", ");
      const parts = [what || "what changed?", finding.symbol].filter(Boolean);
      this.list.children[index].querySelector(".head span").textContent = parts.join(" · ");
    });
    this.form?.refresh();
  }

  /** Put the focus into a field of the selected finding's form. */
  focus(field) {
    this.form?.element.querySelector(`[data-field="${field}"]`)?.focus();
  }

  build(finding) {
    const element = make("form");
    element.addEventListener("submit", (event) => event.preventDefault());
    const changed = () => this.desk.changed();

    const sides = ["original", "reconstruction"].map((side) => {
      const label = make("label", "words", `The ${side} shows`);
      const field = make("textarea");
      field.dataset.field = side;
      field.rows = 2;
      field.maxLength = 1000;
      field.dir = "auto";
      field.value = finding[side];
      field.addEventListener("input", () => {
        finding[side] = field.value;
        changed();
      });
      label.append(field);
      return label;
    });
    const same = make("button", "", "Same words");
    same.type = "button";
    same.title = "You would describe both sides alike";
    same.addEventListener("click", () => {
      const before = finding.reconstruction;
      finding.reconstruction = finding.original;
      sides[1].querySelector("textarea").value = finding.original;
      changed();
      if (!before.trim() || before === finding.original) return;
      this.desk.offer("Description replaced.", () => {
        finding.reconstruction = before;
        this.draw();
        changed();
      });
    });
    const verdict = make("output", "verdict");
    const between = make("div", "row");
    between.append(verdict, same);

    const what = make("fieldset", "what");
    what.append(make("legend", "", "What changed"));
    this.words.types.forEach(({ name, hint }, number) => {
      const tick = make("input");
      tick.type = "checkbox";
      tick.name = name;
      if (number === 0) tick.dataset.field = "what";
      tick.checked = name === "texture" ? finding.texture : finding.types.includes(name);
      tick.addEventListener("change", () => {
        const ticked = (kind) => what.querySelector(`[name="${kind}"]`).checked;
        finding.texture = ticked("texture");
        finding.types = this.words.types
          .map((type) => type.name)
          .filter((kind) => kind !== "texture" && ticked(kind));
        changed();
      });
      const label = make("label", "tick");
      const text = make("span", "", name);
      text.append(make("small", "", hint));
      label.append(tick, text);
      what.append(label);
    });

    const symbol = make("label", "row", "Symbol");
    const choice = make("select");
    choice.dataset.field = "symbol";
    choice.append(new Option("no symbol", ""));
    for (const name of this.words.symbols) choice.append(new Option(name, name));
    choice.value = finding.symbol ?? "";
    choice.addEventListener("change", () => {
      finding.symbol = choice.value || null;
      changed();
    });
    symbol.append(choice);

    const unsure = make("label", "tick");
    const doubt = make("input");
    doubt.type = "checkbox";
    doubt.dataset.field = "unsure";
    doubt.checked = !finding.sure;
    doubt.addEventListener("change", () => {
      finding.sure = !doubt.checked;
      changed();
    });
    unsure.append(doubt, "I am not sure");

    const box = make("fieldset", "numbers");
    box.append(make("legend", "", "Box, px"));
    const numbers = ["x", "y", "width", "height"].map((name, place) => {
      const label = make("label", "", name);
      const field = make("input");
      field.type = "number";
      field.min = place < 2 ? 0 : 1;
      field.dataset.field = name;
      field.addEventListener("input", () => {
        const wanted = finding.box.with(place, field.valueAsNumber);
        const { width, height } = this.desk.pair;
        const good =
          field.checkValidity() &&
          wanted.every(Number.isInteger) &&
          wanted[0] + wanted[2] <= width &&
          wanted[1] + wanted[3] <= height;
        field.setAttribute("aria-invalid", String(!good));
        if (!good) return;
        finding.box = wanted;
        changed();
      });
      field.addEventListener("blur", () => {
        field.value = finding.box[place];
        field.removeAttribute("aria-invalid");
      });
      label.append(field);
      return label;
    });
    box.append(...numbers);

    const remove = make("button", "danger", "Remove");
    remove.type = "button";
    remove.addEventListener("click", () => this.desk.remove(this.desk.selected));
    const last = make("div", "row");
    last.append(unsure, remove);
    element.append(sides[0], sides[1], between, what, symbol, box, last);

    const refresh = () => {
      numbers.forEach((label, place) => {
        const field = label.querySelector("input");
        if (field !== document.activeElement) field.value = finding.box[place];
      });
      const [told, counts] = judge(finding);
      verdict.dataset.changed = String(counts);
      // Said aloud by screen readers, so only when it is another.
      if (verdict.textContent !== told) verdict.textContent = told;
    };
    return { element, refresh };
  }
}

/** The paper's test, in words, and whether the finding counts. */
function judge(finding) {
  if (!finding.original.trim() || !finding.reconstruction.trim()) {
    return ["Would you describe them differently?", false];
  }
  if (plain(finding.original) === plain(finding.reconstruction)) {
    return ["Same words: noted, not counted.", false];
  }
  if (!finding.types.length && finding.texture) {
    return ["Texture alone: noted, not counted.", false];
  }
  return ["Other words: the meaning changed.", true];
}
