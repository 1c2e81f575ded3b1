/** Ids in shorthand, `101-250,300`, so that a whole stadium fits into one field of a form. */

export function writeIds(ids) {
  const runs = [];
  for (const id of [...ids].sort((one, other) => one - other)) {
    const run = runs.at(-1);
    if (run && run[1] === id - 1) run[1] = id;
    else runs.push([id, id]);
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(",");
}

export function readIds(text) {
  return text.split(",").filter(Boolean).flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, step) => first + step);
  });
}
