// Events on their way: kept on this device until the server has answered for them.

// Of one person: some hundred kilobytes of the five megabytes that pages share.
const MOST = 500;
// Some 17 KB: what outlives a page has a limit.
const BATCH = 40;
// On shared machines nobody may ever come back.
const FORGET_AFTER_MS = 14 * 86_400_000;
const SOON_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;
const PREFIX = "intranet-feed|";

/**
 * A queue of one employee's events. An event has a row of its own in localStorage, so tabs do not
 * overwrite each other; two tabs may send the same one, which the server counts once. What the
 * server rejects is dropped with a warning; what it could not take is sent again later. When there
 * is no more room the oldest impressions go first, then whatever is oldest.
 */
export class EventQueue {
  // Event id → event, the oldest first.
  #rows = new Map();
  #flying = new Set();
  #sendings = new Set();
  #batch = BATCH;
  #failures = 0;
  #timer = 0;

  constructor(owner, send) {
    this.prefix = `${PREFIX}${encodeURIComponent(owner)}|`;
    this.send = send;
    const kept = stored().filter(([key]) => key.startsWith(this.prefix)).map(([, event]) => event);
    kept.sort((a, b) => (a.occurred_at < b.occurred_at ? -1 : 1));
    for (const event of kept) this.#rows.set(event.event_id, event);
  }

  /** Keep an event; it is sent within seconds, or with the next flush. */
  add(event) {
    this.#rows.set(event.event_id, event);
    try {
      const kept = JSON.stringify({ at: Date.now(), event });
      localStorage.setItem(this.prefix + event.event_id, kept);
    } catch {
      // Full or forbidden: it lives as long as the page does.
    }
    if (this.#rows.size > MOST) this.#drop(this.#leastWanted());
    if (this.#rows.size - this.#flying.size >= BATCH) this.flush();
    else this.#later(SOON_MS);
  }

  /** Send what waits; resolves when everything was answered for, or has to wait. */
  async flush() {
    const sending = this.#sendAll();
    this.#sendings.add(sending);
    await Promise.all(this.#sendings);
    this.#sendings.delete(sending);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  async #sendAll() {
    for (let goesOn = true; goesOn; ) {
      const waiting = [...this.#rows.values()].filter((row) => !this.#flying.has(row.event_id));
      const batch = waiting.slice(0, this.#batch);
      if (!batch.length || !navigator.onLine) return;
      for (const row of batch) this.#flying.add(row.event_id);
      goesOn = await this.#sent(batch);
      for (const row of batch) this.#flying.delete(row.event_id);
    }
  }

  /** Send some events; return whether to go on with the next ones. */
  async #sent(batch) {
    try {
      const report = await this.send(batch);
      for (const { index, column, expected } of report.rejected) {
        console.warn(`intranet-feed: ${column} of an event was rejected, expected`, expected, batch[index]);
      }
    } catch (refused) {
      const isOwnFault = [400, 413, 415, 422].includes(refused.status);
      if (!isOwnFault) {
        this.#failures += 1;
        this.#later(Math.max(SOON_MS * 2 ** this.#failures, 1000 * refused.retryAfterSeconds));
        return false;
      }
      if (batch.length > 1) {
        // One of them spoils the others: alone it can be told.
        this.#batch = 1;
        return true;
      }
      this.#batch = BATCH;
      console.warn(`intranet-feed: an event was refused (${refused.status})`, batch[0]);
    }
    this.#failures = 0;
    for (const row of batch) this.#drop(row.event_id);
    return true;
  }

  #later(ms) {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.flush();
    }, Math.min(ms, LONGEST_WAIT_MS));
  }

  #leastWanted() {
    const rows = [...this.#rows.values()];
    return (rows.find((row) => row.event_type === "impression") ?? rows[0]).event_id;
  }

  #drop(eventId) {
    this.#rows.delete(eventId);
    try {
      localStorage.removeItem(this.prefix + eventId);
    } catch {
      // Nothing was kept.
    }
  }
}

/** Return keys and events of everybody on this device; what nobody came back for is removed. */
function stored() {
  const found = [];
  try {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
      const kept = read(key);
      if (kept && Date.now() - kept.at < FORGET_AFTER_MS) found.push([key, kept.event]);
      else localStorage.removeItem(key);
    }
  } catch {
    // Forbidden: nothing is kept.
  }
  return found;
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}
