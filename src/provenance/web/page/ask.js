// The only place that talks to the server; addresses are relative to the page, secret included.

/** An answer that was none, with the server's reason and its status (0: not reached). */
export class Refusal extends Error {
  constructor(reason, status) {
    super(reason);
    this.status = status;
  }
}

/** Ask the server; throws a `Refusal` where it says no. */
export async function ask(path, options) {
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
