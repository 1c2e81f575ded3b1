/** The chosen seats: as a list with prices, as fields of the form, and as what is announced. */

import { AVAILABLE } from "./house.js";

export class Choice extends EventTarget {
  constructor(form, plan, words) {
    super();
    this.house = null;
    this.words = words;
    this.isSelling = plan.selling;
    this.most = plan.most;
    this.list = form.querySelector("#chosen");
    this.checkboxes = form.querySelector("#seat-list");
    this.total = form.querySelector("#total");
    this.nothing = form.querySelector("#nothing-chosen");
    this.spoken = form.querySelector("#spoken");
    this.told = form.querySelector("#told");
    this.items = new Map(); // seat id → { name, price, element }
  }

  /**
   * Start with what the page came with, and with what was ticked since; names and prices are those
   * of the map.
   */
  begin(house) {
    this.house = house;
    const boxes = [...this.checkboxes.querySelectorAll('input[name="seats"]')];
    const unticked = new Set(boxes.filter((box) => !box.checked).map((box) => Number(box.value)));
    for (const element of [...this.list.children]) {
      const id = Number(element.dataset.seat);
      element.remove();
      if (house.indexOf.has(id) && !unticked.has(id)) this._put(id);
    }
    for (const box of boxes) if (box.checked) this._ticked(box);
    this.checkboxes.addEventListener("change", (event) => this._ticked(event.target));
    this._show();
  }

  seats() {
    return [...this.items.keys()].map((id) => this.house.indexOf.get(id));
  }

  has(seat) {
    return this.items.has(this.house.ids[seat]);
  }

  /** Choose or give up; answers whether anything was done. */
  toggle(seat) {
    const id = this.house.ids[seat];
    if (this.items.has(id)) return this._remove(id, "removed");
    if (!this.isSelling) return this.refuse("not_selling");
    if (this.house.states[seat] !== AVAILABLE) {
      return this.refuse("not_free", { state: this.words.say(this.house.stateName(seat)) });
    }
    if (this.items.size >= this.most) return this.refuse("too_many", { most: this.most });
    this._put(id);
    this._tell("added", id);
    return true;
  }

  /** Have screen readers say it. */
  speak(sentence) {
    this.spoken.textContent = sentence;
  }

  /** Give up what somebody else has taken meanwhile. */
  lose(seats) {
    for (const seat of seats) {
      const id = this.house.ids[seat];
      if (!this.items.has(id) || this.house.states[seat] === AVAILABLE) continue;
      const values = { seat: this.items.get(id).name };
      this._remove(id);
      this.refuse("lost", values);
    }
  }

  refuse(reason, values) {
    this.told.textContent = this.words.say(reason, values);
    this.told.hidden = false;
    return false;
  }

  _put(id) {
    const seat = this.house.indexOf.get(id);
    const name = this.house.name(seat, this.words);
    const price = this.house.row(seat).area.price;
    const element = this._element(id, name, price);
    this.items.set(id, { name, price, element });
    this.list.append(element);
    this._tick(id, true);
  }

  _element(id, name, price) {
    const field = Object.assign(document.createElement("input"), {
      type: "hidden", name: "seats", value: id,
    });
    const cost = document.createElement("span");
    cost.className = "price";
    cost.textContent = this.words.price(price);
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "link", textContent: this.words.say("remove") });
    button.setAttribute("aria-label", `${this.words.say("remove")}: ${name}`);
    button.addEventListener("click", () => this._removeByHand(id));
    const element = document.createElement("li");
    element.dataset.seat = id;
    element.append(field, Object.assign(document.createElement("span"), { textContent: name }), cost, button);
    return element;
  }

  /** The button that had the focus is gone, so the next one takes it. */
  _removeByHand(id) {
    const { element } = this.items.get(id);
    const next = (element.nextElementSibling ?? element.previousElementSibling)?.querySelector("button");
    this._remove(id, "removed");
    (next ?? document.getElementById("chosen-title")).focus();
  }

  _remove(id, told) {
    const { name, element } = this.items.get(id);
    element.remove();
    this.items.delete(id);
    this._tick(id, false);
    if (told) this._tell(told, id, name);
    else this._show();
    return true;
  }

  _tick(id, isChosen) {
    const box = this.checkboxes.querySelector(`input[name="seats"][value="${id}"]`);
    if (box) box.checked = isChosen;
  }

  _ticked(box) {
    if (box.name !== "seats") return;
    const seat = this.house.indexOf.get(Number(box.value));
    if (seat === undefined || box.checked === this.has(seat)) return;
    if (!this.toggle(seat)) box.checked = false;
  }

  _tell(what, id, name = this.items.get(id).name) {
    this.told.hidden = true;
    this._show();
    const [count, total] = [this.items.size, this.words.money(this._sum())];
    this.speak(this.words.say(what, { seat: name, count, total }));
  }

  _sum() {
    return [...this.items.values()].reduce((sum, item) => sum + item.price, 0);
  }

  _show() {
    const isEmpty = this.items.size === 0;
    this.total.textContent = this.words.money(this._sum());
    this.total.parentElement.hidden = isEmpty;
    this.nothing.hidden = !isEmpty;
    this.dispatchEvent(new Event("change"));
  }
}
