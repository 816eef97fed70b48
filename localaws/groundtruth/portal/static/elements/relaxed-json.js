// Ground Truth's own templates write attributes as JavaScript literals: 'single quotes', bare keys,
// trailing commas. This reads such a value without evaluating anything, so a hostile label name
// stays text.

const DEEPEST = 64; // levels of nesting
const ESCAPES = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", 0: "\0", "\n": "" };
const WORDS = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", null],
]);

/**
 * The value written in `text`; null where there is no text. Throws SyntaxError with the position.
 */
export function parseLiteral(text) {
  if (text == null || text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return new Reader(text).readAll();
  }
}

/**
 * A list of strings, such as the attributes labels and categories hold; [] where there is no text.
 */
export function parseStrings(text) {
  const list = parseLiteral(text) ?? [];
  if (!Array.isArray(list)) throw new SyntaxError("a list is expected");
  return list.map(String);
}

class Reader {
  #text;
  #at = 0;
  #depth = 0;

  constructor(text) {
    this.#text = text;
  }

  readAll() {
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail("there is more text after the value");
    return value;
  }

  get #next() {
    return this.#text[this.#at];
  }

  #fail(problem) {
    throw new SyntaxError(`${problem} (character ${this.#at + 1} of "${this.#text.slice(0, 80)}")`);
  }

  #skipSpace() {
    while (this.#at < this.#text.length && /\s/.test(this.#next)) this.#at++;
  }

  #take(pattern) {
    const sticky = new RegExp(pattern, "y");
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    if (found) this.#at += found.length;
    return found;
  }

  #value() {
    this.#skipSpace();
    const next = this.#next;
    if (next === '"' || next === "'") return this.#string();
    if (next === "[") return this.#nested(() => this.#array());
    if (next === "{") return this.#nested(() => this.#object());
    const number = this.#take("[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?");
    if (number) return Number(number);
    const word = this.#take("[a-z]+");
    if (WORDS.has(word)) return WORDS.get(word);
    return this.#fail(
      next === undefined ? "the text ends too early" : `unexpected "${word ?? next}"`,
    );
  }

  #nested(read) {
    if (++this.#depth > DEEPEST) this.#fail("too deeply nested");
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #array() {
    const items = [];
    while (!this.#ends("]")) {
      items.push(this.#value());
      this.#separate("]");
    }
    return items;
  }

  #object() {
    const object = {};
    while (!this.#ends("}")) {
      const key = this.#key();
      this.#skipSpace();
      if (this.#next !== ":") this.#fail(`":" expected after the key "${key}"`);
      this.#at++;
      // Defined, not assigned: the key "__proto__" must not reach the prototype.
      Object.defineProperty(object, key, {
        value: this.#value(),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      this.#separate("}");
    }
    return object;
  }

  #ends(closing) {
    this.#skipSpace();
    if (this.#next !== closing) return false;
    this.#at++;
    return true;
  }

  #separate(closing) {
    this.#skipSpace();
    if (this.#next === ",") this.#at++;
    else if (this.#next !== closing) this.#fail(`"," or "${closing}" expected`);
  }

  #key() {
    if (this.#next === '"' || this.#next === "'") return this.#string();
    return this.#take("[A-Za-z_$][\\w$-]*|\\d+") ?? this.#fail("a key expected");
  }

  #string() {
    const quote = this.#next;
    let text = "";
    for (this.#at++; this.#next !== quote; this.#at++) {
      if (this.#next === undefined) this.#fail("a string does not end");
      text += this.#next === "\\" ? this.#escape() : this.#next;
    }
    this.#at++;
    return text;
  }

  /** Leaves the position on the last character of the escape. */
  #escape() {
    this.#at++;
    const digits = { x: 2, u: 4 }[this.#next];
    if (!digits)
      return Object.hasOwn(ESCAPES, this.#next) ? ESCAPES[this.#next] : (this.#next ?? "");
    const code = this.#text.slice(this.#at + 1, this.#at + 1 + digits);
    if (code.length < digits || /[^0-9a-fA-F]/.test(code)) this.#fail("a broken escape");
    this.#at += digits;
    return String.fromCharCode(parseInt(code, 16));
  }
}
