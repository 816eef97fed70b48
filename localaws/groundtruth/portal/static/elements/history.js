// What can be undone and redone. An entry is whatever the element needs to go back; `bytes`, where
// an entry has it, counts towards the memory that all entries together may take.

const MOST_ENTRIES = 200;
const MOST_BYTES = 256 * 1024 * 1024;

export class History {
  #undo = [];
  #redo = [];
  #restore;

  /** `restore(entry)` goes back to an entry and returns the entry that leads here again. */
  constructor(restore) {
    this.#restore = restore;
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  get canRedo() {
    return this.#redo.length > 0;
  }

  push(entry) {
    this.#undo.push(entry);
    this.#redo.length = 0;
    let bytes = this.#undo.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
    while (this.#undo.length > 1 && (this.#undo.length > MOST_ENTRIES || bytes > MOST_BYTES)) {
      bytes -= this.#undo.shift().bytes ?? 0;
    }
  }

  undo() {
    return this.#move(this.#undo, this.#redo);
  }

  redo() {
    return this.#move(this.#redo, this.#undo);
  }

  clear() {
    this.#undo.length = this.#redo.length = 0;
  }

  #move(from, to) {
    if (!from.length) return false;
    to.push(this.#restore(from.pop()));
    return true;
  }
}
