/** In place of setImmediate of node:timers/promises. */
export async function setImmediate(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 0))
}
