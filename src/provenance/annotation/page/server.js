// The only place that talks to the server; addresses are relative to the page, secret included.

/** An answer that was none, with the server's reason and its status (0: not reached). */
export class Refusal extends Error {
  constructor(reason, status) {
    super(reason);
    this.status = status;
  }
}

/** Who looks, the words to choose from, and the pairs with their progress. */
export async function study() {
  return (await ask("study")).json();
}

/** A pair with its findings, and object URLs of its two pictures. */
export async function pair(id) {
  const described = await (await ask(`pairs/${id}`)).json();
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
  ask(`pairs/${id}`).catch(() => {}); // What is wrong with it is told when it is opened.
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

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refusal("the program in the terminal has ended or does not answer", 0);
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  let reason = text;
  try {
    reason = JSON.parse(text).error;
  } catch {
    // Plain text, then.
  }
  throw new Refusal(reason, answer.status);
}
