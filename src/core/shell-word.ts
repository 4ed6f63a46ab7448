import { hasControls, visibleLine } from './visible.ts'

/** A word for the shell, quoted if necessary. Control characters are written as bash and zsh read them. */
export function shellWord(text: string): string {
  if (hasControls(text)) {
    return `$'${visibleLine(text.replaceAll(/['\\]/g, '\\$&'))}'`
  }
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
