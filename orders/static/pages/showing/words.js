/** Sentences and prices, in the words that the page came with. */

export class Words {
  constructor(texts, separator) {
    this.texts = texts;
    this.separator = separator;
  }

  say(name, values = {}) {
    return this.texts[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  }

  money(amount) {
    const grouped = String(amount).replace(/\B(?=(\d{3})+(?!\d))/g, this.separator);
    return `${grouped} ₫`;
  }

  price(amount) {
    return amount ? this.money(amount) : this.say("is_free");
  }
}
