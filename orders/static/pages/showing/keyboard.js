/** A cursor that goes from seat to seat and is spoken, for those who use no mouse. */

import { AVAILABLE } from "./house.js";

const PAN_PIXELS = 80;
const ZOOM = 1.4;

export function listenToKeys({ canvas, house, view, painter, choice, spoken }) {
  if (!house.count) return;

  function moveTo(seat) {
    if (seat === null) return;
    painter.cursor = seat;
    const { x, y } = house.position(seat);
    view.reveal(x, y);
    spoken.textContent = house.describe(seat, choice.words, choice.has(seat));
  }

  function along(step) {
    const row = house.row(painter.cursor);
    const seat = painter.cursor + step;
    moveTo(Math.min(Math.max(seat, row.first), row.first + row.count - 1));
  }

  function across(step) {
    const { x } = house.position(painter.cursor);
    moveTo(house.seatInRow(house.rowOf[painter.cursor] + step, x));
  }

  function toArea(step) {
    const numbered = house.areas.filter((area) => !area.standing);
    const at = numbered.indexOf(house.row(painter.cursor).area) + step;
    const row = house.rows.find((each) => each.area === numbered[at]);
    if (row) moveTo(row.first);
  }

  function toRowEnd(isLast) {
    const row = house.row(painter.cursor);
    moveTo(isLast ? row.first + row.count - 1 : row.first);
  }

  const keys = {
    ArrowLeft: () => along(-1),
    ArrowRight: () => along(1),
    ArrowUp: () => across(-1),
    ArrowDown: () => across(1),
    Home: () => toRowEnd(false),
    End: () => toRowEnd(true),
    PageUp: () => toArea(-1),
    PageDown: () => toArea(1),
    Enter: () => choice.toggle(painter.cursor),
    " ": () => choice.toggle(painter.cursor),
    "+": () => view.zoom(ZOOM),
    "=": () => view.zoom(ZOOM),
    "-": () => view.zoom(1 / ZOOM),
    0: () => view.showWhole(),
  };
  const pans = {
    ArrowLeft: [PAN_PIXELS, 0],
    ArrowRight: [-PAN_PIXELS, 0],
    ArrowUp: [0, PAN_PIXELS],
    ArrowDown: [0, -PAN_PIXELS],
  };

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const pan = event.shiftKey && pans[event.key];
    if (pan) view.pan(...pan);
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
    painter.ask();
  });
  canvas.addEventListener("focus", () => {
    if (painter.cursor === null && canvas.matches(":focus-visible")) moveTo(firstFree(house));
    painter.ask();
  });
  canvas.addEventListener("blur", () => painter.ask());
}

function firstFree(house) {
  return Math.max(0, house.states.indexOf(AVAILABLE));
}
