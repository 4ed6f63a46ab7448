type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the keys that nobody set, so that defaults stay the library's. */
export function present<T extends object>(settings: T): Present<T> {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as Present<T>
}
