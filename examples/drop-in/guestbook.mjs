// A program on better-sqlite3 without its native addon: the first import is the one change.
//   node examples/drop-in/guestbook.mjs guestbook.sqlite 'Hello from Anna'

import { fileURLToPath } from 'node:url'
import Database from 'sqlite-vec-ts/better-sqlite3' // was: import Database from 'better-sqlite3'

/** A book of guests in a file. */
export class Guestbook {
  #db
  #insert
  #all

  constructor(path) {
    this.#db = new Database(path)
    this.#db.pragma('foreign_keys = ON')
    this.#db.exec(
      'CREATE TABLE IF NOT EXISTS entries(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)',
    )
    this.#insert = this.#db.prepare('INSERT INTO entries(text) VALUES (@text)')
    this.#all = this.#db.prepare('SELECT text FROM entries ORDER BY id DESC').pluck()
  }

  /** All or none. Returns how many there are then. */
  write(texts) {
    const write = this.#db.transaction(lines => {
      for (const text of lines) this.#insert.run({ text })
    })
    write.immediate(texts)
    return this.#all.all().length
  }

  /** The latest first. */
  read() {
    return this.#all.all()
  }

  close() {
    this.#db.close()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [path = 'guestbook.sqlite', ...texts] = process.argv.slice(2)
  const book = new Guestbook(path)
  book.write(texts)
  console.log(book.read().join('\n'))
  book.close()
}
