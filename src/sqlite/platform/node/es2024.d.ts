/** Node 20 has them; the library of TypeScript's es2023 does not know them yet. */
interface String {
  isWellFormed(): boolean
  toWellFormed(): string
}
