// An impression is a card that is at least half visible for at least a second; each is told once.
"use strict";

const feed = document.querySelector(".feed");
const timers = new Map();

function tell(card) {
  const fields = {
    employee: feed.dataset.employee,
    request_id: feed.dataset.request,
    content_id: card.dataset.content,
    rendition_id: card.dataset.rendition,
  };
  fetch("/portal/impressions", { method: "POST", body: new URLSearchParams(fields), keepalive: true });
}

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    clearTimeout(timers.get(target));
    if (isIntersecting) {
      timers.set(target, setTimeout(() => { observer.unobserve(target); tell(target); }, 1000));
    }
  }
}, { threshold: 0.5 });

for (const card of feed.querySelectorAll(".card")) observer.observe(card);
