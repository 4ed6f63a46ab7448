import type { Answer, DatabaseCall } from '../protocol.ts'

/** Messages between the workers of tabs that share a database. `from` names the sender, `to` who is meant. */
export type TabMessage =
  /** Who leads? */
  | { readonly type: 'hello'; readonly from: string }
  /** The sender has the file open. */
  | { readonly type: 'leader'; readonly from: string }
  /** May a call be given that may write? */
  | { readonly type: 'offer'; readonly from: string; readonly to: string; readonly id: number }
  /** Yes: as long as the answer is missing, the call may have been run. */
  | { readonly type: 'take'; readonly from: string; readonly to: string; readonly id: number }
  | {
      readonly type: 'call'
      readonly from: string
      readonly to: string
      readonly id: number
      readonly call: DatabaseCall
    }
  /** The leader is about to close: the call was not run. */
  | { readonly type: 'refused'; readonly from: string; readonly to: string; readonly id: number }
  | {
      readonly type: 'answer'
      readonly from: string
      readonly to: string
      readonly id: number
      readonly answer: Answer
    }

/** The lines between the tabs: one that all hear, and one to each of them for its answers. */
export class TabLines {
  readonly id: string = crypto.randomUUID()
  readonly #name: string
  readonly #all: BroadcastChannel
  readonly #mine: BroadcastChannel
  readonly #others = new Map<string, BroadcastChannel>()

  constructor(name: string, receive: (message: TabMessage) => void) {
    this.#name = name
    this.#all = new BroadcastChannel(name)
    this.#mine = new BroadcastChannel(`${name}/${this.id}`)
    for (const channel of [this.#all, this.#mine]) {
      channel.addEventListener('message', ({ data }) => {
        receive(data as TabMessage)
      })
    }
  }

  tellAll(message: TabMessage): void {
    this.#all.postMessage(message)
  }

  tell(message: Extract<TabMessage, { to: string }>): void {
    let channel = this.#others.get(message.to)
    if (channel === undefined) {
      channel = new BroadcastChannel(`${this.#name}/${message.to}`)
      this.#others.set(message.to, channel)
    }
    channel.postMessage(message)
  }

  /** Lets go of the line to a tab that is gone. */
  forget(id: string): void {
    this.#others.get(id)?.close()
    this.#others.delete(id)
  }

  close(): void {
    for (const channel of [this.#all, this.#mine, ...this.#others.values()]) channel.close()
  }
}
