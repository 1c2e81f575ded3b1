/** Draws the house over its list. Whatever fails, the list and the forms go on working. */

import { House } from "../../pages/showing/house.js";
import { keepUpToDate, readMap } from "../../pages/showing/live.js";
import { Tooltip } from "../../pages/showing/tooltip.js";
import { View } from "../../pages/showing/view.js";
import { Words } from "../../pages/showing/words.js";
import { listenToZoom } from "../../pages/showing/zoom.js";
import { Counts } from "./counts.js";
import { HouseKeyboard } from "./keyboard.js";
import { Memory } from "./memory.js";
import { HousePainter } from "./painter.js";
import { Panel } from "./panel.js";
import { HousePointers } from "./pointers.js";
import { Selection } from "./selection.js";

const AS_STAFF = "same-origin"; // drafts are read with the reader's own session

const element = document.getElementById("house-plan");
if (element) start(element);

async function start(element) {
  const plan = JSON.parse(element.dataset.plan);
  const words = new Words(plan.texts, plan.separator, plan.point);
  element.hidden = false;
  try {
    const map = await readMap(plan.url, undefined, AS_STAFF);
    draw({ element, plan, words, map });
  } catch (error) {
    console.error(error);
    element.hidden = true;
    const told = document.getElementById("house-failed");
    told.textContent = words.say("failed");
    told.hidden = false;
  }
}

function draw({ element, plan, words, map }) {
  const canvas = element.querySelector("canvas");
  const counts = new Counts(map, words);
  const house = new House(map, plan.areas);
  const view = new View(house.bounds);
  const choice = new Selection(house, words, plan.changeable);
  const painter = new HousePainter(canvas, house, view, choice, words);
  const tooltip = new Tooltip(element.querySelector(".tooltip"));
  const mode = listenToModes(element, canvas, plan.changeable);
  const parts = { canvas, house, view, painter, choice, tooltip, mode, goToStanding };
  new HousePointers(parts);
  new HouseKeyboard(parts);
  const panel = new Panel({ element, plan, words, house, choice });
  const memory = new Memory(plan.url, view);
  listenToZoom(element, view, painter);
  choice.addEventListener("change", () => painter.ask());
  choice.begin(plan.chosen);
  memory.restore();
  painter.ask();
  follow({ element, plan, words, map, house, painter, choice, counts, panel });
  element.dataset.ready = "";
}

function follow({ element, plan, words, map, house, painter, choice, counts, panel }) {
  const stale = element.querySelector(".stale");
  stale.textContent = words.say("stale");
  keepUpToDate({
    url: plan.url,
    cursor: map.cursor,
    credentials: AS_STAFF,
    onStale: (isStale) => { stale.hidden = !isStale; },
    onChange: (changes) => {
      const seats = house.update(changes);
      if (!seats) return location.reload(); // the house itself was changed
      counts.update(changes);
      for (const area of house.areas) area.free = counts.free(area.id);
      painter.changed(seats);
      choice.follow(seats);
      panel.follow(seats);
    },
  });
}

/** Whether dragging chooses or moves: with a mouse it chooses first, with a finger it moves. */
function listenToModes(element, canvas, isChangeable) {
  const mode = { isChoosing: isChangeable && matchMedia("(pointer: fine)").matches };
  const buttons = [...element.querySelectorAll("[data-mode]")];
  const show = () => {
    canvas.classList.toggle("choosing", mode.isChoosing);
    for (const button of buttons) {
      const isOn = (button.dataset.mode === "choose") === mode.isChoosing;
      button.setAttribute("aria-pressed", String(isOn));
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      mode.isChoosing = button.dataset.mode === "choose";
      show();
    });
  }
  show();
  return mode;
}

function goToStanding(area) {
  const form = document.getElementById(`field-${area.id}`);
  form?.scrollIntoView({ block: "center" });
  form?.querySelector("input[type=number]")?.focus();
}
