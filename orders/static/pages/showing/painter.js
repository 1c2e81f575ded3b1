/** Draws what is seen of the house, at most once for each frame of the screen. */

import { AVAILABLE } from "./house.js";
import { Overview } from "./overview.js";
import { CHOSEN, makeSprites, readColours } from "./sprites.js";

const SMALLEST_SEAT = 8; // pixels; below, the overview is copied
const ROW_LABELS_FROM = 12;
const NUMBERS_FROM = 20;
const TITLE_ABOVE_ROW = 22; // pixels
const STANDING_TEXT = 3; // below the title of a standing area

export class Painter {
  constructor(canvas, house, view, choice, words) {
    Object.assign(this, { canvas, house, view, choice, words });
    this.context = canvas.getContext("2d", { alpha: false });
    this.colours = readColours(canvas);
    this.overview = new Overview(house, this.colours);
    this.cursor = null;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._recolour());
    new ResizeObserver(() => this._resize()).observe(canvas);
    this._resize();
  }

  changed(seats) {
    this.overview.change(seats);
    this.ask();
  }

  /** Draw soon. */
  ask() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = undefined;
      this._draw();
      this.isDrawn ||= Boolean(performance.mark("seat-plan-drawn"));
    });
  }

  _recolour() {
    this.colours = readColours(this.canvas);
    this.overview.recolour(this.colours);
    this.sprites = undefined;
    this.ask();
  }

  _resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    this.ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * this.ratio);
    this.canvas.height = Math.round(clientHeight * this.ratio);
    this.view.resize(clientWidth, clientHeight);
    this.ask();
  }

  _draw() {
    const { context, view } = this;
    if (!this.canvas.clientWidth) return; // hidden; showing it changes its size, which draws
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = this.colours.card;
    context.fillRect(0, 0, view.width, view.height);
    if (view.scale < SMALLEST_SEAT) this._drawOverview();
    else this._drawSeats();
    this._drawAreas();
    this._drawChosen();
    this._drawCursor();
  }

  _drawOverview() {
    const { left, top } = this.house.bounds;
    const corner = this.view.toScreen(left, top);
    const { canvas, unit } = this.overview;
    const factor = this.view.scale / unit;
    this.context.drawImage(
      canvas, corner.left, corner.top, canvas.width * factor, canvas.height * factor,
    );
  }

  _drawSeats() {
    const { house, view } = this;
    this._prepareSprites();
    const [from, to] = [view.toHouse(0, 0), view.toHouse(view.width, view.height)];
    const last = house.firstRowFrom(to.y + 1);
    for (let number = house.firstRowFrom(from.y - 1); number < last; number++) {
      const row = house.rows[number];
      const first = Math.max(0, Math.floor(from.x - row.left));
      const end = Math.min(row.count, Math.ceil(to.x - row.left) + 1);
      this._drawRow(row, first, end);
    }
  }

  _drawRow(row, first, end) {
    const { context, house, view } = this;
    const half = view.scale / 2;
    const { left, top } = view.toScreen(row.left, row.y);
    for (let place = first; place < end; place++) {
      const sprite = this.sprites[house.states[row.first + place]];
      const at = left + place * view.scale - half;
      context.drawImage(sprite, at, top - half, view.scale, view.scale);
    }
    if (view.scale >= NUMBERS_FROM) this._drawNumbers(row, first, end, left, top);
    if (view.scale >= ROW_LABELS_FROM) this._drawRowLabel(row, left, top);
  }

  _drawNumbers(row, first, end, left, top) {
    this._font(this.view.scale * 0.36, this.colours.mark, "center");
    for (let place = first; place < end; place++) {
      const seat = row.first + place;
      if (this.house.states[seat] !== AVAILABLE) continue;
      this.context.fillText(this.house.numbers[seat], left + place * this.view.scale, top);
    }
  }

  /** At the row's left end, or on a margin at the edge of the screen while that end is not seen. */
  _drawRowLabel(row, left, top) {
    const { scale } = this.view;
    this._font(12, this.colours.quiet, "center");
    const margin = this.context.measureText(row.label).width + 12;
    const at = Math.max(left - scale, margin / 2);
    this.context.fillStyle = this.colours.card;
    this.context.fillRect(at - margin / 2, top - scale / 2, margin, scale);
    this.context.fillStyle = this.colours.quiet;
    this.context.fillText(row.label, at, top);
  }

  _drawAreas() {
    const half = this.house.width / 2;
    for (const area of this.house.areas) {
      const { left, top } = this.view.toScreen(-half, area.top);
      const bottom = this.view.toScreen(0, area.bottom).top;
      if (bottom < 0 || top > this.view.height) continue;
      if (area.standing) this._drawStanding(area, left, top, bottom);
      this._drawTitle(area, top);
    }
  }

  _drawTitle(area, top) {
    const title = `${area.name} · ${this.words.price(area.price)}`;
    this._font(Math.min(16, Math.max(11, this.view.scale)), this.colours.ink, "center", 600);
    const edge = this.context.measureText(title).width / 2 + 8;
    const middle = Math.min(this.view.toScreen(0, 0).left, this.view.width - edge);
    const height = (area.titleHeight - 0.5) * this.view.scale;
    const below = Math.min(height / 2, TITLE_ABOVE_ROW); // near its seats, however large they are
    this.context.fillText(title, Math.max(middle, edge), top + height - below);
  }

  _drawStanding(area, left, top, bottom) {
    const width = this.house.width * this.view.scale;
    this.context.fillStyle = this.colours.line;
    this.context.beginPath();
    this.context.roundRect(left, top, width, bottom - top, 8);
    this.context.fill();
    this._font(Math.min(14, Math.max(10, this.view.scale)), this.colours.ink, "center");
    const [free, size] = [area.free ?? 0, area.size].map((count) => this.words.count(count));
    const told = `${this.words.say("standing")} – ${this.words.say("left", { free, size })}`;
    const middle = top + ((area.titleHeight + STANDING_TEXT) * this.view.scale);
    this.context.fillText(told, left + width / 2, Math.min(middle, bottom - 8));
  }

  _drawChosen() {
    this._prepareSprites();
    const size = Math.max(this.view.scale, 7); // seen even in the overview
    for (const seat of this.choice.seats()) {
      const { x, y } = this.house.position(seat);
      const { left, top } = this.view.toScreen(x, y);
      this.context.drawImage(this.sprites[CHOSEN], left - size / 2, top - size / 2, size, size);
    }
  }

  _drawCursor() {
    if (this.cursor === null || document.activeElement !== this.canvas) return;
    const { x, y } = this.house.position(this.cursor);
    const { left, top } = this.view.toScreen(x, y);
    const size = this.view.scale + 4;
    this.context.strokeStyle = this.colours.focus;
    this.context.lineWidth = 3;
    this.context.strokeRect(left - size / 2, top - size / 2, size, size);
  }

  _prepareSprites() {
    const size = Math.max(SMALLEST_SEAT, this.view.scale) * this.ratio;
    if (this.sprites && this.spriteSize === size) return;
    this.spriteSize = size;
    this.sprites = makeSprites(size, this.colours);
  }

  _font(size, colour, align, weight = 400) {
    this.context.font = `${weight} ${size}px system-ui, sans-serif`;
    this.context.fillStyle = colour;
    this.context.textAlign = align;
    this.context.textBaseline = "middle";
  }
}
