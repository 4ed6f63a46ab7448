/** The arguments with which `process.execPath` runs a module given as text, in Node, Bun and Deno. */
export function moduleArguments(source: string): string[] {
  return 'deno' in process.versions ? ['eval', source] : ['--input-type=module', '-e', source]
}
