// <miscompression-badge src="photo.avif" anchors="newsroom.pem"><img src="photo.avif" alt="…"></miscompression-badge>
//
// Validates the file in the browser with @contentauth/c2pa-web, which the import map names:
//   src ─► fetch ─► validated? ─► label ─► attribute `state`, event `checked`, badge, panel, outlines

const LABEL = "org.provenance.miscompression";
const XMP_NAMESPACE = "https://provenance-label.org/ns/miscompression/1.0/";
const MANIFEST = "c2pa";
const MOST_BYTES = 200e6;
const MOST_FINDINGS = 100;
const TYPES = ["amplitude", "geometry", "shape"];
// Extended key usages of signers: e-mail protection, documents, C2PA.
const USAGES = ["1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1"];
// The only fault that leaves a file as it was signed.
const UNKNOWN_SIGNER = "signingCredential.untrusted";

const WORDS = {
  en: {
    checking: "checking …",
    none: "no miscompression label",
    stripped: "label without a signature",
    tampered: "changed after it was signed",
    untrusted: "intact, unknown signer",
    trusted: "intact, trusted signer",
    unreadable: "could not be checked",
    risk: "Risk",
    levels: ["minimal", "low", "moderate", "high", "severe"],
    level: "level {level} of 5 ({name}), score {score}",
    explain: {
      none: "Nobody recorded what compression changed in this picture.",
      stripped: "A label is there, its signature is not. Nobody answers for it.",
      tampered: "The file is not what was signed. Do not rely on it.",
      untrusted: "The file is as it was signed by {signer}, whom this page does not know.",
      trusted: "The file is as it was signed by {signer}, whom this page trusts.",
      unreadable: "The file could not be loaded or read: {problem}",
    },
    codec: "Codec", generative: "generative: it invents detail", notLooked: "Not looked for",
    findings: "What may have changed", nothing: "No place was found.",
    estimate: "An estimate by a program; whether the picture is true, no signature tells.",
    types: { amplitude: "amplitude", geometry: "geometry", shape: "shape" }, symbol: "symbol", names: {},
  },
  de: {
    checking: "wird geprüft …",
    none: "kein Miskompressions-Etikett",
    stripped: "Etikett ohne Signatur",
    tampered: "nach dem Signieren verändert",
    untrusted: "unversehrt, Unterzeichner unbekannt",
    trusted: "unversehrt, Unterzeichner vertraut",
    unreadable: "nicht prüfbar",
    risk: "Risiko",
    levels: ["minimal", "gering", "mittel", "hoch", "sehr hoch"],
    level: "Stufe {level} von 5 ({name}), Wert {score}",
    explain: {
      none: "Niemand hat festgehalten, was Kompression an diesem Bild änderte.",
      stripped: "Ein Etikett ist da, seine Signatur nicht. Niemand steht dafür ein.",
      tampered: "Die Datei ist nicht die signierte. Auf sie ist kein Verlass.",
      untrusted: "Die Datei ist so, wie {signer} sie signiert hat; diese Seite kennt den Unterzeichner nicht.",
      trusted: "Die Datei ist so, wie {signer} sie signiert hat; diese Seite vertraut dem Unterzeichner.",
      unreadable: "Die Datei konnte nicht geladen oder gelesen werden: {problem}",
    },
    codec: "Codec", generative: "generativ: er erfindet Einzelheiten", notLooked: "Nicht gesucht",
    findings: "Was sich geändert haben kann", nothing: "Keine Stelle gefunden.",
    estimate: "Eine Schätzung durch ein Programm; ob das Bild wahr ist, sagt keine Signatur.",
    types: { amplitude: "Amplitude", geometry: "Geometrie", shape: "Form" }, symbol: "Symbol",
    names: { text: "Text", numeral: "Zahl", face: "Gesicht", eye: "Auge", hand: "Hand", sign: "Zeichen", light: "Licht", logo: "Logo", other: "anderes",
      faces: "Gesichter", lights: "Lichter und Kleines", objects: "verschwundene Menschen und Dinge",
      seeds: "andere Startwerte", identity: "wer jemand ist" },
  },
};

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
  :host { display: inline-block; color-scheme: light dark; position: relative; max-width: 100%; font: 14px/1.4 system-ui, sans-serif;
    --ink: #1d1f22; --card: #fff; --line: #767b82;
    --amplitude: #b45f06; --geometry: #6a3fb5; --shape: #b3261e; }
  @media (prefers-color-scheme: dark) { :host { --ink: #eceded; --card: #24272b; --line: #8b9199;
    --amplitude: #ffb454; --geometry: #c8a8ff; --shape: #ff9d94; } }
  .picture { position: relative; display: block; width: fit-content; line-height: 0; }
  ::slotted(img), img { max-width: 100%; height: auto; }
  svg.places { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
  svg.places[hidden], [hidden] { display: none; }
  .places rect { fill: none; stroke-width: 2.5px; vector-effect: non-scaling-stroke; }
  .amplitude { stroke: var(--amplitude); } .geometry { stroke: var(--geometry); stroke-dasharray: 2 4; }
  .shape { stroke: var(--shape); stroke-dasharray: 9 4; }
  .places .back { stroke: #fff; stroke-width: 5px; stroke-dasharray: none; }
  .places .chosen { fill: #ffd40066; }
  button { font: inherit; color: inherit; cursor: pointer; }
  button.badge { display: inline-flex; gap: .45em; align-items: center; margin: .35rem 0 0; padding: .2rem .6rem;
    border: 1.5px solid var(--line); border-radius: 1rem; background: var(--card); color: var(--ink); }
  button:focus-visible { outline: 3px solid #2f7de1; outline-offset: 2px; }
  .mark { width: 1.1em; height: 1.1em; flex: none; }
  .panel { box-sizing: border-box; margin-top: .4rem; padding: .6rem .8rem; max-width: 42rem;
    border: 1px solid var(--line); border-radius: .5rem; background: var(--card); color: var(--ink); }
  .panel p { margin: .2rem 0; } .quiet { opacity: .8; }
  .bad { font-weight: 600; }
  ul { margin: .3rem 0; padding: 0; list-style: none; max-height: 16rem; overflow: auto; }
  li button { width: 100%; padding: .25rem .4rem; border: 0; border-left: 4px solid var(--at); background: none; text-align: left; }
  li button:hover, li button:focus { background: #8884; }
  li .amplitude { --at: var(--amplitude); } li .geometry { --at: var(--geometry); } li .shape { --at: var(--shape); }
`);

// One worker for the same anchors.
const libraries = new Map();

function library(anchors) {
  if (!libraries.has(anchors)) {
    libraries.set(anchors, import("@contentauth/c2pa-web").then(({ createC2pa }) => createC2pa({
      wasmSrc: import.meta.resolve("@contentauth/c2pa-web/resources/c2pa.wasm"),
      settings: {
        verify: { verifyTrust: true, remoteManifestFetch: false, ocspFetch: false },
        trust: { trustConfig: USAGES.join("\n"), ...(anchors ? { trustAnchors: anchors } : {}) },
      },
    })));
  }
  return libraries.get(anchors);
}

async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  if (Number(response.headers.get("content-length")) > MOST_BYTES) throw new Error("too large");
  return response;
}

function holds(bytes, word) {
  const codes = [...word].map((letter) => letter.charCodeAt(0));
  for (let at = bytes.indexOf(codes[0]); at >= 0; at = bytes.indexOf(codes[0], at + 1)) {
    if (codes.every((code, index) => bytes[at + index] === code)) return true;
  }
  return false;
}

/** Fault codes of this file, of its ingredients, and of theirs. */
function faults(node, found = new Set()) {
  if (Array.isArray(node)) node.forEach((entry) => faults(entry, found));
  else if (node && typeof node === "object") {
    for (const [key, value] of Object.entries(node)) {
      if (key === "failure" && Array.isArray(value)) value.forEach((fault) => found.add(String(fault.code)));
      else faults(value, found);
    }
  }
  return found;
}

/** What can be said of a file: `state`, and `label`, `signer` or `problem` where there are some. */
async function examined(url, anchorsUrl) {
  const anchors = anchorsUrl ? await (await fetched(anchorsUrl)).text() : "";
  const blob = await (await fetched(url)).blob();
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let reader = null;
  try {
    reader = await (await library(anchors)).reader.fromBlob(blob.type, blob);
  } catch (error) {
    if (holds(bytes, MANIFEST)) return { state: "tampered" };
    throw error;
  }
  if (!reader) return { state: holds(bytes, XMP_NAMESPACE) ? "stripped" : "none" };
  try {
    const store = await reader.manifestStore();
    const signature = store.manifests?.[store.active_manifest]?.signature_info ?? {};
    const signer = [signature.issuer, signature.common_name].filter(Boolean).join(", ") || "?";
    const broken = faults([store.validation_results, store.manifests]);
    broken.delete(UNKNOWN_SIGNER);
    if (store.validation_state === "Invalid" || broken.size) return { state: "tampered", signer };
    // The plain JSON writes lists of numbers as text; crJSON keeps the boxes as they are.
    const active = (await reader.crJson()).manifests?.find((entry) => entry.label === store.active_manifest);
    const label = active?.assertions?.[LABEL];
    if (!label?.risk) return { state: "none", signer };
    return { state: store.validation_state === "Trusted" ? "trusted" : "untrusted", signer, label };
  } finally {
    await reader.free();
  }
}

// What a label calls something, in the words of the page where it has one.
function named(words, name) {
  return Object.hasOwn(words.names, name) ? words.names[name] : String(name);
}

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Five bars, filled up to the level; crossed out where there is nothing to believe. */
function mark(level, crossed) {
  const bars = [0, 1, 2, 3, 4].map((n) => drawn("rect", {
    x: 1 + n * 3, y: 12 - n * 2.4, width: 2, height: 3 + n * 2.4,
    fill: "currentColor", "fill-opacity": n < level ? 1 : 0.25,
  }));
  const line = drawn("path", { d: "M1 1 15 15", stroke: "currentColor", "stroke-width": 2 });
  return drawn("svg", { class: "mark", viewBox: "0 0 16 16", "aria-hidden": "true" }, ...bars, ...(crossed ? [line] : []));
}

const number = (value, low, high) => Math.min(high, Math.max(low, Number(value) || 0));
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const mainType = (finding) => TYPES.reduce((best, type) =>
  number(finding.types?.[type], 0, 1) > number(finding.types?.[best], 0, 1) ? type : best);

class MiscompressionBadge extends HTMLElement {
  static observedAttributes = ["src", "anchors"];
  #run = 0;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [STYLE];
    new IntersectionObserver((entries, observer) => {
          if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      this.seen = true;
      this.check();
    }).observe(this);
  }

  attributeChangedCallback() {
    if (this.seen) this.check();
  }

  get words() {
    const language = (this.closest("[lang]")?.lang || "en").toLowerCase().split("-")[0];
    return WORDS[language] ?? WORDS.en;
  }

  async check() {
    const run = ++this.#run;
    this.show({ state: "checking" });
    const found = await examined(this.getAttribute("src"), this.getAttribute("anchors"))
      .catch((error) => ({ state: "unreadable", problem: String(error?.message ?? error) }));
    if (run !== this.#run) return;
    this.show(found);
    this.dispatchEvent(new CustomEvent("checked", { detail: found, bubbles: true }));
  }

  show({ state, label, signer = "", problem = "" }) {
    const { words } = this;
    this.setAttribute("state", state);
    const risk = label?.risk;
    const level = number(risk?.level, 0, 5);
    const text = risk ? `${words.risk} ${level}/5 · ${words[state]}` : words[state];
    const panel = element("div", { className: "panel", id: "panel", hidden: true });
    const badge = element("button", { className: "badge", type: "button" },
      mark(level, !risk && state !== "checking"), text);
    badge.setAttribute("aria-expanded", "false");
    badge.setAttribute("aria-controls", "panel");

    const findings = (Array.isArray(risk?.findings) ? risk.findings : [])
      .filter((finding) => Array.isArray(finding?.box) && finding.box.length === 4).slice(0, MOST_FINDINGS);
    const places = findings.map((finding) => {
      const [x, y, width, height] = finding.box.map((side) => number(side, 0, 1e6));
      const at = { x, y, width, height };
      return drawn("g", {}, drawn("rect", { class: "back", ...at }), drawn("rect", { class: mainType(finding), ...at }));
    });
    const overlay = drawn("svg", {
      class: "places", "aria-hidden": "true", preserveAspectRatio: "none",
      viewBox: `0 0 ${number(label?.original?.width, 1, 1e6)} ${number(label?.original?.height, 1, 1e6)}`,
    }, ...places);
    overlay.toggleAttribute("hidden", true);

    if (words.explain[state]) {
      const sentence = filled(words.explain[state], { signer, problem });
      panel.append(element("p", { className: state === "tampered" ? "bad" : "" }, sentence));
    }
    if (risk) panel.append(...this.described(label, level, findings, places));
    badge.addEventListener("click", () => {
      panel.hidden = !panel.hidden;
      overlay.toggleAttribute("hidden", panel.hidden);
      badge.setAttribute("aria-expanded", String(!panel.hidden));
    });
    badge.addEventListener("keydown", ({ key }) => key === "Escape" && !panel.hidden && badge.click());

    const picture = element("slot");
    if (!this.querySelector("img")) picture.append(element("img", { src: this.getAttribute("src"), alt: "" }));
    this.shadowRoot.replaceChildren(element("span", { className: "picture" }, picture, overlay), badge, panel);
  }

  described(label, level, findings, places) {
    const { words } = this;
    const { risk, codec = {}, model = {} } = label;
    const name = words.levels[Math.max(level, 1) - 1];
    const score = number(risk.score, 0, 1).toFixed(2);
    const generative = codec.generative ? `, ${words.generative}` : "";
    const missing = Array.isArray(risk.assessor?.unavailable) ? risk.assessor.unavailable.map((name) => named(words, name)).join(", ") : "";
    const items = findings.map((finding, index) => {
      const type = mainType(finding);
      const symbol = finding.symbol ? `, ${words.symbol}: ${named(words, finding.symbol)}` : "";
      const chance = Math.round(100 * number(finding.probability, 0, 1));
      const button = element("button", { type: "button", className: type },
        element("span", { lang: "en" }, `${finding.sentence ?? ""} `),
        element("span", { className: "quiet" }, `${words.types[type]}${symbol}, ${chance} %`));
      for (const [event, on] of [["focus", true], ["mouseenter", true], ["blur", false], ["mouseleave", false]]) {
        button.addEventListener(event, () => places[index].lastChild.classList.toggle("chosen", on));
      }
      return element("li", {}, button);
    });
    return [
      element("p", {}, `${words.risk}: ${filled(words.level, { level, name, score })}`),
      element("p", {}, `${words.codec}: ${codec.name ?? "?"} ${model.name ?? ""}${generative}`),
      element("p", {}, items.length ? `${words.findings}:` : words.nothing),
      element("ul", {}, ...items),
      ...(missing ? [element("p", { className: "quiet" }, `${words.notLooked}: ${missing}`)] : []),
      element("p", { className: "quiet" }, words.estimate),
    ];
  }
}

customElements.define("miscompression-badge", MiscompressionBadge);
