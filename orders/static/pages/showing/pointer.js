/** Mouse, finger and pen: drag and pinch move the plan, a click chooses, hovering tells. */

export const CLICK_PIXELS = 8; // more movement than that is a drag
const LINE_PIXELS = 16; // of wheels that count in lines
const WHEEL_MOST = 100;
const WHEEL_ZOOM = 0.004;

export class Pointers {
  constructor({ canvas, house, view, painter, choice, tooltip, goToStanding }) {
    Object.assign(this, { canvas, house, view, painter, choice, tooltip, goToStanding });
    this.pressed = new Map(); // pointer id → where it was
    this.travelled = 0;
    const listen = (type, how, options) => canvas.addEventListener(type, how.bind(this), options);
    listen("pointerdown", this._press);
    listen("pointermove", this._move);
    listen("pointerup", this._release);
    listen("pointercancel", this._release);
    listen("pointerleave", () => tooltip.hide());
    listen("wheel", this._wheel, { passive: false });
  }

  _place(event) {
    const frame = this.canvas.getBoundingClientRect();
    return { left: event.clientX - frame.left, top: event.clientY - frame.top };
  }

  _press(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pressed.set(event.pointerId, this._place(event));
    if (this.pressed.size === 1) this.travelled = 0;
  }

  _move(event) {
    const now = this._place(event);
    const before = this.pressed.get(event.pointerId);
    if (!before) return this._hover(event, now);
    this.travelled += Math.hypot(now.left - before.left, now.top - before.top);
    const other = [...this.pressed].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this._pinch(before, now, other);
    else this.view.pan(now.left - before.left, now.top - before.top);
    this.pressed.set(event.pointerId, now);
    this.tooltip.hide();
    this.painter.ask();
  }

  _pinch(before, now, other) {
    this.travelled = Infinity; // whatever follows is no click
    const distance = (point) => Math.hypot(point.left - other.left, point.top - other.top);
    this.view.zoom(distance(now) / Math.max(1, distance(before)), other.left, other.top);
  }

  _release(event) {
    const wasPressed = this.pressed.delete(event.pointerId);
    const isClick = event.type === "pointerup" && this.travelled < CLICK_PIXELS;
    if (wasPressed && isClick && !this.pressed.size) this._click(event, this._place(event));
  }

  _click(event, { left, top }) {
    const { x, y } = this.view.toHouse(left, top);
    const area = this.house.standingAt(x, y);
    if (area) return this.goToStanding(area);
    if (!this.view.isEasyToHit()) this.view.comeCloser(left, top);
    else this._choose(event, this.house.seatAt(x, y));
    this.painter.ask();
  }

  _choose(event, seat) {
    if (seat === null) return;
    this.painter.cursor = seat;
    this.choice.toggle(seat);
    if (event.pointerType === "mouse") this._tell(seat, this._place(event));
  }

  _hover(event, { left, top }) {
    const { x, y } = this.view.toHouse(left, top);
    const seat = event.pointerType === "mouse" ? this.house.seatAt(x, y) : null;
    if (seat === null) this.tooltip.hide();
    else this._tell(seat, { left, top });
  }

  _tell(seat, { left, top }) {
    const sentence = this.house.describe(seat, this.choice.words, this.choice.has(seat));
    this.tooltip.show(sentence, left, top, this.view.width);
  }

  _wheel(event) {
    event.preventDefault();
    const { left, top } = this._place(event);
    const turned = event.deltaMode ? event.deltaY * LINE_PIXELS : event.deltaY;
    const pixels = Math.max(-WHEEL_MOST, Math.min(WHEEL_MOST, turned));
    this.view.zoom(Math.exp(-pixels * WHEEL_ZOOM), left, top);
    this.painter.ask();
  }
}
