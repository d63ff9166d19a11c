// <miscompression-badge src="photo.avif" anchors="newsroom.pem"><img src="photo.avif" alt="…"></miscompression-badge>

const LABEL = "org.provenance.miscompression";
const XMP_NAMESPACE = "https://provenance-label.org/ns/miscompression/1.0/";
const MOST_BYTES = 200e6, MOST_FINDINGS = 100;
const USAGES = "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.4.1.62558.2.1";
const UNKNOWN_SIGNER = "signingCredential.untrusted";
// Faults that leave a file as it was signed.
const ABOUT_SIGNER = /^(signingCredential|time[Ss]tamp|claimSignature\.outside|manifest\.inaccessible)/;
// Written of an original whose own manifest is in pieces.
const UNREADABLE = /^Its own credential could not be read/;
// Lowest scores of levels 2 to 5.
const BOUNDS = [0.05, 0.2, 0.45, 0.7];

// Of each state, what the badge says and what its panel explains.
const WORDS = {
  en: {
    checking: ["checking …", ""],
    none: ["no miscompression label", "Nobody recorded what compression changed in this picture."],
    stripped: ["label without a signature", "A label is there, its signature is not. Nobody answers for it."],
    tampered: ["changed after it was signed", "The file is not what was signed. Do not rely on it."],
    invalid: ["signature or label not valid",
      "The certificate may not sign, or the label does not hold. Do not rely on it."],
    untrusted: ["intact, unknown signer"],
    trusted: ["intact, trusted signer"],
    signed: "The file is as it was signed by {signer}.",
    unreadable: ["could not be checked", "{problem}"],
    risk: "Risk", level: "level {level} of 5 ({name}), score {score}",
    levels: ["minimal", "low", "moderate", "high", "severe"],
    codec: "Codec", generative: "generative: it invents detail", notLooked: "Not looked for",
    findings: "What may have changed", nothing: "No place was found.",
    estimate: "An estimate by a program; whether the picture is true, no signature tells.",
    symbol: "symbol", names: {},
  },
  de: {
    checking: ["wird geprüft …", ""],
    none: ["kein Miskompressions-Etikett", "Niemand hat festgehalten, was Kompression an diesem Bild änderte."],
    stripped: ["Etikett ohne Signatur", "Ein Etikett ist da, seine Signatur nicht. Niemand steht dafür ein."],
    tampered: ["nach dem Signieren verändert", "Die Datei ist nicht die signierte. Auf sie ist kein Verlass."],
    invalid: ["Signatur oder Etikett ungültig",
      "Das Zertifikat darf nicht signieren, oder das Etikett gilt nicht. Darauf ist kein Verlass."],
    untrusted: ["unversehrt, Unterzeichner unbekannt"],
    trusted: ["unversehrt, Unterzeichner vertraut"],
    signed: "Die Datei ist so, wie {signer} sie signiert hat.",
    unreadable: ["nicht prüfbar", "{problem}"],
    risk: "Risiko", level: "Stufe {level} von 5 ({name}), Wert {score}",
    levels: ["minimal", "gering", "mittel", "hoch", "sehr hoch"],
    codec: "Codec", generative: "generativ: er erfindet Einzelheiten", notLooked: "Nicht gesucht",
    findings: "Was sich geändert haben kann", nothing: "Keine Stelle gefunden.",
    estimate: "Eine Schätzung durch ein Programm; ob das Bild wahr ist, sagt keine Signatur.",
    symbol: "Symbol",
    names: { amplitude: "Amplitude", geometry: "Geometrie", shape: "Form",
      text: "Text", numeral: "Zahl", face: "Gesicht", eye: "Auge", hand: "Hand", sign: "Zeichen", light: "Licht", logo: "Logo", other: "anderes",
      faces: "Gesichter", lights: "Lichter und Kleines", objects: "verschwundene Menschen und Dinge",
      seeds: "andere Startwerte", identity: "wer jemand ist" },
  },
};

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
  :host { display: inline-block; color-scheme: light dark; position: relative; max-width: 100%; font: 14px/1.4 system-ui, sans-serif; }
  .picture { position: relative; display: block; width: fit-content; line-height: 0; }
  ::slotted(img), img { max-width: 100%; height: auto; }
  .places { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
  [hidden] { display: none; }
  .amplitude { --at: light-dark(#b45f06, #ffb454); }
  .geometry { --at: light-dark(#6a3fb5, #c8a8ff); stroke-dasharray: 2 4; }
  .shape { --at: light-dark(#b3261e, #ff9d94); stroke-dasharray: 9 4; }
  .places rect { fill: none; stroke: var(--at); stroke-width: 2.5px; vector-effect: non-scaling-stroke; }
  .places .back { stroke: #fff; stroke-width: 5px; stroke-dasharray: none; }
  .places .chosen { fill: #ffd40066; }
  button { font: inherit; color: inherit; cursor: pointer; }
  .badge, .panel { border: 1px solid light-dark(#767b82, #8b9199); background: light-dark(#fff, #24272b); color: light-dark(#1d1f22, #eceded); }
  .badge { display: inline-flex; gap: .45em; align-items: center; margin: .35rem 0 0; padding: .2rem .6rem; border-radius: 1rem; }
  button:focus-visible { outline: 3px solid #2f7de1; }
  .mark { width: 1.1em; height: 1.1em; flex: none; }
  .panel { box-sizing: border-box; margin-top: .4rem; padding: .6rem .8rem; max-width: 42rem; border-radius: .5rem; }
  .panel p { margin: .2rem 0; } .quiet { opacity: .8; } .tampered, .invalid { font-weight: 600; }
  ul { margin: .3rem 0; padding: 0; list-style: none; max-height: 16rem; overflow: auto; }
  li button { width: 100%; padding: .25rem .4rem; border: 0; border-left: 4px solid var(--at); background: none; text-align: left; }
  li button:is(:hover, :focus) { background: #8884; }
`);

const libraries = new Map();

function library(trustAnchors) {
  if (!libraries.has(trustAnchors)) {
    libraries.set(trustAnchors, import("@contentauth/c2pa-web").then(({ createC2pa }) => createC2pa({
      wasmSrc: import.meta.resolve("@contentauth/c2pa-web/resources/c2pa.wasm"),
      settings: {
        verify: { verifyTrust: true, remoteManifestFetch: false, ocspFetch: false },
        trust: { trustConfig: USAGES, ...(trustAnchors && { trustAnchors }) },
      },
    })));
  }
  return libraries.get(trustAnchors);
}

async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  if (Number(response.headers.get("content-length")) > MOST_BYTES) throw new Error("too large");
  return response;
}

const holds = async (blob, word) => (await blob.text()).includes(word);

/** Fault codes of this file, of its ingredients, and of theirs. */
function faults(...nodes) {
  const found = [];
  JSON.stringify(nodes, (key, value) => {
    if (key === "failure") found.push(...[value].flat().map((fault) => fault?.code));
    if (UNREADABLE.test(value)) found.push("ingredient.unreadable");
    return value;
  });
  return found;
}

const lastOf = (reference) => reference?.url.split("/").pop();
const levelOf = (score) => 1 + BOUNDS.filter((bound) => score >= bound).length;

/** Whether every level is that of its score, as far as writing has rounded that. */
const agrees = (label) => [label?.risk, ...(label?.history ?? [])].every((part) =>
  [1 - 1e-5, 1 + 1e-5].some((share) => levelOf(part?.score * share) === part?.level));

/** What can be said of a file: `state`, and `label`, `signer` or `problem` where there are some. */
async function examined(url, anchorsUrl) {
  const anchors = anchorsUrl ? await (await fetched(anchorsUrl)).text() : "";
  const blob = await (await fetched(url)).blob();
  let reader = null;
  try {
    reader = await (await library(anchors)).reader.fromBlob(blob.type, blob);
  } catch (error) {
    if (await holds(blob, "jumdc2pa")) return { state: "tampered" };
    throw error;
  }
  if (!reader) return { state: await holds(blob, XMP_NAMESPACE) ? "stripped" : "none" };
  try {
    const { manifests, active_manifest: active, validation_results: results, validation_state: validity } = await reader.manifestStore();
    const { issuer, common_name: name } = manifests?.[active]?.signature_info ?? {};
    const signer = [issuer, name].filter(Boolean).join(", ") || "?";
    if (faults(results, manifests).some((code) => !ABOUT_SIGNER.test(code))) return { state: "tampered", signer };
    if (validity === "Invalid" || faults(results.activeManifest).some((code) => code !== UNKNOWN_SIGNER)) {
      return { state: "invalid", signer };
    }
    // The plain JSON writes lists of numbers as text; crJSON keeps the boxes as they are.
    const claims = (await reader.crJson()).manifests;
    const of = (name) => claims.find(({ label }) => label === name);
    let claim = of(active), known = validity === "Trusted";
    // An update manifest is not bound to the content: its parent is, and may have the label.
    while (claim && !Object.keys(claim.assertions).some((key) => /^(c2pa\.hash|org\.prov)/.test(key))) {
      const parent = Object.values(claim.assertions).find((entry) => entry.relationship === "parentOf");
      claim = of(lastOf(parent?.activeManifest));
      // As it was when updated, then what is different now.
      const told = JSON.stringify([parent?.validationResults?.activeManifest, claim?.validationResults]);
      known &&= told.lastIndexOf("signingCredential.trusted") > told.lastIndexOf(UNKNOWN_SIGNER);
    }
    const labels = Object.keys(claim?.assertions ?? {}).filter((name) => name.split("__")[0] === LABEL);
    if (!labels.length) return { state: await holds(blob, XMP_NAMESPACE) ? "stripped" : "none", signer };
    const label = claim.assertions[LABEL];
    const created = claim["claim.v2"]?.created_assertions ?? [];
    if (labels.length > 1 || !created.some((entry) => lastOf(entry) === LABEL) || !agrees(label)) {
      return { state: "invalid", signer };
    }
    return { state: known ? "trusted" : "untrusted", signer, label };
  } finally {
    await reader.free();
  }
}

// What a label calls something, in the words of the page.
const named = ({ names }, name) => Object.hasOwn(names, name) ? names[name] : String(name);

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  // Characters that are not seen can turn the order of those that are.
  made.append(...children.map((child) => child.replace?.(/\p{C}/gu, "") ?? child));
  return made;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const attribute of Object.entries(attributes)) made.setAttribute(...attribute);
  made.append(...children);
  return made;
}

/** Five bars, filled up to the level; crossed out where there is nothing to believe. */
function mark(level, crossed) {
  const bars = [0, 1, 2, 3, 4].map((n) => drawn("rect", {
    x: 1 + n * 3, y: 12 - n * 2.4, width: 2, height: 3 + n * 2.4,
    fill: "currentColor", "fill-opacity": n < level ? 1 : 0.25,
  }));
  const line = drawn("path", { d: crossed ? "M1 1 15 15" : "", stroke: "currentColor", "stroke-width": 2 });
  return drawn("svg", { class: "mark", viewBox: "0 0 16 16", "aria-hidden": "true" }, ...bars, line);
}

const number = (value, low = 0, high = 1) => Math.min(high, Math.max(low, Number(value) || 0));
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const mainType = (finding) => ["amplitude", "geometry", "shape"].reduce((best, type) =>
  number(finding.types?.[type]) > number(finding.types?.[best]) ? type : best);

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
    return /^de\b/i.test(this.closest("[lang]")?.lang) ? WORDS.de : WORDS.en;
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
    const level = risk?.level ?? 0;
    const [said, explained = words.signed] = words[state];
    const panel = element("div", { className: "panel", id: "panel", hidden: true });
    const badge = element("button", { className: "badge", type: "button" },
      mark(level, !risk && state !== "checking"), risk ? `${words.risk} ${level}/5 · ${said}` : said);
    badge.setAttribute("aria-expanded", "false");
    badge.setAttribute("aria-controls", "panel");

    const findings = [risk?.findings ?? []].flat().filter((finding) => finding?.box?.length === 4).slice(0, MOST_FINDINGS);
    const places = findings.map((finding) => {
      const [x, y, width, height] = [...finding.box].map((side) => number(side, 0, 1e6));
      const at = { x, y, width, height };
      return drawn("g", {}, drawn("rect", { class: "back", ...at }), drawn("rect", { class: mainType(finding), ...at }));
    });
    const overlay = drawn("svg", {
      class: "places", hidden: "", "aria-hidden": "true", preserveAspectRatio: "none",
      viewBox: `0 0 ${number(label?.original?.width, 1, 1e6)} ${number(label?.original?.height, 1, 1e6)}`,
    }, ...places);

    if (explained) panel.append(element("p", { className: state }, filled(explained, { signer, problem })));
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

  described({ risk, codec = {}, model = {} }, level, findings, places) {
    const { words } = this;
    const name = words.levels[level - 1];
    const score = number(risk.score).toFixed(2);
    const generative = codec.generative ? `, ${words.generative}` : "";
    const missing = [risk.assessor?.unavailable ?? []].flat().map((name) => named(words, name)).join(", ");
    const items = findings.map((finding, index) => {
      const type = mainType(finding);
      const symbol = finding.symbol ? `, ${words.symbol}: ${named(words, finding.symbol)}` : "";
      const chance = Math.round(100 * number(finding.probability));
      const button = element("button", { type: "button", className: type },
        element("span", { lang: "en" }, `${finding.sentence} `),
        element("span", { className: "quiet" }, `${named(words, type)}${symbol}, ${chance} %`));
      for (const [event, on] of [["focus", true], ["mouseenter", true], ["blur", false], ["mouseleave", false]]) {
        button.addEventListener(event, () => places[index].lastChild.classList.toggle("chosen", on));
      }
      return element("li", {}, button);
    });
    return [
      element("p", {}, `${words.risk}: ${filled(words.level, { level, name, score })}`),
      element("p", {}, `${words.codec}: ${codec.name} ${model.name}${generative}`),
      element("p", {}, items.length ? `${words.findings}:` : words.nothing),
      element("ul", {}, ...items),
      ...(missing ? [element("p", { className: "quiet" }, `${words.notLooked}: ${missing}`)] : []),
      element("p", { className: "quiet" }, words.estimate),
    ];
  }
}

customElements.define("miscompression-badge", MiscompressionBadge);
