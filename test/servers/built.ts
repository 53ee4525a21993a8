/**
 * The bundled servers as they are built: threads and processes import their handlers from there.
 *
 * @module
 */

const built = (path: string): string => new URL(`../../dist/${path}`, import.meta.url).href;

type Servers = typeof import("ts-socketserver/servers");
type Models = typeof import("../../dist/cli/models.js");
type Testing = typeof import("ts-socketserver/testing");

export const { bundledServers, chatRoomServer } = (await import(built("servers/index.js"))) as Servers;
export const { makeServer, modelsOf, protocolsOf } = (await import(built("cli/models.js"))) as Models;
export const { serve } = (await import(built("testing/index.js"))) as Testing;
