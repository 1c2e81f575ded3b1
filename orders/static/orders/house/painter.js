/** The customers' painter, with what is chosen here: thousands of seats, and a rectangle. */

import { Painter } from "../../pages/showing/painter.js";
import { CHOSEN } from "../../pages/showing/sprites.js";

const SEEN_THROUGH = 0.45; // so that a chosen seat still shows its state

export class HousePainter extends Painter {
  constructor(...parts) {
    super(...parts);
    this.band = null; // two corners in the house
    // The back office is light or dark by a class, not only by the system's wish.
    new MutationObserver(() => this._recolour())
      .observe(document.documentElement, { attributeFilter: ["class"] });
  }

  /** Chosen seats that stand beside each other are one shape, however many they are. */
  _drawChosen() {
    const { context, house, view } = this;
    context.fillStyle = this.colours.states[CHOSEN];
    context.globalAlpha = SEEN_THROUGH;
    const last = house.firstRowFrom(view.toHouse(0, view.height).y + 1);
    for (let number = house.firstRowFrom(view.toHouse(0, 0).y - 1); number < last; number++) {
      this._drawRuns(house.rows[number]);
    }
    context.globalAlpha = 1;
    this._drawBand();
  }

  _drawRuns(row) {
    const { flags } = this.choice;
    const end = row.first + row.count;
    for (let seat = row.first; seat < end; seat++) {
      if (!flags[seat]) continue;
      const start = seat;
      while (seat + 1 < end && flags[seat + 1]) seat++;
      this._drawRun(row, start - row.first, seat - start + 1);
    }
  }

  _drawRun(row, place, count) {
    const { scale } = this.view;
    const { left, top } = this.view.toScreen(row.left + place, row.y);
    this.context.fillRect(left - scale / 2, top - scale / 2, count * scale, scale);
  }

  _drawBand() {
    if (!this.band) return;
    const { context, view } = this;
    const [from, to] = this.band.map(({ x, y }) => view.toScreen(x, y));
    const shape = [from.left, from.top, to.left - from.left, to.top - from.top];
    context.fillStyle = context.strokeStyle = this.colours.states[CHOSEN];
    context.globalAlpha = 0.15;
    context.fillRect(...shape);
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.strokeRect(...shape);
  }
}
