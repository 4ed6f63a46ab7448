/** The name of a module in CREATE VIRTUAL TABLE, and the text in the parentheses after it. */
const USING = /^CREATE\s+VIRTUAL\s+TABLE\b.*?\bUSING\s+"?(\w+)"?\s*(?:\((.*)\))?\s*$/is
const ARGUMENT = /(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|[^,"'])+/g

/** The content of CREATE VIRTUAL TABLE: the module in lower case, and its arguments as SQLite passes them on. */
export interface ModuleUse {
  readonly module: string
  readonly args: readonly string[]
}

/** Parses the text that a schema stores for a table; undefined for an ordinary table. */
export function moduleUseOf(sql: string): ModuleUse | undefined {
  const using = USING.exec(sql)
  if (!using) return undefined
  return { module: using[1].toLowerCase(), args: moduleArguments(using[2] ?? '') }
}

/** The arguments in the parentheses of USING module(...), as SQLite passes them on. */
export function moduleArguments(text: string): string[] {
  return text.match(ARGUMENT) ?? []
}
