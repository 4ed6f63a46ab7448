/** Waits for something to be so, however slow the machine is. `what` names it when it never is. */
export async function until(
  is: () => boolean | Promise<boolean>,
  what: string,
  timeout = 60_000,
): Promise<void> {
  const end = performance.now() + timeout
  while (!(await is())) {
    if (performance.now() > end) throw new Error(`after ${timeout} ms: ${what}`)
    await new Promise(resolve => {
      setTimeout(resolve, 5)
    })
  }
}
