import type { WasmMemory } from '../../core/wasm-memory.ts'
import type { ThreadMail, ThreadStart } from './thread-mail.ts'
import { Turns } from './turns.ts'
import { workerThreads } from './worker-threads.ts'

/** The work of a thread. */
export interface ThreadWork {
  /** Takes turns of a task until none are left. */
  work(task: number): void
  /** Adds a memory that tasks will name; undefined removes it. */
  setMemory(id: number, memory: WasmMemory | undefined): void
}

/** The main function of a thread. It never returns: the thread sleeps between tasks, and its event loop never runs. */
export function runThread(create: (start: ThreadStart, turns: Turns) => ThreadWork): void {
  const { parentPort, receiveMessageOnPort, workerData } = workerThreads()!
  const start = workerData as ThreadStart
  const turns = new Turns(start.turns)
  const work = create(start, turns)
  // A task that began before this thread started is not for it.
  let { task } = turns
  turns.setUp(start.thread, true)
  for (;;) {
    turns.sleep(task)
    task = turns.task
    for (;;) {
      const mail = receiveMessageOnPort(parentPort!)?.message as ThreadMail | undefined
      if (!mail) break
      work.setMemory(mail.id, mail.memory)
    }
    try {
      work.work(task)
    } catch {
      // The caller scans each block that was not handed in.
    }
  }
}
