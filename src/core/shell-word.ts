/** As one word of a POSIX shell, for commands that messages propose. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
