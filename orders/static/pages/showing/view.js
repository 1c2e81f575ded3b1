/** Which part of the house is seen, and how large. Screen units are CSS pixels. */

const LARGEST = 44; // pixels from seat to seat
const EASY = 26; // as large as a finger can hit

export class View {
  constructor(bounds) {
    this.bounds = bounds;
    this.width = this.height = 1;
    this.x = this.y = 0; // the point of the house in the middle of the screen
    this.scale = 0;
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    if (this.scale) this._keepInside();
    else this.showWhole();
  }

  get wholeScale() {
    const { left, right, top, bottom } = this.bounds;
    return Math.min(this.width / (right - left), this.height / (bottom - top), EASY);
  }

  showWhole() {
    this.scale = this.wholeScale;
    this.x = (this.bounds.left + this.bounds.right) / 2;
    this.y = (this.bounds.top + this.bounds.bottom) / 2;
  }

  toHouse(left, top) {
    return {
      x: this.x + (left - this.width / 2) / this.scale,
      y: this.y + (top - this.height / 2) / this.scale,
    };
  }

  toScreen(x, y) {
    return {
      left: (x - this.x) * this.scale + this.width / 2,
      top: (y - this.y) * this.scale + this.height / 2,
    };
  }

  pan(pixelsX, pixelsY) {
    this.x -= pixelsX / this.scale;
    this.y -= pixelsY / this.scale;
    this._keepInside();
  }

  /** Zoom and keep what is under that point of the screen where it is. */
  zoom(factor, left = this.width / 2, top = this.height / 2) {
    const fixed = this.toHouse(left, top);
    this.scale = Math.min(Math.max(this.scale * factor, this.wholeScale), LARGEST);
    this.x = fixed.x - (left - this.width / 2) / this.scale;
    this.y = fixed.y - (top - this.height / 2) / this.scale;
    this._keepInside();
  }

  isEasyToHit() {
    return this.scale >= EASY / 2;
  }

  /** Make seats large enough to hit, around this point of the screen. */
  comeCloser(left, top) {
    this.zoom(EASY / this.scale, left, top);
  }

  /** Have this point of the house on the screen, not at its very edge. */
  reveal(x, y) {
    if (!this.isEasyToHit()) {
      this.scale = EASY;
      [this.x, this.y] = [x, y];
    }
    const margin = Math.min(80, this.width / 4, this.height / 4);
    const { left, top } = this.toScreen(x, y);
    this.x += beyond(left, margin, this.width - margin) / this.scale;
    this.y += beyond(top, margin, this.height - margin) / this.scale;
    this._keepInside();
  }

  _keepInside() {
    const { left, right, top, bottom } = this.bounds;
    this.scale = Math.max(this.scale, this.wholeScale);
    this.x = inside(this.x, left, right, this.width / this.scale);
    this.y = inside(this.y, top, bottom, this.height / this.scale);
  }
}

function beyond(value, least, most) {
  if (value < least) return value - least;
  return value > most ? value - most : 0;
}

/** The middle of a window of that size, moved so that the window shows as much as it can. */
function inside(middle, least, most, size) {
  if (size >= most - least) return (least + most) / 2;
  return Math.min(Math.max(middle, least + size / 2), most - size / 2);
}
