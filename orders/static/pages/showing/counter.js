/** The buttons beside a number of tickets; without them the number is typed. */

export function enhanceCounters() {
  for (const counter of document.querySelectorAll(".counter")) {
    const input = counter.querySelector("input");
    for (const button of counter.querySelectorAll("[data-step]")) {
      button.hidden = false;
      button.addEventListener("click", () => step(input, Number(button.dataset.step)));
    }
  }
}

function step(input, by) {
  const wanted = (Number(input.value) || 0) + by;
  input.value = Math.min(Math.max(wanted, Number(input.min)), Number(input.max));
}
