/** Puts the drawn seat plan over the list. Whatever fails, the list and the form go on working. */

import { Choice } from "./choice.js";
import { enhanceCounters } from "./counter.js";
import { House } from "./house.js";
import { Keyboard } from "./keyboard.js";
import { keepUpToDate, readMap } from "./live.js";
import { Painter } from "./painter.js";
import { Pointers } from "./pointer.js";
import { Standing } from "./standing.js";
import { Tooltip } from "./tooltip.js";
import { View } from "./view.js";
import { Words } from "./words.js";
import { listenToZoom } from "./zoom.js";

enhanceCounters();
const element = document.getElementById("seat-plan");
const counted = document.querySelector("[data-standing]");
const standing = counted && new Standing(counted);
if (element) start(element);
else standing?.follow();

async function start(element) {
  const plan = JSON.parse(element.dataset.plan);
  const words = new Words(plan.texts, plan.separator, plan.point);
  const form = element.closest("form");
  const choice = new Choice(form, plan, words);
  switchViews(element);
  try {
    const map = await readMap(plan.url);
    draw({ element, plan, words, choice, map });
  } catch (error) {
    console.error(error);
    element.hidden = true;
    showList(true);
    choice.refuse("failed");
    standing?.follow();
  }
}

function draw({ element, plan, words, choice, map }) {
  const canvas = element.querySelector("canvas");
  const house = new House(map, plan.areas);
  const view = new View(house.bounds);
  choice.begin(house);
  const painter = new Painter(canvas, house, view, choice, words);
  const tooltip = new Tooltip(element.querySelector(".tooltip"));
  const parts = { canvas, house, view, painter, choice, tooltip, goToStanding };
  new Pointers(parts);
  new Keyboard(parts);
  listenToZoom(element, view, painter);
  count(map, house);
  choice.addEventListener("change", () => painter.ask());
  follow({ element, plan, words, choice, map, house, painter });
  element.dataset.ready = "";
}

function follow({ element, plan, words, choice, map, house, painter }) {
  const stale = element.querySelector(".stale");
  stale.textContent = words.say("stale");
  keepUpToDate({
    url: plan.url,
    cursor: map.cursor,
    onStale: (isStale) => { stale.hidden = !isStale; },
    onChange: (changes) => {
      const seats = house.update(changes);
      if (!seats) return location.reload(); // the organizer has changed the house itself
      count(changes, house);
      painter.changed(seats);
      choice.lose(seats);
    },
  });
}

/** The plan says how many standing places are left, too. */
function count(map, house) {
  standing?.update(map);
  for (const area of house.areas) if (area.standing) area.free = standing.free(area.id);
}

function goToStanding(area) {
  const form = document.getElementById(`area-${area.id}`);
  form.scrollIntoView({ block: "center" });
  form.querySelector("input[type=number]")?.focus();
}

/** Plan or list, as it was chosen the last time in this tab. */
function switchViews(element) {
  element.hidden = false;
  const buttons = document.querySelectorAll("[data-show]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      sessionStorage.setItem("seats-as", button.dataset.show);
      showList(button.dataset.show === "list");
    });
  }
  showList(sessionStorage.getItem("seats-as") === "list");
}

function showList(isList) {
  document.getElementById("seat-list").hidden = !isList;
  for (const id of ["drawn", "zooming"]) document.getElementById(id).hidden = isList;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String((button.dataset.show === "list") === isList));
  }
}
