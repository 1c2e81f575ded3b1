/** The buttons beside a plan: nearer, farther, and all of it. */

const STEP = 1.6;

export function listenToZoom(element, view, painter) {
  const actions = {
    in: () => view.zoom(STEP),
    out: () => view.zoom(1 / STEP),
    whole: () => view.showWhole(),
  };
  for (const button of element.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      actions[button.dataset.zoom]();
      painter.ask();
    });
  }
}
