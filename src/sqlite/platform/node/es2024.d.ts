/** Node 20 has these methods; the es2023 library of TypeScript does not declare them. */
interface String {
  isWellFormed(): boolean
  toWellFormed(): string
}
