// Fills the screen with what a scan came to.

const GREEN_FOR = 2500; // then it makes room, so that nobody slips in on another one's green
const result = document.getElementById("result");
const next = document.getElementById("next");
let closing = 0;

/** `again` is what its button to try again does, if it has one. */
export function show(outcome, again) {
  clearTimeout(closing);
  if (again) outcome.append(next.content.cloneNode(true));
  result.classList.add("full");
  result.replaceChildren(outcome);
  outcome.querySelector("[data-again]")?.addEventListener("click", () => {
    close();
    again();
  });
  if (outcome.dataset.outcome === "in") closing = setTimeout(close, GREEN_FOR);
}

export function close() {
  clearTimeout(closing);
  result.classList.remove("full");
  result.replaceChildren();
}

result.addEventListener("click", (event) => {
  if (!event.target.closest("a, [data-again]")) close(); // a tap anywhere, not on the button alone
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
