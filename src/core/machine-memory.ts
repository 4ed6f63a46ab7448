import { permitted } from './permitted.ts'

/** The bytes of memory available to this process: those of the machine, or of its container. 0 if unknown. */
export function machineMemory(): number {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  // Named without `node:`, since bundlers for browsers would take that for an import.
  const total = permitted(() => process?.getBuiltinModule?.('os').totalmem()) ?? 0
  const allowed = permitted(() => process?.constrainedMemory?.()) ?? 0
  return allowed > 0 && allowed < total ? allowed : total
}
