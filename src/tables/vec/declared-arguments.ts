/** The name of a module in CREATE VIRTUAL TABLE, and what is in the parentheses behind it. */
const USING = /^CREATE\s+VIRTUAL\s+TABLE\b.*?\bUSING\s+"?(\w+)"?\s*(?:\((.*)\))?\s*$/is
const ARGUMENT = /(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|[^,"'])+/g

/** What CREATE VIRTUAL TABLE says: a module in lower case, and its arguments as SQLite hands them on. */
export interface ModuleUse {
  readonly module: string
  readonly args: readonly string[]
}

/** Reads the text that a schema holds of a table; undefined for an ordinary table. */
export function moduleUseOf(sql: string): ModuleUse | undefined {
  const using = USING.exec(sql)
  if (!using) return undefined
  return { module: using[1].toLowerCase(), args: (using[2] ?? '').match(ARGUMENT) ?? [] }
}
