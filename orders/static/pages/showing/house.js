/**
 * All numbered seats of a showing, in typed arrays, one entry for each seat.
 *
 * The plan has no real positions: rows lie below each other in their area, areas below each other.
 * One unit is the distance of two seats. Rows are kept by ascending y, so that what is visible is
 * found without looking at every seat.
 */

export const STATES = ["available", "held", "sold", "blocked"];
export const AVAILABLE = 0;
const AREA_GAP = 2;
const LEAST_TITLE_HEIGHT = 2;
const TITLES_PART = 0.045; // of all rows, so that titles can be read when the whole house is seen
const STANDING_HEIGHT = 7;
const MARGIN = 3;

export class House {
  constructor(map, areas) {
    const mapped = new Map(map.areas.map((area) => [area.id, area]));
    this.areas = areas.map((area) => ({ ...area, rows: mapped.get(area.id)?.rows ?? [] }));
    this.width = Math.max(20, ...this._numbered().flatMap((a) => a.rows.map((r) => r.seats.length)));
    this.rows = [];
    this.indexOf = new Map();
    this._allocate();
    this._layOut();
  }

  get bounds() {
    const half = this.width / 2 + MARGIN;
    return { left: -half, right: half, top: 0, bottom: this.height };
  }

  _numbered() {
    return this.areas.filter((area) => !area.standing);
  }

  _allocate() {
    const counts = this._numbered().flatMap((area) => area.rows.map((row) => row.seats.length));
    this.count = counts.reduce((sum, count) => sum + count, 0);
    this.ids = new Float64Array(this.count); // ids are 64 bits wide
    this.states = new Uint8Array(this.count);
    this.rowOf = new Uint32Array(this.count);
    this.numbers = new Array(this.count);
    this.rowYs = new Float64Array(counts.length);
  }

  _layOut() {
    const titleHeight = Math.max(LEAST_TITLE_HEIGHT, Math.round(this.rowYs.length * TITLES_PART));
    let y = 1;
    for (const area of this.areas) {
      area.top = y;
      area.titleHeight = titleHeight;
      y += titleHeight;
      if (area.standing) y += STANDING_HEIGHT;
      else for (const row of area.rows) this._addRow(area, row, y++);
      area.bottom = y;
      delete area.rows; // the arrays have it all
      y += AREA_GAP;
    }
    this.height = y;
  }

  _addRow(area, given, y) {
    const before = this.rows.at(-1);
    const first = before ? before.first + before.count : 0;
    const row = { area, id: given.id, label: given.label, y, first, count: given.seats.length };
    row.left = -(row.count - 1) / 2;
    this.rowYs[this.rows.length] = y;
    given.seats.forEach(([id, number, state], place) => {
      const seat = first + place;
      this.ids[seat] = id;
      this.numbers[seat] = number;
      this.states[seat] = STATES.indexOf(state);
      this.rowOf[seat] = this.rows.length;
      this.indexOf.set(id, seat);
    });
    this.rows.push(row);
  }

  /** Take changes in; answers the seats that changed, or null if the house must be read anew. */
  update(map) {
    const standing = new Set(this.areas.filter((area) => area.standing).map((area) => area.id));
    const changed = [];
    for (const area of map.areas) {
      if (standing.has(area.id)) continue;
      for (const row of area.rows) {
        for (const [id, number, state] of row.seats) {
          const seat = this.indexOf.get(id);
          if (seat === undefined) return null;
          this.numbers[seat] = number;
          this.states[seat] = STATES.indexOf(state);
          changed.push(seat);
        }
      }
    }
    return changed;
  }

  row(seat) {
    return this.rows[this.rowOf[seat]];
  }

  stateName(seat) {
    return STATES[this.states[seat]];
  }

  name(seat, words, sentence = "seat", values = {}) {
    const row = this.row(seat);
    const place = { area: row.area.name, row: row.label, number: this.numbers[seat] };
    return words.say(sentence, { ...place, ...values });
  }

  /** Everything about a seat in one sentence, for the tooltip and for screen readers. */
  describe(seat, words, isChosen) {
    const price = words.price(this.row(seat).area.price);
    const state = words.say(isChosen ? "chosen" : this.stateName(seat));
    return this.name(seat, words, "spoken", { price, state });
  }

  position(seat) {
    const row = this.row(seat);
    return { x: row.left + seat - row.first, y: row.y };
  }

  /** The number of the first row at `y` or below. */
  firstRowFrom(y) {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rowYs[middle] < y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  seatAt(x, y) {
    const row = this.rows[this.firstRowFrom(y - 0.5)];
    if (!row || Math.abs(row.y - y) > 0.5) return null;
    const place = Math.round(x - row.left);
    return place >= 0 && place < row.count ? row.first + place : null;
  }

  /** The seat of another row that is nearest to this one, or null past the last row. */
  seatInRow(rowNumber, x) {
    const row = this.rows[rowNumber];
    if (!row) return null;
    const place = Math.round(x - row.left);
    return row.first + Math.min(Math.max(place, 0), row.count - 1);
  }

  standingAt(x, y) {
    const inside = (area) => area.standing && y >= area.top && y <= area.bottom;
    return Math.abs(x) <= this.width / 2 ? this.areas.find(inside) : undefined;
  }
}
