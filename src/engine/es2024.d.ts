/** Node 20 has it; the library of TypeScript's es2023 does not know it yet. */
interface String {
  isWellFormed(): boolean
}
