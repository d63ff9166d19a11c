// Boxes on the pictures: drawn, moved and resized by pointer and by keyboard.

import { make } from "../shared/viewer.js";

const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const CLICK = 4; // CSS px that a pointer may stray in a click

export class Boxes {
  /**
   * `desk` knows `pair`, `selected` (an index, or -1), `select(index)`, `add(box)` (gives nothing),
   * `changed()` (boxes were altered) and `describe()` (the selected one).
   */
  constructor(viewer, desk) {
    this.viewer = viewer;
    this.desk = desk;
    this.dragging = "box";
    this.shown = true;
    this.sketch = null; // the box that is being drawn
    viewer.addEventListener("drawn", () => this.draw());
    viewer.stage.addEventListener("pointerdown", (event) => this.press(event));
    viewer.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  draw() {
    const { viewer, desk } = this;
    if (!desk.pair) return;
    const { x, y } = viewer.origin();
    const place = (element, box) => {
      element.style.left = `${x + box[0] * viewer.scale}px`;
      element.style.top = `${y + box[1] * viewer.scale}px`;
      element.style.width = `${box[2] * viewer.scale}px`;
      element.style.height = `${box[3] * viewer.scale}px`;
      return element;
    };
    for (const pane of viewer.panes) {
      const drawn = [];
      desk.pair.findings.forEach((finding, index) => {
        const selected = index === desk.selected;
        if (!this.shown && !selected) return;
        const box = place(make("div", "box"), finding.box);
        box.dataset.index = index;
        box.classList.toggle("selected", selected);
        box.append(make("span", "number", String(index + 1)));
        if (selected) {
          for (const name of HANDLES) {
            const handle = make("i", `handle ${name}`);
            handle.dataset.handle = name;
            box.append(handle);
          }
        }
        drawn.push(box);
      });
      if (this.sketch) drawn.push(place(make("div", "box sketch"), this.sketch));
      pane.overlay.replaceChildren(...drawn);
    }
  }

  press(event) {
    const pane = event.target.closest(".pane");
    if (!pane || !this.desk.pair || event.button > 1) return;
    event.preventDefault();
    this.viewer.stage.focus({ preventScroll: true });
    const start = this.viewer.pointAt(pane, event);
    const handle = event.target.dataset.handle;
    const under = event.target.closest(".box");
    const onSelected = under && Number(under.dataset.index) === this.desk.selected;
    const before = onSelected ? [...this.desk.pair.findings[this.desk.selected].box] : null;
    let last = event;
    let strayed = Boolean(handle);

    const move = (moved) => {
      const far = Math.hypot(moved.clientX - event.clientX, moved.clientY - event.clientY);
      strayed ||= far > CLICK;
      if (!strayed) return;
      const point = this.viewer.pointAt(pane, moved);
      const x = point.x - start.x;
      const y = point.y - start.y;
      if (event.button === 1 || (this.dragging === "move" && !before)) {
        this.viewer.moveBy(moved.clientX - last.clientX, moved.clientY - last.clientY);
      } else if (before) {
        this.alter(handle ? resized(before, handle, x, y) : shifted(before, x, y, this.desk.pair));
      } else {
        this.sketch = this.between(start, point);
        this.draw();
      }
      last = moved;
    };
    const end = (ended) => {
      pane.removeEventListener("pointermove", move);
      pane.removeEventListener("pointerup", end);
      pane.removeEventListener("pointercancel", end);
      const sketch = this.sketch;
      this.sketch = null;
      if (ended.type === "pointercancel") return this.draw();
      if (sketch) {
        this.desk.add(sketch);
        this.desk.describe();
      } else if (!strayed && event.button === 0) {
        this.desk.select(this.smallestAt(start));
      }
      this.draw();
    };
    pane.setPointerCapture(event.pointerId);
    pane.addEventListener("pointermove", move);
    pane.addEventListener("pointerup", end);
    pane.addEventListener("pointercancel", end);
  }

  wheel(event) {
    const pane = event.target.closest(".pane");
    if (!pane || !this.desk.pair) return;
    event.preventDefault();
    const factor = Math.exp(-Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 120) / 400);
    this.viewer.zoomBy(factor, this.viewer.pointAt(pane, event));
  }

  /** Arrow keys: `x` and `y` are -1, 0 or 1. Moves or resizes the selected box, or the picture. */
  arrow(x, y, { resize, far }) {
    const finding = this.desk.pair.findings[this.desk.selected];
    if (!finding) {
      const step = far ? 200 : 40;
      return this.viewer.moveBy(-x * step, -y * step);
    }
    // A CSS px at least, so that it is seen; zoom in for smaller steps.
    const step = Math.max(1, Math.round(1 / this.viewer.scale)) * (far ? 10 : 1);
    const { box } = finding;
    const change = resize
      ? resized(box, "se", x * step, y * step)
      : shifted(box, x * step, y * step, this.desk.pair);
    this.alter(change);
    return this.viewer.reveal(finding.box);
  }

  /** A new box in the middle of what is visible. */
  create() {
    const [x, y, width, height] = this.viewer.visible();
    const side = Math.max(2, Math.min(width, height) / 5);
    const middle = { x: x + width / 2, y: y + height / 2 };
    const half = side / 2;
    this.desk.add(
      this.between(
        { x: middle.x - half, y: middle.y - half },
        { x: middle.x + half, y: middle.y + half },
      ),
    );
  }

  alter(box) {
    const { pair, selected } = this.desk;
    const left = clamp(box[0], 0, pair.width - 1);
    const top = clamp(box[1], 0, pair.height - 1);
    pair.findings[selected].box = [
      left,
      top,
      clamp(box[2], 1, pair.width - left),
      clamp(box[3], 1, pair.height - top),
    ];
    this.desk.changed();
  }

  /** The box with these corners, in whole px within the picture. */
  between(first, second) {
    const { width, height } = this.desk.pair;
    const left = clamp(Math.floor(Math.min(first.x, second.x)), 0, width - 1);
    const top = clamp(Math.floor(Math.min(first.y, second.y)), 0, height - 1);
    const right = clamp(Math.ceil(Math.max(first.x, second.x)), left + 1, width);
    const bottom = clamp(Math.ceil(Math.max(first.y, second.y)), top + 1, height);
    return [left, top, right - left, bottom - top];
  }

  smallestAt(point) {
    let best = -1;
    let least = Infinity;
    this.desk.pair.findings.forEach(({ box: [x, y, width, height] }, index) => {
      const inside = point.x >= x && point.y >= y && point.x <= x + width && point.y <= y + height;
      if (inside && width * height < least) {
        best = index;
        least = width * height;
      }
    });
    return best;
  }
}

function shifted(box, x, y, pair) {
  return [
    clamp(Math.round(box[0] + x), 0, pair.width - box[2]),
    clamp(Math.round(box[1] + y), 0, pair.height - box[3]),
    box[2],
    box[3],
  ];
}

function resized([left, top, width, height], handle, x, y) {
  let right = left + width;
  let bottom = top + height;
  if (handle.includes("w")) left = clamp(Math.round(left + x), 0, right - 1);
  if (handle.includes("e")) right = Math.max(Math.round(right + x), left + 1);
  if (handle.includes("n")) top = clamp(Math.round(top + y), 0, bottom - 1);
  if (handle.includes("s")) bottom = Math.max(Math.round(bottom + y), top + 1);
  return [left, top, right - left, bottom - top];
}

function clamp(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
