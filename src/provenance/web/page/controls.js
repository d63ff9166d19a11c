// What the toolbar of a `Viewer` does; the page holds its elements, by these ids.

const byId = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Controls {
  /**
   * `place` gives the point of the picture that zooming keeps where it is, if there is one;
   * `words` are what the button says that plays and stops.
   */
  constructor(viewer, { place = () => undefined, words = { play: "Play", stop: "Stop" } } = {}) {
    this.viewer = viewer;
    this.place = place;
    this.words = words;
    this.keys = {
      1: () => this.setView("side"),
      2: () => this.setView("slider"),
      3: () => this.setView("flicker"),
      4: () => this.setView("difference"),
      f: () => viewer.view === "flicker" && viewer.flip(),
      p: () => this.togglePlay(),
      "+": () => this.zoom(1.25),
      "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      0: () => viewer.fit(),
    };
    byId("views").addEventListener("change", (event) => this.setView(event.target.value));
    byId("zoom-in").addEventListener("click", () => this.zoom(1.25));
    byId("zoom-out").addEventListener("click", () => this.zoom(0.8));
    byId("fit").addEventListener("click", () => viewer.fit());
    byId("split").addEventListener("input", (event) => viewer.setSplit(event.target.value / 100));
    byId("gain").addEventListener("input", (event) => {
      const gain = 2 ** event.target.valueAsNumber;
      byId("gain-shown").textContent = `${gain}×`;
      viewer.setGain(gain);
    });
    byId("rate").addEventListener("input", (event) => {
      byId("rate-shown").textContent = event.target.value;
      if (viewer.playing) viewer.play(event.target.valueAsNumber);
    });
    byId("switch").addEventListener("click", () => viewer.flip());
    byId("play").addEventListener("click", () => this.togglePlay());
    viewer.addEventListener("split", () => {
      byId("split").value = 100 * viewer.split;
    });
    viewer.addEventListener("drawn", () => {
      byId("zoom").textContent = `${Math.round(100 * viewer.scale)} %`;
    });
    calm.addEventListener("change", () => this.drawPlay());
    this.setView(viewer.view);
  }

  setView(view) {
    document.querySelector(`[name="view"][value="${view}"]`).checked = true;
    this.viewer.setView(view);
    for (const setting of document.querySelectorAll(".setting")) {
      setting.hidden = !setting.dataset.views.split(" ").includes(view);
    }
    this.drawPlay();
  }

  zoom(factor) {
    if (this.viewer.pair) this.viewer.zoomBy(factor, this.place());
  }

  togglePlay() {
    if (this.viewer.view !== "flicker" || calm.matches) return;
    if (this.viewer.playing) this.viewer.stop();
    else this.viewer.play(byId("rate").valueAsNumber);
    this.drawPlay();
  }

  drawPlay() {
    if (calm.matches) this.viewer.stop();
    byId("play").textContent = this.viewer.playing ? this.words.stop : this.words.play;
    byId("play").disabled = calm.matches;
    byId("still").hidden = !calm.matches;
  }
}
