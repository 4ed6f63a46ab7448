/**
 * C0 except tab and line feed, DEL, C1, and what changes the direction of text: a terminal obeys them, so a document
 * could clear the screen, set the title, or hide and reorder text.
 */
const CONTROLS =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\0-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * Text for a terminal: control characters become `\u001b` and the like. The form is that of JSON, so JSON stays the
 * same JSON. Tabs and line feeds stay.
 */
export function visible(text: string): string {
  return text.replaceAll(CONTROLS, codeOf)
}

/** The same, on one line: tabs stay, line feeds do not. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', codeOf)
}

/** Whether a terminal would obey a part of `text`. */
export function hasControls(text: string): boolean {
  return visibleLine(text) !== text
}

function codeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
