/** Which part of the house was seen, so that it is seen again after something was changed. */

export class Memory {
  constructor(key, view) {
    this.key = `seen ${key}`;
    this.view = view;
    addEventListener("pagehide", () => this._keep());
  }

  restore() {
    const seen = JSON.parse(sessionStorage.getItem(this.key));
    if (!seen) return;
    Object.assign(this.view, seen);
    this.view.pan(0, 0); // which keeps it inside a window that is smaller by now
  }

  _keep() {
    const { x, y, scale } = this.view;
    sessionStorage.setItem(this.key, JSON.stringify({ x, y, scale }));
  }
}
