/** The bytes of memory available to this process: those of the machine, or of its container. 0 if unknown. */
export function machineMemory(): number {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  // Named without `node:`, since bundlers for browsers would take that for an import.
  const total = process?.getBuiltinModule?.('os').totalmem() ?? 0
  const allowed = process?.constrainedMemory?.() ?? 0
  return allowed > 0 && allowed < total ? allowed : total
}
