// What a card holds, by format: a film, a picture, a text, or the way to where it is.

import { h, icon, webAddress } from "./dom.js";
import { follow } from "./signals.js";

const KINDS = {
  video: "video", short_video: "video",
  illustration: "illustration", animation: "illustration", infographic: "illustration",
  audio: "audio",
};

/** Return the family that a format looks like. */
export function kindOf(format) {
  return KINDS[format] ?? "text";
}

/** Return seconds as a player shows them, 1:35. */
export function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Return the media of a card's rendition, null where it has none. */
export function mediaOf(card) {
  const kind = kindOf(card.rendition.format);
  const address = webAddress(card.rendition.url);
  if (!address || kind === "text") return null;
  return { video: film, illustration: picture, audio: recording }[kind](card, address);
}

function film(card, address) {
  const { rendition, t } = card;
  const captions = webAddress(rendition.captions_url);
  const elsewhere = captions && new URL(captions).origin !== location.origin;
  const video = h("video", {
    preload: "none", playsinline: true, poster: webAddress(rendition.poster_url),
    // Captions of another site are refused without.
    crossorigin: elsewhere && "anonymous",
    "aria-label": rendition.title,
  });
  if (captions) {
    const srclang = rendition.language ?? card.lang;
    video.append(h("track", { kind: "captions", src: captions, srclang, label: t("card.captions"), default: true }));
  }
  const start = h("button", { class: "play", type: "button", onclick: play },
    h("span", { class: "disc" }, icon("play")),
    h("span", { class: "unseen" }, `${t("card.play")}: ${rendition.title}`),
    rendition.duration_seconds && h("span", { class: "time" }, clock(rendition.duration_seconds)));
  const frame = h("div", { class: "media video" }, video, start);
  function play() {
    // Only now: what nobody starts costs nothing.
    video.src = address;
    video.controls = true;
    start.remove();
    video.focus();
    video.play().catch(() => {}); // `error` says it too
  }
  video.addEventListener("error", () => {
    // A server that knows nothing of other sites: no captions.
    if (video.crossOrigin !== null) {
      video.removeAttribute("crossorigin");
      video.load();
      video.play().catch(() => {});
    } else frame.replaceWith(unplayable(card, address));
  });
  followed(card, video);
  return frame;
}

function recording(card, address) {
  const audio = h("audio", { src: address, preload: "none", controls: true, "aria-label": card.rendition.title });
  const frame = h("div", { class: "media audio" }, audio);
  audio.addEventListener("error", () => frame.replaceWith(unplayable(card, address)));
  followed(card, audio);
  return frame;
}

/** Let a card tell of its film, until it shows another rendition. */
function followed(card, media) {
  const { rendition } = card;
  follow(media, rendition.duration_seconds, (type, how) => {
    if (card.rendition === rendition) card.record(type, how);
  });
}

function picture(card, address) {
  const alt = card.rendition.alt_text || card.rendition.title;
  const image = h("img", { src: address, alt, loading: "lazy", decoding: "async" });
  const enlarge = h("button", { class: "enlarge", type: "button", onclick: () => enlarged(card, address, alt) },
    image, h("span", { class: "time" }, icon("zoom"), card.t("card.enlarge")));
  const frame = h("div", { class: "media illustration" }, enlarge);
  image.addEventListener("error", () => frame.replaceWith(unplayable(card, address)));
  return frame;
}

function enlarged(card, address, alt) {
  const close = h("button", { class: "close", type: "button", onclick: () => dialog.close(), "aria-label": card.t("card.close") }, icon("close"));
  const dialog = h("dialog", { "aria-label": card.rendition.title },
    close, h("img", { src: address, alt }), h("p", { dir: "auto" }, alt));
  dialog.addEventListener("close", () => {
    dialog.remove();
    // What was looked at has been taken in.
    card.finish();
  });
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  card.element.append(dialog);
  dialog.showModal();
  card.open();
}

function unplayable(card, address) {
  return h("p", { class: "media unplayable" }, icon(kindOf(card.rendition.format)),
    h("span", {}, card.t("card.unplayable"), " ", link(card, address, card.t("card.open"))));
}

/** Return a link to a rendition; following it opens the content, unless the page steps in. */
export function link(card, address, ...children) {
  return h("a", { class: "open", href: address, onclick: (event) => card.open() || event.preventDefault() }, ...children);
}

/** Return what is read in place: folded where it is long, with a button that says it was read. */
export function textOf(card) {
  const { rendition, t } = card;
  const own = kindOf(rendition.format) === "text" ? rendition.text : null;
  const text = own || rendition.summary;
  const address = linkOf(card);
  if (!text) return address ? [link(card, address, t("card.open"))] : [];
  const copy = h("p", { class: "copy folded", dir: "auto", lang: rendition.language }, text);
  if (address) return [copy, link(card, address, t("card.open"))];
  if (!own) return [copy];
  const finish = h("button", { class: "plain", type: "button", onclick: finished }, icon("check"), t("card.finish"));
  const unfold = h("button", { class: "plain", type: "button", onclick: unfolded, "aria-expanded": "false" }, t("card.read"), icon("more"));
  function unfolded() {
    copy.classList.remove("folded");
    unfold.replaceWith(finish);
    copy.tabIndex = -1;
    copy.focus({ preventScroll: true });
    card.open();
  }
  function finished() {
    finish.replaceWith(h("span", { class: "noted" }, icon("check"), t("card.finished")));
    card.finish();
    card.say(t("card.finished"));
    card.element.focus({ preventScroll: true });
  }
  copy.addEventListener("fits", () => unfold.replaceWith(finish));
  return [copy, unfold];
}

/** Return where a text is if it is not here; null otherwise. */
export function linkOf({ rendition }) {
  return kindOf(rendition.format) === "text" && !rendition.text ? webAddress(rendition.url) : null;
}
