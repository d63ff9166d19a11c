// What the page asks of the server.

import { ask } from "../shared/ask.js";

export { Refusal } from "../shared/ask.js";

/** Who looks, the words to choose from, and the pairs with their progress. */
export async function study() {
  return (await ask("study")).json();
}

/** A pair with its findings, as they are stored. */
export async function stored(id) {
  return (await ask(`pairs/${id}`)).json();
}

/** A pair with its findings, and object URLs of its two pictures. */
export async function pair(id) {
  const described = await stored(id);
  const sides = await Promise.all(
    ["original", "reconstruction"].map(async (side) => {
      const picture = await ask(`pairs/${id}/${side}.png`);
      return [side, URL.createObjectURL(await picture.blob())];
    }),
  );
  return { ...described, urls: Object.fromEntries(sides) };
}

/** Have a pair's pictures made ready, which takes a while for large ones. */
export function prepare(id) {
  stored(id).catch(() => {}); // What is wrong with it is told when it is opened.
}

/** Save; gives the new revision and the pair's progress. */
export async function save(id, submission) {
  const options = {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(submission),
  };
  return (await ask(`pairs/${id}`, options)).json();
}
