/** The arguments with which `process.execPath` runs a module given as text, in Node, Bun and Deno. */
export function moduleArguments(source: string): string[] {
  return 'deno' in process.versions ? ['eval', source] : ['--input-type=module', '-e', source]
}

const ALLOWED = 'deno' in process.versions ? ['run', '--allow-all'] : []

/**
 * The words that run a program's file in the runtime of the tests, as a terminal or a shell takes them. Deno translates
 * arguments of Node where `spawn()` starts it, not where another program does.
 */
export function programWords(file: string): string[] {
  return [process.execPath, ...ALLOWED, file]
}

/** The same as the beginning of a shell's command. */
export function shellCommand(file: string): string {
  return programWords(file)
    .map(word => `'${word}'`)
    .join(' ')
}
