// Saves by itself soon after a change, one request at a time, and tells how that went.

import * as server from "./server.js";

const PAUSE = 700; // ms without a change before it is saved
const RETRY = 4000; // ms after the server was not reached

export class Saving {
  /**
   * `tell(state, text)` shows how it stands: saved, dirty, saving, failed, or conflict where another
   * window has saved meanwhile; `saved(progress)` follows each success.
   */
  constructor(tell, saved) {
    this.tell = tell;
    this.saved = saved;
    this.pair = null;
    this.changes = 0;
    this.kept = 0;
    this.running = null;
    this.timer = 0;
  }

  get dirty() {
    return this.changes !== this.kept;
  }

  /** Look after another pair; the last one must be saved by then. */
  open(pair) {
    clearTimeout(this.timer);
    this.pair = pair;
    this.changes = this.kept = 0;
    this.tell("saved", pair.revision ? "All saved" : "");
  }

  /** Something has changed. */
  touch() {
    this.changes += 1;
    this.tell("dirty", "Not saved yet …");
    this.later(PAUSE);
  }

  /** Save now whatever is unsaved; whether all is saved. */
  async flush() {
    clearTimeout(this.timer);
    while (this.running) await this.running;
    if (!this.dirty) return true;
    this.running = this.send();
    const good = await this.running;
    this.running = null;
    return good && (this.dirty ? this.flush() : true);
  }

  /** End a conflict: save over what is stored (`mine`), or take that instead. */
  async settle(mine) {
    const { revision, ...stored } = await server.stored(this.pair.id);
    while (this.running) await this.running;
    this.pair.revision = revision;
    if (mine) return this.flush();
    Object.assign(this.pair, stored);
    return this.open(this.pair);
  }

  later(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), delay);
  }

  async send() {
    const { pair, changes } = this;
    this.tell("saving", "Saving …");
    const { complete, findings, revision } = pair;
    try {
      const answer = await server.save(pair.id, { complete, findings, revision });
      pair.revision = answer.revision;
      this.kept = changes;
      const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      this.tell("saved", `Saved ${time}`);
      this.saved(answer);
      return true;
    } catch (error) {
      this.tell(error.status === 409 ? "conflict" : "failed", `Not saved: ${error.message}`);
      if (error.status === 0) this.later(RETRY);
      return false;
    }
  }
}
