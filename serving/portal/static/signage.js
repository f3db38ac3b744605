// Slides in turn, and new ones after every round; what is shown stays when the server cannot be reached.
"use strict";

const SECONDS_A_SLIDE = 12;
const SECONDS_UNTIL_RETRY = 20;

const slides = document.querySelector("#slides");
const beads = document.querySelector(".beads");
const offline = document.querySelector(".offline");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let current = -1;

function play(slide) {
  const film = slide.querySelector("video");
  if (!film || calm.matches) return;
  for (const track of film.textTracks) track.mode = "showing";
  film.currentTime = 0;
  film.play().catch(() => {}); // its poster is there
}

function show(number) {
  for (const [i, slide] of [...slides.children].entries()) {
    slide.classList.toggle("shown", i === number);
    slide.inert = i !== number;
    if (i !== number) slide.querySelector("video")?.pause();
    beads.children[i]?.classList.toggle("shown", i === number);
  }
  current = number;
  play(slides.children[number]);
}

/** Replace the slides by those of now; false if that cannot be done. */
async function renew() {
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    slides.replaceChildren(...fresh.querySelector("#slides").children);
    beads.replaceChildren(...fresh.querySelector(".beads").children);
    return true;
  } catch {
    return false;
  }
}

async function next() {
  const isRoundOver = current + 1 >= slides.children.length;
  if (isRoundOver) offline.hidden = await renew();
  document.documentElement.classList.add("turning");
  show(isRoundOver ? 0 : current + 1);
  setTimeout(next, 1000 * SECONDS_A_SLIDE);
}

/** A screen that lost its server asks again before its round is over. */
async function recover() {
  if (!offline.hidden && (await renew())) {
    offline.hidden = true;
    show(0);
  }
}

function tick() {
  const now = new Date();
  const words = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  document.querySelector(".clock").textContent = now.toLocaleTimeString(document.documentElement.lang, words);
}

document.documentElement.classList.add("live");
tick();
setInterval(tick, 5_000);
setInterval(recover, 1000 * SECONDS_UNTIL_RETRY);
addEventListener("online", recover);
show(0);
setTimeout(next, 1000 * SECONDS_A_SLIDE);
