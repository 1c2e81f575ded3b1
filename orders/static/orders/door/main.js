// The door's page: every code, seen or typed, is sent once, and what it came to fills the screen.
// Without it the form below the camera does the same, a page at a time.

import { startCamera } from "./camera.js";
import { keepCounting } from "./counting.js";
import { remember } from "./history.js";
import { show } from "./result.js";
import { sendScan } from "./sending.js";
import { signal, unlockSound } from "./signals.js";

const IN_VIEW = 3000; // a code that was seen so lately has not left the camera since
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
  last = last.then(() => send(code)).finally(() => (sending -= 1));
}

async function send(code) {
  form.setAttribute("aria-busy", "true");
  const outcome = await sendScan(form, code);
  form.removeAttribute("aria-busy");
  signal(outcome.dataset.outcome);
  remember(outcome, code);
  show(outcome, { again: () => take(code) });
  count();
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
