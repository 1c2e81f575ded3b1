/** Mouse, finger and pen: drag and pinch move the plan, a click chooses, hovering tells. */

const CLICK_PIXELS = 8; // more movement than that is a drag

export function listenToPointers({ canvas, house, view, painter, choice, tooltip, goToStanding }) {
  const pointers = new Map();
  let travelled = 0;

  function place(event) {
    const frame = canvas.getBoundingClientRect();
    return { left: event.clientX - frame.left, top: event.clientY - frame.top };
  }

  function press(event) {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    if (pointers.size === 1) travelled = 0;
  }

  function move(event) {
    const now = place(event);
    const before = pointers.get(event.pointerId);
    if (!before) return hover(event, now);
    travelled += Math.hypot(now.left - before.left, now.top - before.top);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) pinch(before, now, other);
    else view.pan(now.left - before.left, now.top - before.top);
    pointers.set(event.pointerId, now);
    tooltip.hide();
    painter.ask();
  }

  function pinch(before, now, other) {
    travelled = Infinity; // whatever follows is no click
    const distance = (point) => Math.hypot(point.left - other.left, point.top - other.top);
    view.zoom(distance(now) / Math.max(1, distance(before)), other.left, other.top);
  }

  function release(event) {
    const wasPressed = pointers.delete(event.pointerId);
    if (wasPressed && !pointers.size && travelled < CLICK_PIXELS && event.type === "pointerup") {
      click(place(event), event);
    }
  }

  function click({ left, top }, event) {
    const { x, y } = view.toHouse(left, top);
    const area = house.standingAt(x, y);
    if (area) return goToStanding(area);
    if (!view.isEasyToHit()) view.comeCloser(left, top);
    else choose(house.seatAt(x, y), event);
    painter.ask();
  }

  function choose(seat, event) {
    if (seat === null) return;
    painter.cursor = seat;
    choice.toggle(seat);
    if (event.pointerType === "mouse") tell(seat, place(event));
  }

  function hover(event, { left, top }) {
    const { x, y } = view.toHouse(left, top);
    const seat = event.pointerType === "mouse" ? house.seatAt(x, y) : null;
    if (seat === null) tooltip.hide();
    else tell(seat, { left, top });
  }

  function tell(seat, { left, top }) {
    tooltip.show(house.describe(seat, choice.words, choice.has(seat)), left, top, view.width);
  }

  function wheel(event) {
    event.preventDefault();
    const { left, top } = place(event);
    const pixels = event.deltaMode ? event.deltaY * 16 : event.deltaY;
    view.zoom(Math.exp(-Math.max(-100, Math.min(100, pixels)) * 0.004), left, top);
    painter.ask();
  }

  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => tooltip.hide());
  canvas.addEventListener("wheel", wheel, { passive: false });
}
