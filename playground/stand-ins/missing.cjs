// Modules of Node that read files: what a page imports has been read by the browser, so none of this is called.

module.exports = new Proxy(
  {},
  {
    get: (_, name) => () => {
      throw new Error(`a page does not have ${String(name)} of Node`)
    },
  },
)
