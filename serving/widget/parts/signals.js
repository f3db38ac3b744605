// What a reader does with cards: seen, read for how long, watched how far.

const SEEN_SHARE = 0.5;
const SEEN_MS = 1_000;
const TICK_MS = 1_000;
// Long paragraphs are read without touching anything.
const ACTIVE_MS = 30_000;
const STEPS = Array.from({ length: 21 }, (_, i) => i / 20);
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchstart"];
// Films are left during the credits.
const WATCHED_SHARE = 0.9;
const QUARTILES = [0.25, 0.5, 0.75];

/**
 * Watches cards. `record(type, card, columns)` is called with `impression` once for a card that
 * was in view for a second, and with `read` and the seconds so far when a reading pauses: only the
 * time counts in which the card is in view, the tab visible and somebody there.
 */
export class Signals {
  #record;
  // Element → { card, inView, timer, seen, reading, seconds, told }.
  #cards = new Map();
  #activeAt = performance.now();
  #tickedAt = 0;
  #leaving = new AbortController();
  #observer = new IntersectionObserver((entries) => entries.forEach((e) => this.#look(e)), { threshold: STEPS });
  #ticks = setInterval(() => this.#tick(), TICK_MS);

  constructor(record) {
    this.#record = record;
    const { signal } = this.#leaving;
    const active = () => (this.#activeAt = performance.now());
    for (const name of INPUTS) addEventListener(name, active, { signal, passive: true, capture: true });
    document.addEventListener("visibilitychange", () => this.#turn(), { signal });
  }

  watch(element, card) {
    this.#cards.set(element, { card, inView: false, timer: 0, seconds: 0, told: 0 });
    this.#observer.observe(element);
  }

  /** Begin to count the time that a card is read. */
  read(element) {
    const watched = this.#cards.get(element);
    this.#tick();
    if (watched) watched.reading = true;
  }

  /** Tell what was read, and begin at nothing: the card is about to show something else. */
  settle(element) {
    const watched = this.#cards.get(element);
    if (!watched) return;
    this.#tick();
    this.#tell(watched);
    Object.assign(watched, { reading: false, seconds: 0, told: 0 });
  }

  leave(element) {
    const watched = this.#cards.get(element);
    if (!watched) return;
    clearTimeout(watched.timer);
    this.#tell(watched);
    this.#observer.unobserve(element);
    this.#cards.delete(element);
  }

  /** Tell what was read so far: the page may never come back. */
  pause() {
    this.#tick();
    for (const watched of this.#cards.values()) this.#tell(watched);
  }

  stop() {
    this.pause();
    for (const element of [...this.#cards.keys()]) this.leave(element);
    clearInterval(this.#ticks);
    this.#observer.disconnect();
    this.#leaving.abort();
  }

  #look({ target, intersectionRatio, intersectionRect, rootBounds }) {
    const watched = this.#cards.get(target);
    if (!watched) return;
    this.#tick();
    const height = rootBounds?.height ?? innerHeight;
    watched.inView = intersectionRatio >= SEEN_SHARE || intersectionRect.height >= height * SEEN_SHARE;
    this.#time(watched);
  }

  #time(watched) {
    const isSeen = watched.inView && document.visibilityState === "visible";
    if (isSeen && !watched.timer && !watched.seen) {
      watched.timer = setTimeout(() => {
        watched.seen = true;
        this.#record("impression", watched.card);
      }, SEEN_MS);
    } else if (!isSeen && !watched.seen) {
      clearTimeout(watched.timer);
      watched.timer = 0;
    }
  }

  #turn() {
    // Until now it was the other way.
    this.#tick(document.visibilityState === "hidden");
    for (const watched of this.#cards.values()) this.#time(watched);
  }

  #tick(wasVisible = document.visibilityState === "visible") {
    const now = performance.now();
    // Asleep is not reading.
    const passed = Math.min(now - this.#tickedAt, 2 * TICK_MS) / 1_000;
    this.#tickedAt = now;
    if (!wasVisible || now - this.#activeAt > ACTIVE_MS) return;
    for (const watched of this.#cards.values()) {
      if (watched.reading && watched.inView) watched.seconds += passed;
    }
  }

  #tell(watched) {
    if (!watched.reading || watched.seconds - watched.told < 1) return;
    watched.told = watched.seconds;
    const dwell_seconds = Math.round(10 * watched.seconds) / 10;
    this.#record("read", watched.card, { dwell_seconds });
  }
}

/**
 * Follow a film or a recording: `record(type, columns)` gets `open` at the first start, `progress`
 * at each quarter and `complete` at nine tenths of what was really played, not of where it stands.
 */
export function follow(media, knownSeconds, record) {
  const due = [...QUARTILES];
  let isOpen = false;
  let isComplete = false;
  media.addEventListener("playing", () => {
    if (!isOpen) record("open");
    isOpen = true;
  });
  const look = () => {
    const share = played(media) / (Number.isFinite(media.duration) ? media.duration : knownSeconds);
    const how = { captions_on: captioned(media), muted: media.muted || media.volume === 0 };
    while (due.length && share >= due[0]) record("progress", { progress_share: due.shift(), ...how });
    if (share >= WATCHED_SHARE && !isComplete) {
      isComplete = true;
      record("complete", how);
    }
  };
  for (const name of ["timeupdate", "pause", "ended"]) media.addEventListener(name, look);
}

function played({ played: ranges }) {
  let seconds = 0;
  for (let i = 0; i < ranges.length; i += 1) seconds += ranges.end(i) - ranges.start(i);
  return seconds;
}

function captioned(media) {
  return [...media.textTracks].some((track) => track.mode === "showing");
}
