// Keeps an open page true: counts the time to pay down, asks now and then for the state of what is
// under way (order, payment, refund), and loads the page again once that is another one. Without
// it, the page says the deadline in words and has a link to load itself again.

const SOON = 3000, LATER = 15000, PATIENCE = 60000;
const opened = performance.now();
const watched = document.querySelector("[data-watch]");
const clock = document.querySelector("[data-seconds-left]");
let end = clock ? opened + Number(clock.dataset.secondsLeft) * 1000 : null;
let asking = 0;

function left() {
  return end === null ? 0 : Math.max(0, Math.round((end - performance.now()) / 1000));
}

function show() {
  const seconds = left();
  const digits = [Math.floor(seconds / 60), seconds % 60];
  clock.textContent = digits.map((number) => String(number).padStart(2, "0")).join(":");
  clock.parentElement.hidden = false;
  clock.parentElement.classList.toggle("hurry", seconds <= 120);
}

function tick() {
  show();
  if (left() > 0) setTimeout(tick, 1000 - ((performance.now() - opened) % 1000));
  else askIn(0);
}

function askIn(milliseconds) {
  clearTimeout(asking);
  asking = setTimeout(ask, milliseconds);
}

async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch(watched.dataset.watch, { headers: { Accept: "application/json" } });
    if (answer.ok) take(await answer.json());
  } catch {
    // No network for a moment: ask again later.
  }
  askIn(wait());
}

function take(told) {
  if (told.state !== watched.dataset.state) location.reload();
  else if (clock && told.seconds_left !== undefined) end = performance.now() + told.seconds_left * 1000;
}

function wait() {
  const isCounting = end !== null && left() > 0;
  return isCounting || performance.now() - opened > PATIENCE ? LATER : SOON;
}

if (clock) tick();
if (watched) {
  askIn(wait());
  // A laptop that slept has not counted.
  document.addEventListener("visibilitychange", () => askIn(0));
  addEventListener("pageshow", (event) => event.persisted && askIn(0));
}
