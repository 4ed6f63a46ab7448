/** Nothing: outside of browsers, all code holds the kernels. */
export function ownKernels(): void {}
