// What this device scanned last, whatever it came to.

const KEPT = 10;
const section = document.getElementById("history");
const list = section.querySelector("ol");

export function remember(outcome, code) {
  const line = document.createElement("li");
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });
  line.className = outcome.dataset.outcome;
  line.append(words("strong", textOf(outcome, ".sign, .verdict")));
  line.append(words("span", textOf(outcome, ".place")), words("span", `${time} · …${code.slice(-4)}`));
  list.prepend(line);
  while (list.children.length > KEPT) list.lastElementChild.remove();
  section.hidden = false;
}

function textOf(outcome, parts) {
  return Array.from(outcome.querySelectorAll(parts), (part) => part.textContent).join(" ");
}

function words(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
