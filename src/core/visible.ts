/**
 * C0 except tab and line feed, DEL, C1, and characters that change the direction of text. A terminal obeys them, so a
 * document could clear the screen, set the title, or hide and reorder text.
 */
const CONTROLS =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\0-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * Text for a terminal: control characters become `\u001b` and the like, as in JSON, so JSON stays valid. Tabs and line
 * feeds stay.
 */
export function visible(text: string): string {
  return text.replaceAll(CONTROLS, codeOf)
}

/** Text for one line of a terminal: tabs stay, line feeds do not. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', codeOf)
}

/** Whether `text` contains characters that a terminal would obey. */
export function hasControls(text: string): boolean {
  return visibleLine(text) !== text
}

function codeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
