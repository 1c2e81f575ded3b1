/** How many places of each area are in which state, kept up to date in the page's table. */

import { AVAILABLE, STATES } from "../../pages/showing/house.js";

export class Counts {
  constructor(map, words) {
    this.words = words;
    this.states = new Map(); // seat id → its state's number
    this.areas = new Map(); // area id → how many in each state
    this._read(map);
  }

  update(map) {
    this._read(map);
    for (const { id } of map.areas) this._show(id, this.areas.get(id));
    this._show("all", this._totals());
  }

  /** How many of an area's places can be had. */
  free(areaId) {
    return this.areas.get(areaId)[AVAILABLE];
  }

  _read(map) {
    for (const area of map.areas) {
      if (!this.areas.has(area.id)) this.areas.set(area.id, STATES.map(() => 0));
      const counts = this.areas.get(area.id);
      for (const row of area.rows) {
        for (const [id, , state] of row.seats) this._put(counts, id, STATES.indexOf(state));
      }
    }
  }

  _put(counts, id, state) {
    const before = this.states.get(id);
    if (before !== undefined) counts[before] -= 1;
    counts[state] += 1;
    this.states.set(id, state);
  }

  _totals() {
    const all = [...this.areas.values()];
    return STATES.map((_, state) => all.reduce((sum, counts) => sum + counts[state], 0));
  }

  _show(place, counts) {
    STATES.forEach((state, number) => {
      for (const cell of document.querySelectorAll(`[data-count="${place}-${state}"]`)) {
        cell.textContent = this.words.count(counts[number]);
      }
    });
  }
}
