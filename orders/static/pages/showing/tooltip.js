/** A line beside the mouse. Screen readers hear the same sentence from the plan's cursor. */

export class Tooltip {
  constructor(element) {
    this.element = element;
  }

  show(text, left, top, width) {
    this.element.textContent = text;
    this.element.hidden = false;
    const widest = width - this.element.offsetWidth - 8;
    const x = Math.max(4, Math.min(left + 14, widest));
    this.element.style.transform = `translate(${x}px, ${top + 18}px)`;
  }

  hide() {
    this.element.hidden = true;
  }
}
