/**
 * The seats that somebody has chosen, to take them off sale or put them back.
 *
 * It stands where a customer's choice stands in the plan's other parts. Only free and blocked seats
 * can be chosen: what customers have stays theirs.
 */

import { AVAILABLE, STATES } from "../../pages/showing/house.js";
import { readIds, writeIds } from "./ids.js";
import { rowOf, seatsBetween } from "./region.js";

const BLOCKED = STATES.indexOf("blocked");

export class Selection extends EventTarget {
  constructor(house, words, isChangeable) {
    super();
    Object.assign(this, { house, words, isChangeable });
    this.flags = new Uint8Array(house.count);
    this.anchor = null; // the seat from which a rectangle is chosen by keyboard
    this.spoken = document.getElementById("spoken");
  }

  /** Choose what was chosen before the page was loaded again, as far as it still can be. */
  begin(ids) {
    const seats = readIds(ids).map((id) => this.house.indexOf.get(id));
    this._set(seats.filter((seat) => seat !== undefined && this.canBeChosen(seat)), 1);
    this._changed();
  }

  has(seat) {
    return this.flags[seat] === 1;
  }

  canBeChosen(seat) {
    const state = this.house.states[seat];
    return this.isChangeable && (state === AVAILABLE || state === BLOCKED);
  }

  /** A click or Enter on one seat. */
  toggle(seat) {
    this.look(seat);
    this.anchor = seat;
    if (!this.canBeChosen(seat)) return false;
    this._set([seat], this.has(seat) ? 0 : 1);
    this._changed();
    return true;
  }

  /** Many at once; if all of them are chosen already, they are given up. */
  choose(seats) {
    const able = seats.filter((seat) => this.canBeChosen(seat));
    const isAll = able.length > 0 && able.every((seat) => this.has(seat));
    this._set(able, isAll ? 0 : 1);
    this._changed(isAll ? 0 : seats.length - able.length);
  }

  chooseRow(seat) {
    this.choose(rowOf(this.house, seat));
  }

  chooseArea(seat) {
    const area = this.house.row(seat).area;
    const rows = this.house.rows.filter((row) => row.area === area);
    this.choose(rows.flatMap((row) => rowOf(this.house, row.first)));
  }

  chooseTo(seat) {
    const from = this.house.position(this.anchor ?? seat);
    this.choose(seatsBetween(this.house, from, this.house.position(seat)));
  }

  clear() {
    this.flags.fill(0);
    this._changed();
  }

  /** Seats have changed their state: what somebody has taken can't stay chosen. */
  follow(seats) {
    const lost = seats.filter((seat) => this.has(seat) && !this.canBeChosen(seat));
    this._set(lost, 0);
    this._changed(0, lost.length);
  }

  /** How many of the chosen seats are free, and how many blocked. */
  counts() {
    const counts = { free: 0, blocked: 0 };
    this.flags.forEach((flag, seat) => {
      if (flag) counts[this.house.states[seat] === AVAILABLE ? "free" : "blocked"] += 1;
    });
    return counts;
  }

  /** The ids of the chosen seats in this state, as forms carry them. */
  ids(stateName) {
    const state = STATES.indexOf(stateName);
    const ids = [];
    this.flags.forEach((flag, seat) => {
      if (flag && this.house.states[seat] === state) ids.push(this.house.ids[seat]);
    });
    return writeIds(ids);
  }

  /** Say everything about this seat beside the plan. */
  look(seat) {
    this.dispatchEvent(new CustomEvent("look", { detail: seat }));
  }

  /** Have screen readers say it. */
  speak(sentence) {
    this.spoken.textContent = sentence;
  }

  _set(seats, flag) {
    for (const seat of seats) this.flags[seat] = flag;
  }

  _changed(skipped = 0, lost = 0) {
    this.dispatchEvent(new CustomEvent("change", { detail: { skipped, lost } }));
  }
}
