/**
 * Whether a handler's module is being imported, in a thread or process that is to run the handler. Importing it must not
 * start a server.
 *
 * @module
 */

let importing = 0;

/** Imports a module, during which no server can be opened. */
export async function importForHandler(module: string): Promise<Record<string, unknown>> {
  importing += 1;
  try {
    return await import(module);
  } finally {
    importing -= 1;
  }
}

/** Whether a server that is opened now would be one that an import has started. */
export function isImportingForHandler(): boolean {
  return importing > 0;
}
