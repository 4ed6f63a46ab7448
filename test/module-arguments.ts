/** The arguments with which `process.execPath` runs a module given as text, in Node, Bun and Deno. */
export function moduleArguments(source: string): string[] {
  return 'deno' in process.versions ? ['eval', source] : ['--input-type=module', '-e', source]
}

// Deno draws a progress bar on a terminal if the modules of a program load slowly.
const ALLOWED = 'deno' in process.versions ? ['run', '--allow-all', '--quiet'] : []

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
