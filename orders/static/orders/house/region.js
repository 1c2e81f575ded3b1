/** Which seats lie in a rectangle of the house, or in a row. */

const TOUCHED = 0.41; // half of a seat as it is drawn: whatever the rectangle touches is in it

export function seatsBetween(house, from, to) {
  const [left, right] = [Math.min(from.x, to.x) - TOUCHED, Math.max(from.x, to.x) + TOUCHED];
  const [top, bottom] = [Math.min(from.y, to.y) - TOUCHED, Math.max(from.y, to.y) + TOUCHED];
  const seats = [];
  for (let number = house.firstRowFrom(top); number < house.rows.length; number++) {
    const row = house.rows[number];
    if (row.y > bottom) break;
    const first = Math.max(0, Math.ceil(left - row.left));
    const last = Math.min(row.count - 1, Math.floor(right - row.left));
    for (let place = first; place <= last; place++) seats.push(row.first + place);
  }
  return seats;
}

/** All seats of the row in which this one stands. */
export function rowOf(house, seat) {
  const row = house.row(seat);
  return Array.from({ length: row.count }, (_, place) => row.first + place);
}
