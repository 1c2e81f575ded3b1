// The door's page: every code, seen or typed, is sent once, and what it came to fills the screen.
// Without it the form below the camera does the same, a page at a time.

import { startCamera } from "./camera.js";
import { keepCounting } from "./counting.js";
import { remember } from "./history.js";
import { close, show } from "./result.js";
import { copyOf, sendScan } from "./sending.js";
import { signal, unlockSound } from "./signals.js";

const IN_VIEW = 3000; // a code that was seen so lately has not left the picture since
const SLOW = 400; // milliseconds without an answer after which the page says that it waits for one
const READABLE = 1200; // how long an outcome stays at least when more codes were typed meanwhile
const form = document.getElementById("typing");
const field = document.getElementById("code");
const seen = new Map();
const count = keepCounting();
let last = Promise.resolve(); // scans are sent one after the other
let sending = 0;

function look(codes) {
  const now = performance.now();
  for (const [code, at] of seen) if (now - at > IN_VIEW) seen.delete(code);
  for (const code of codes) {
    const isNew = !seen.has(code);
    if (isNew && sending) continue; // it is seen again when the one before is answered
    seen.set(code, now);
    if (isNew) take(code);
  }
}

function take(code) {
  sending += 1;
  last = last.then(() => send(code)).catch(reportError).finally(() => (sending -= 1));
}

async function send(code) {
  close(); // nobody goes in on the one before
  const asking = setTimeout(() => show(copyOf("asking")), SLOW);
  const outcome = await sendScan(form, code);
  clearTimeout(asking);
  signal(outcome.dataset.outcome);
  remember(outcome, code);
  show(outcome, () => take(code));
  count();
  if (sending > 1) await new Promise((done) => setTimeout(done, READABLE));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const code = field.value.trim();
  field.value = "";
  if (code) take(code);
});

// A hand-held scanner types wherever the cursor is.
document.addEventListener("keydown", (event) => {
  const isLetter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (isLetter && !event.target.closest("input, button, a, summary")) field.focus();
});

for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, unlockSound);
startCamera(look);
