/** Whether a path names a database in memory, which one connection alone can have. */
export function isInMemory(path: string): boolean {
  return path === '' || /^(?:file:)?:memory:|^file:[^?]*\?([^#]*&)?vfs=memory(?:&|#|$)/.test(path)
}
