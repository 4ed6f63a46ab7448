/** Bytes of memory that this process can hope for: the machine's, or what its container allows. 0 where that is not known. */
export function machineMemory(): number {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  // By its name without `node:`, which bundlers for browsers take for an import.
  const total = process?.getBuiltinModule?.('os').totalmem() ?? 0
  const allowed = process?.constrainedMemory?.() ?? 0
  return allowed > 0 && allowed < total ? allowed : total
}
