// Asks the server about a code. A question that got no answer keeps its name for a minute: the
// server answers a repeated one as it did before, and takes another name for another person.

const PATIENCE = 8000;
const REPEATABLE = 60000;
const unanswered = new Map();

/** The element that says what the code came to; a kind of `unsent` where nobody knows. */
export async function sendScan(form, code) {
  const question = nameOf(code);
  const body = new FormData(form);
  body.set("ticket", code);
  body.set("scan", question.name);
  try {
    const answer = await fetch(form.dataset.scan, {
      method: "POST",
      body,
      redirect: "error", // to the log-in, where the count soon leads as well
      signal: AbortSignal.timeout(PATIENCE),
    });
    const outcome = outcomeIn(await answer.text());
    if (outcome) {
      unanswered.delete(code);
      return outcome;
    }
  } catch {
    // No network, or too slow a one.
  }
  return copyOf("unanswered");
}

function nameOf(code) {
  const before = unanswered.get(code);
  const now = performance.now();
  const question = before && now - before.at < REPEATABLE ? before : { name: newName(), at: now };
  unanswered.set(code, question);
  return question;
}

function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function outcomeIn(page) {
  const template = document.createElement("template");
  template.innerHTML = page;
  return template.content.querySelector("[data-outcome]");
}

/** What one of the page's templates says. */
export function copyOf(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}
