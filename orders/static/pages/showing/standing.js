/** Says how many standing places are left, counted from the seat map and its changes. */

import { keepUpToDate } from "./live.js";
import { Words } from "./words.js";

const FREE = "available";

export class Standing {
  constructor(element) {
    const { url, separator, texts } = JSON.parse(element.dataset.standing);
    this.url = url;
    this.words = new Words(texts, separator);
    this.forms = new Map();
    this.freePlaces = new Map(); // area id → ids of its free places
    for (const form of element.querySelectorAll("[data-area]")) {
      this.forms.set(Number(form.dataset.area), form);
      this.freePlaces.set(Number(form.dataset.area), new Set());
    }
  }

  /** Where no plan is drawn, nobody else asks for the map: the first answer is all of it. */
  follow() {
    keepUpToDate({ url: this.url, onStale: () => {}, onChange: (map) => this.update(map) });
  }

  /** Take in the whole map, and later its changes. */
  update(map) {
    for (const area of map.areas) {
      const free = this.freePlaces.get(area.id);
      if (!free) continue;
      for (const [id, , state] of area.rows.flatMap((row) => row.seats)) {
        if (state === FREE) free.add(id);
        else free.delete(id);
      }
      this._show(area.id);
    }
  }

  free(areaId) {
    return this.freePlaces.get(areaId).size;
  }

  _show(areaId) {
    const count = this.free(areaId);
    const form = this.forms.get(areaId);
    const text = this.words.say(count ? "some" : "none", { free: this.words.count(count) });
    form.querySelector("[data-left]").textContent = text;
    const counting = form.querySelector(".counting");
    if (counting) counting.hidden = !count;
  }
}
