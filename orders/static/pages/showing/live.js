/** Keeps the seats up to date: asks for changes every few seconds while somebody looks. */

const SECONDS = 4;
const MOST_SECONDS = 60; // between two tries while there is no answer

export async function readMap(url, since, credentials = "omit") {
  const answer = await fetch(since ? `${url}?since=${since}` : url, {
    headers: { Accept: "application/json" },
    credentials,
  });
  if (!answer.ok) throw new Error(`The seat map answered ${answer.status}.`);
  return answer.json();
}

/**
 * Calls `onChange` with each map of changes, and `onStale` with whether the last try failed.
 * Without a `cursor` the first map is the whole one.
 */
export function keepUpToDate({ url, cursor, credentials, onChange, onStale }) {
  let wait = SECONDS;
  let timer;

  async function ask() {
    try {
      const map = await readMap(url, cursor, credentials);
      cursor = map.cursor;
      wait = SECONDS;
      onStale(false);
      if (map.areas.length) onChange(map);
    } catch {
      wait = Math.min(wait * 2, MOST_SECONDS);
      onStale(true);
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (document.hidden) return;
    // Not all at the same moment, when many came with the same link.
    timer = setTimeout(ask, wait * 1000 * (0.8 + Math.random() * 0.4));
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) ask();
  });
  plan();
}
