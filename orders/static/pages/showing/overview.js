/**
 * The whole house as one small picture, for when seats are too small to tell apart.
 * It is painted once and then only where something changed; moving about copies it.
 */

import { AVAILABLE } from "./house.js";

const LARGEST_PICTURE = 16e6; // pixels; phones refuse more

export class Overview {
  constructor(house, colours) {
    this.house = house;
    const { left, right, top, bottom } = house.bounds;
    const area = (right - left) * (bottom - top);
    this.unit = Math.max(1, Math.min(6, Math.floor(Math.sqrt(LARGEST_PICTURE / area))));
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.ceil((right - left) * this.unit);
    this.canvas.height = Math.ceil((bottom - top) * this.unit);
    this.context = this.canvas.getContext("2d");
    this.recolour(colours);
  }

  recolour(colours) {
    this.colours = colours;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this._paint(Array.from({ length: this.house.count }, (_, seat) => seat));
  }

  change(seats) {
    for (const seat of seats) this._square(seat, 1, "clear");
    this._paint(seats);
  }

  _paint(seats) {
    const { states } = this.house;
    this.colours.states.forEach((colour, state) => {
      this.context.fillStyle = colour;
      for (const seat of seats) {
        if (states[seat] === state) this._square(seat, state === AVAILABLE ? 0.85 : 0.4);
      }
    });
  }

  _square(seat, part, how) {
    const { x, y } = this.house.position(seat);
    const { left, top } = this.house.bounds;
    const half = part / 2;
    const place = [x - left - half, y - top - half, part, part].map((value) => value * this.unit);
    if (how === "clear") this.context.clearRect(...place);
    else this.context.fillRect(...place);
  }
}
