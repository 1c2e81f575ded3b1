/** Sentences and prices, in the words that the page came with. */

export class Words {
  constructor(texts, separator, point) {
    this.texts = texts;
    this.separator = separator;
    this.point = point;
  }

  say(name, values = {}) {
    return this.texts[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  }

  count(number) {
    return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, this.separator);
  }

  money(amount) {
    const [whole, parts] = amount.toFixed(2).split(".");
    const rest = parts === "00" ? "" : this.point + parts;
    return `${this.count(whole)}${rest} VND`;
  }

  price(amount) {
    return amount ? this.money(amount) : this.say("is_free");
  }
}
