/** A cursor that goes from seat to seat and is spoken, for those who use no mouse. */

import { AVAILABLE } from "./house.js";

const PAN_PIXELS = 80;
const ZOOM = 1.4;
const PANS = {
  ArrowLeft: [PAN_PIXELS, 0],
  ArrowRight: [-PAN_PIXELS, 0],
  ArrowUp: [0, PAN_PIXELS],
  ArrowDown: [0, -PAN_PIXELS],
};

export class Keyboard {
  constructor({ canvas, house, view, painter, choice }) {
    Object.assign(this, { canvas, house, view, painter, choice });
    if (!house.count) return;
    this.keys = this._keys();
    canvas.addEventListener("keydown", (event) => this._press(event));
    canvas.addEventListener("focus", () => this._enter());
    canvas.addEventListener("blur", () => painter.ask());
  }

  _keys() {
    const { view } = this;
    const toggle = () => this.choice.toggle(this._cursor);
    const closer = () => view.zoom(ZOOM);
    return {
      ArrowLeft: () => this._along(-1),
      ArrowRight: () => this._along(1),
      ArrowUp: () => this._across(-1),
      ArrowDown: () => this._across(1),
      Home: () => this._toRowEnd(false),
      End: () => this._toRowEnd(true),
      PageUp: () => this._toArea(-1),
      PageDown: () => this._toArea(1),
      Enter: toggle,
      " ": toggle,
      "+": closer,
      "=": closer, // the same key without Shift
      "-": () => view.zoom(1 / ZOOM),
      0: () => view.showWhole(),
    };
  }

  get _cursor() {
    return this.painter.cursor ?? Math.max(0, this.house.states.indexOf(AVAILABLE));
  }

  _press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const pan = event.shiftKey && PANS[event.key];
    if (pan) this.view.pan(...pan);
    else if (this.keys[event.key]) this.keys[event.key]();
    else return;
    event.preventDefault();
    this.painter.ask();
  }

  /** Come in with Tab: speak of a seat at once. A click with the mouse says its own. */
  _enter() {
    const isByKey = this.canvas.matches(":focus-visible");
    if (isByKey && this.painter.cursor === null) this._moveTo(this._cursor);
    this.painter.ask();
  }

  _moveTo(seat) {
    if (seat === null) return;
    this.painter.cursor = seat;
    const { x, y } = this.house.position(seat);
    this.view.reveal(x, y);
    this.choice.speak(this.house.describe(seat, this.choice.words, this.choice.has(seat)));
  }

  _along(step) {
    const row = this.house.row(this._cursor);
    const last = row.first + row.count - 1;
    this._moveTo(Math.min(Math.max(this._cursor + step, row.first), last));
  }

  _across(step) {
    const { x } = this.house.position(this._cursor);
    this._moveTo(this.house.seatInRow(this.house.rowOf[this._cursor] + step, x));
  }

  _toRowEnd(isLast) {
    const row = this.house.row(this._cursor);
    this._moveTo(isLast ? row.first + row.count - 1 : row.first);
  }

  _toArea(step) {
    const numbered = this.house.areas.filter((area) => !area.standing);
    const area = numbered[numbered.indexOf(this.house.row(this._cursor).area) + step];
    const row = this.house.rows.find((each) => each.area === area);
    if (row) this._moveTo(row.first);
  }
}
