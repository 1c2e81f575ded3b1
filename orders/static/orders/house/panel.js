/** Beside the plan: the seat that is looked at, what is chosen, and the buttons that change it. */

const PATIENCE = 200; // milliseconds on a seat before its holder is asked for

export class Panel {
  constructor({ element, plan, words, house, choice }) {
    Object.assign(this, { plan, words, house, choice });
    const part = (id) => element.querySelector(`#${id}`);
    this.card = part("seat-card");
    this.name = part("seat-name");
    this.state = part("seat-state");
    this.order = part("seat-order");
    this.form = part("chosen-form");
    this.told = part("chosen-told");
    this.seat = null;
    choice.addEventListener("look", (event) => this._look(event.detail));
    if (this.form) this._listen(element);
  }

  _listen(element) {
    this.choice.addEventListener("change", (event) => this._count(event.detail));
    this.form.addEventListener("submit", (event) => {
      this.form.elements.chosen.value = this.choice.ids(event.submitter.dataset.takes);
    });
    element.querySelector("#choose-row").addEventListener("click", () => this.choice.chooseRow(this.seat));
    element.querySelector("#choose-area").addEventListener("click", () => this.choice.chooseArea(this.seat));
    element.querySelector("#choose-none").addEventListener("click", () => this.choice.clear());
  }

  /** Seats have changed their state: the one that is looked at may be among them. */
  follow(seats) {
    if (seats.includes(this.seat)) this._look(this.seat);
  }

  _look(seat) {
    const { house, words } = this;
    this.seat = seat;
    this.card.hidden = false;
    this.name.textContent = house.name(seat, words);
    const price = words.price(house.row(seat).area.price);
    this.state.textContent = `${words.say(house.stateName(seat))} · ${price}`;
    this.state.dataset.state = house.stateName(seat);
    this.order.hidden = true;
    clearTimeout(this.asking);
    if (["held", "sold"].includes(house.stateName(seat))) {
      this.asking = setTimeout(() => this._findHolder(seat), PATIENCE);
    }
  }

  async _findHolder(seat) {
    const answer = await fetch(`${this.plan.holder}?seat=${this.house.ids[seat]}`).catch(() => null);
    const order = answer?.ok ? await answer.json() : {};
    if (this.seat !== seat || !order.code) return;
    this.order.hidden = false;
    this.order.href = order.address;
    this.order.textContent = `${this.words.say("order", { code: order.code })} (${order.status})`;
  }

  _count({ skipped, lost }) {
    const counts = this.choice.counts();
    const isEmpty = !(counts.free || counts.blocked);
    const sentences = [
      isEmpty ? this.words.say("nothing") : this.words.say("counted", this._grouped(counts)),
      skipped && this.words.say("skipped", { count: this.words.count(skipped) }),
      lost && this.words.say("lost", { count: this.words.count(lost) }),
    ];
    this.told.textContent = sentences.filter(Boolean).join(" ");
    for (const button of this.form.querySelectorAll("[data-takes]")) {
      const count = counts[button.dataset.takes === "available" ? "free" : "blocked"];
      button.textContent = this.words.say(button.dataset.says, { count: this.words.count(count) });
      button.disabled = !count;
    }
    this.form.querySelector("#choose-none").disabled = isEmpty;
  }

  _grouped(counts) {
    return { free: this.words.count(counts.free), blocked: this.words.count(counts.blocked) };
  }
}
