/** The customers' keys; besides, a rectangle, a row or an area is chosen with one. */

import { Keyboard } from "../../pages/showing/keyboard.js";

export class HouseKeyboard extends Keyboard {
  _keys() {
    return {
      ...super._keys(),
      r: () => this.choice.chooseRow(this._cursor),
      a: () => this.choice.chooseArea(this._cursor),
      Escape: () => this.choice.clear(),
    };
  }

  _press(event) {
    const isRectangle = event.shiftKey && (event.key === "Enter" || event.key === " ");
    if (!isRectangle) return super._press(event);
    event.preventDefault();
    this.choice.chooseTo(this._cursor);
  }

  _moveTo(seat) {
    super._moveTo(seat);
    if (seat !== null) this.choice.look(seat);
  }
}
