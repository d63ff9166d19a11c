// The page's words in one language, from the catalogue that reports and captions use as well.

import { ask } from "../shared/ask.js";

let messages = {};
export let language = "en";

/** Take another language and say everything that stands in the page in it. */
export async function speak(code) {
  messages = await (await ask(`words/${code}`)).json();
  language = code;
  document.documentElement.lang = code;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = say(element.dataset.word);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
}

/** A message, its gaps filled in. */
export function say(key, gaps = {}) {
  return (messages[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => gaps[name] ?? "");
}

export function number(value, digits) {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function size(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${number(bytes / 1e3, 1)} kB` : `${number(bytes / 1e6, 1)} MB`;
}
