/** Mouse and finger as customers have them; besides, a rectangle is drawn around what is chosen. */

import { CLICK_PIXELS, Pointers } from "../../pages/showing/pointer.js";
import { seatsBetween } from "./region.js";

const LABELS_FROM = 12; // pixels from seat to seat, from which rows have their label drawn
const LABEL_PIXELS = 14;

export class HousePointers extends Pointers {
  constructor(parts) {
    super(parts);
    this.mode = parts.mode;
    this.dragging = null; // the pointer that draws the rectangle
  }

  /** Shift does for one drag what the button does for all. */
  _isChoosing(event) {
    return this.choice.isChangeable && this.mode.isChoosing !== event.shiftKey;
  }

  _press(event) {
    super._press(event);
    if (event.button) return;
    if (this.pressed.size > 1 || !this._isChoosing(event)) return this._drop();
    const corner = this._houseAt(event);
    this.dragging = event.pointerId;
    this.painter.band = [corner, corner];
  }

  _move(event) {
    if (event.pointerId !== this.dragging) return super._move(event);
    const [now, before] = [this._place(event), this.pressed.get(event.pointerId)];
    this.travelled += Math.hypot(now.left - before.left, now.top - before.top);
    this.pressed.set(event.pointerId, now);
    this.painter.band = [this.painter.band[0], this._houseAt(event)];
    this.tooltip.hide();
    this.painter.ask();
  }

  _release(event) {
    const isDrawn = event.pointerId === this.dragging && event.type === "pointerup";
    const band = this.painter.band;
    if (event.pointerId === this.dragging) this._drop();
    if (isDrawn && this.travelled >= CLICK_PIXELS) {
      this.choice.choose(seatsBetween(this.house, ...band));
    }
    super._release(event); // which takes it for a click if it did not go far
  }

  _click(event, place) {
    const row = this._labelAt(place);
    if (!row) return super._click(event, place);
    this.choice.look(row.first);
    this.choice.chooseRow(row.first);
  }

  /** The row whose label is there: at its left end, or at the edge while that end is not seen. */
  _labelAt({ left, top }) {
    const { house, view } = this;
    if (view.scale < LABELS_FROM) return null;
    const { y } = view.toHouse(left, top);
    const row = house.rows[house.firstRowFrom(y - 0.5)];
    if (!row || Math.abs(row.y - y) > 0.5) return null;
    const at = Math.max(view.toScreen(row.left, row.y).left - view.scale, 12);
    return Math.abs(left - at) < LABEL_PIXELS ? row : null;
  }

  _houseAt(event) {
    const { left, top } = this._place(event);
    return this.view.toHouse(left, top);
  }

  _drop() {
    this.dragging = null;
    this.painter.band = null;
    this.painter.ask();
  }
}
