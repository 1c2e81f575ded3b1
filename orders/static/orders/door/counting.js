// Keeps the number of those who are in, and says when there is no connection to learn it by.

const EVERY = 5000;
const PATIENCE = 8000;
const attendance = document.getElementById("attendance");
const offline = document.getElementById("offline");
const address = document.querySelector("[data-count]").dataset.count;

/** A function that asks at once. */
export function keepCounting() {
  let waiting = 0;

  async function count() {
    clearTimeout(waiting);
    if (!document.hidden) offline.hidden = await ask();
    clearTimeout(waiting);
    waiting = setTimeout(count, EVERY);
  }

  for (const change of ["online", "offline"]) addEventListener(change, count);
  document.addEventListener("visibilitychange", count);
  waiting = setTimeout(count, EVERY);
  return count;
}

async function ask() {
  try {
    const answer = await fetch(address, {
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.type === "opaqueredirect") location.reload(); // it leads to the log-in and back
    const counted = answer.ok ? await answer.text() : "";
    if (counted.includes("data-attendance")) attendance.innerHTML = counted;
    return answer.status < 500;
  } catch {
    return false;
  }
}
