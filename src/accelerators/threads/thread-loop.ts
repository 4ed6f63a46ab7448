import type { WasmMemory } from '../../core/wasm-memory.ts'
import type { ThreadMail, ThreadStart } from './thread-mail.ts'
import { Turns } from './turns.ts'
import { workerThreads } from './worker-threads.ts'

/** What a thread does with a task: takes turns until there are none. */
export interface ThreadWork {
  work(task: number): void
  /** A memory that tasks will name; undefined: it is gone. */
  setMemory(id: number, memory: WasmMemory | undefined): void
}

/** What runs in a thread until it is ended: it sleeps between tasks, and its event loop never runs. */
export function runThread(create: (start: ThreadStart, turns: Turns) => ThreadWork): void {
  const { parentPort, receiveMessageOnPort, workerData } = workerThreads()!
  const start = workerData as ThreadStart
  const turns = new Turns(start.turns)
  const work = create(start, turns)
  // What was a task before this thread started is not for it.
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
      // The caller does what was not handed in.
    }
  }
}
