/** Sentences and prices, in the words that the page came with. */

export class Words {
  constructor(texts, separator) {
    this.texts = texts;
    this.separator = separator;
  }

  say(name, values = {}) {
    return this.texts[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  }

  count(number) {
    return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, this.separator);
  }

  money(amount) {
    return `${this.count(amount)} VND`;
  }

  price(amount) {
    return amount ? this.money(amount) : this.say("is_free");
  }
}
