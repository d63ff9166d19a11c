// Panes that show the pair in one of four views, all with the same zoom and place.

const SIDES = { original: "original", reconstruction: "reconstruction" };
const PANES = {
  side: ["original", "reconstruction", "difference"],
  slider: ["slider"],
  flicker: ["flicker"],
  difference: ["difference"],
};
const CLOSEST = 32; // CSS px per picture px

export class Viewer extends EventTarget {
  constructor(stage) {
    super();
    this.stage = stage;
    this.view = "side";
    this.pair = null;
    this.panes = [];
    this.split = 0.5;
    this.gain = 8;
    this.flipped = false;
    this.timer = 0;
    this.fitted = true;
    this.scale = 1; // CSS px per picture px
    this.centre = { x: 0, y: 0 }; // picture px in the middle of each pane
    new ResizeObserver(() => this.layout()).observe(stage);
  }

  /** Show another pair. */
  open(pair) {
    this.stop();
    this.pair = pair;
    this.flipped = false;
    this.fitted = true;
    this.build();
  }

  setView(view) {
    this.stop();
    this.view = view;
    if (this.pair) this.build();
  }

  build() {
    this.panes = PANES[this.view].map((kind) => this.pane(kind));
    this.stage.replaceChildren(...this.panes.map((pane) => pane.element));
    this.stage.dataset.view = this.view;
    this.layout();
  }

  pane(kind) {
    const element = make("div", "pane");
    element.dataset.kind = kind;
    const pictures = [];
    const layer = (...sides) => {
      const box = make("div", "layer");
      for (const side of sides) {
        const image = make("img", side);
        image.src = this.pair.urls[side];
        image.alt = "";
        image.draggable = false;
        pictures.push(image);
        box.append(image);
      }
      element.append(box);
      return box;
    };
    const badge = make("span", "badge", this.named(kind));
    const pane = { element, pictures, kind, badge };
    if (kind in SIDES) {
      layer(kind);
    } else if (kind === "difference") {
      pane.difference = layer("original", "reconstruction");
    } else {
      layer("original");
      pane.top = layer("reconstruction");
    }
    pane.overlay = make("div", "overlay");
    element.append(pane.overlay, badge);
    if (kind === "slider") {
      badge.textContent = this.named("original");
      pane.divider = make("div", "divider");
      element.append(make("span", "badge right", this.named("reconstruction")), pane.divider);
      pane.divider.addEventListener("pointerdown", (event) => this.dragDivider(pane, event));
    }
    return pane;
  }

  /** What a pane is called: as the pair has it, or by what it shows. */
  named(kind) {
    return this.pair.names?.[kind] ?? kind;
  }

  /** Measure the panes and put the pictures where they belong. */
  layout() {
    if (!this.pair || !this.panes.length) return;
    const { clientWidth, clientHeight } = this.panes[0].element;
    this.size = { width: clientWidth, height: clientHeight };
    if (this.fitted) {
      this.scale = this.fitting();
      this.centre = { x: this.pair.width / 2, y: this.pair.height / 2 };
    }
    this.draw();
  }

  draw() {
    if (!this.size) return;
    const { x, y } = this.origin();
    for (const pane of this.panes) {
      for (const image of pane.pictures) {
        image.style.width = `${this.pair.width}px`;
        image.style.height = `${this.pair.height}px`;
        image.style.transform = `translate(${x}px, ${y}px) scale(${this.scale})`;
        image.classList.toggle("coarse", this.scale >= 2);
      }
      if (pane.difference) {
        pane.difference.style.filter = `brightness(${this.gain})`;
        pane.badge.textContent = `${this.named("difference")} ×${this.gain}`;
      }
      if (pane.kind === "slider") {
        pane.top.style.clipPath = `inset(0 0 0 ${100 * this.split}%)`;
        pane.divider.style.left = `${100 * this.split}%`;
      }
      if (pane.kind === "flicker") {
        pane.top.style.visibility = this.flipped ? "visible" : "hidden";
        pane.badge.textContent = this.named(this.flipped ? "reconstruction" : "original");
      }
    }
    this.dispatchEvent(new Event("drawn"));
  }

  /** Where the picture's corner lies in each pane, CSS px. */
  origin() {
    return {
      x: this.size.width / 2 - this.centre.x * this.scale,
      y: this.size.height / 2 - this.centre.y * this.scale,
    };
  }

  /** The picture's point under a pointer, not rounded and perhaps outside. */
  pointAt(element, event) {
    const frame = element.getBoundingClientRect();
    const { x, y } = this.origin();
    return {
      x: (event.clientX - frame.left - element.clientLeft - x) / this.scale,
      y: (event.clientY - frame.top - element.clientTop - y) / this.scale,
    };
  }

  /** What of the picture is visible: x, y, width, height in its px. */
  visible() {
    const { x, y } = this.origin();
    const left = Math.max(0, -x / this.scale);
    const top = Math.max(0, -y / this.scale);
    const right = Math.min(this.pair.width, (this.size.width - x) / this.scale);
    const bottom = Math.min(this.pair.height, (this.size.height - y) / this.scale);
    return [left, top, right - left, bottom - top];
  }

  fitting() {
    return Math.min(this.size.width / this.pair.width, this.size.height / this.pair.height);
  }

  fit() {
    this.fitted = true;
    this.layout();
  }

  /** Zoom; `point` of the picture stays where it is. */
  zoomBy(factor, point = this.centre) {
    if (!this.size) return;
    const least = Math.min(this.fitting(), 1) / 2;
    const scale = Math.min(CLOSEST, Math.max(least, this.scale * factor));
    const kept = this.scale / scale;
    this.moveTo(
      point.x + (this.centre.x - point.x) * kept,
      point.y + (this.centre.y - point.y) * kept,
      scale,
    );
  }

  /** Move the picture by CSS px. */
  moveBy(x, y) {
    this.moveTo(this.centre.x - x / this.scale, this.centre.y - y / this.scale, this.scale);
  }

  moveTo(x, y, scale) {
    this.fitted = false;
    this.scale = scale;
    this.centre = {
      x: Math.min(this.pair.width, Math.max(0, x)),
      y: Math.min(this.pair.height, Math.max(0, y)),
    };
    this.draw();
  }

  /** Bring a box into view, if it is not. */
  reveal([x, y, width, height]) {
    const [left, top, across, down] = this.visible();
    const inside = x >= left && y >= top && x + width <= left + across && y + height <= top + down;
    if (!inside) this.moveTo(x + width / 2, y + height / 2, this.scale);
  }

  setSplit(share) {
    this.split = Math.min(1, Math.max(0, share));
    this.draw();
  }

  setGain(gain) {
    this.gain = gain;
    this.draw();
  }

  dragDivider(pane, event) {
    event.stopPropagation();
    event.preventDefault();
    pane.divider.setPointerCapture(event.pointerId);
    pane.divider.onpointermove = (moved) => {
      const frame = pane.element.getBoundingClientRect();
      this.setSplit((moved.clientX - frame.left) / frame.width);
      this.dispatchEvent(new Event("split"));
    };
    pane.divider.onpointerup = () => {
      pane.divider.onpointermove = null;
    };
  }

  get playing() {
    return this.timer !== 0;
  }

  /** Show the other side. */
  flip() {
    this.flipped = !this.flipped;
    this.draw();
  }

  /** Switch sides by itself, so many times a second. */
  play(rate) {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.flip(), 1000 / rate);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
  }
}

/** An element with a class and a text. */
export function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}
