import { shellWord } from '../core/shell-word.ts'

/** The flags of library options that have another name. */
const NAMES: Readonly<Record<string, string>> = {
  overwrite: 'force',
  embed: 'embed-command',
}

const VALUE = String.raw`("(?:[^"\\]|\\.)*"|true|\d+)`
/** Matches `{ format: "tsv" }`, `{ format }`, `{ fields: { id: "key" } }`, but not the second argument of a call. */
const OPTION = new RegExp(
  String.raw`\{ (\w+)(?:: (?:${VALUE}|\{ (\w+)(?:: ${VALUE})? \}))? \}(?!\))`,
  'g',
)

/** Replaces the options in a message of the library, which are written as code, by flags. */
export function withFlags(text: string): string {
  return text.replaceAll(
    OPTION,
    (_, name: string, value?: string, member?: string, memberValue?: string) =>
      member === undefined ? flag(name, value) : flag(`${member}Field`, memberValue),
  )
}

function flag(option: string, value: string | undefined): string {
  const name = NAMES[option] ?? option.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  if (value === undefined || value === 'true') return `--${name}`
  return `--${name} ${shellWord(value.startsWith('"') ? (JSON.parse(value) as string) : value)}`
}
