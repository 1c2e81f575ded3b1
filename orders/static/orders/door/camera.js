// The telephone's camera, and what it sees.

import { codesIn } from "./reader.js";

const LOOK_EVERY = 120;
const WANTED = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
const section = document.getElementById("camera");
const picture = document.getElementById("picture");
const start = document.getElementById("start");
const torch = document.getElementById("torch");

/** Offers the camera; while it runs, `look` is given the codes that are in view, maybe none. */
export function startCamera(look) {
  section.hidden = false;
  start.addEventListener("click", () => open(look).catch(() => show({ isBlind: true })));
  torch.addEventListener("click", switchTorch);
  document.addEventListener("visibilitychange", stayAwake);
}

async function open(look) {
  show({ isBlind: false });
  const stream = await navigator.mediaDevices.getUserMedia({ video: WANTED, audio: false });
  const [track] = stream.getVideoTracks();
  picture.srcObject = stream;
  await picture.play();
  show({ isOpen: true, hasTorch: Boolean(track.getCapabilities?.().torch) });
  stayAwake();
  await watch(track, look);
  show({ isOpen: false });
}

async function watch(track, look) {
  while (track.readyState === "live") {
    if (!document.hidden) look(await codesIn(picture));
    await new Promise((done) => setTimeout(done, LOOK_EVERY));
  }
}

function show({ isOpen = false, isBlind = false, hasTorch = false }) {
  picture.hidden = document.getElementById("aim").hidden = !isOpen;
  start.hidden = isOpen;
  torch.hidden = !hasTorch;
  document.getElementById("blind").hidden = !isBlind;
}

async function switchTorch() {
  const isOn = torch.getAttribute("aria-pressed") !== "true";
  await picture.srcObject.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: isOn }] });
  torch.setAttribute("aria-pressed", String(isOn));
}

function stayAwake() {
  if (picture.hidden || document.hidden) return;
  navigator.wakeLock?.request("screen").catch(() => {}); // a nearly empty battery may refuse
}
