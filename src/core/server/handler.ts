/**
 * What a server knows of handlers, and how it makes and runs one: directly, or by dependency injection.
 *
 * @module
 */

import "reflect-metadata";
import type { Logger } from "pino";
import { type DependencyContainer, type InjectionToken, container as rootContainer } from "tsyringe";
import type { Address } from "../address/address.js";

/** A handler, as the server sees it: something made for one request, which can be run. */
export interface RequestHandler<Request = unknown> {
  readonly request: Request;
  /** Serves the request. */
  run(): Promise<void>;
}

/**
 * A class of handlers for a kind of request.
 *
 * It is constructed with `(request, clientAddress, server)`, or, where its constructor's parameters are injected, by
 * tsyringe. The type of its `request` must be what the server hands out: a handler of datagrams does not fit a TCP server.
 */
export type RequestHandlerClass<Request = unknown> = new (...args: never[]) => RequestHandler<Request>;

/** The token by which a handler's constructor is injected the request: a `Socket`, or a datagram. */
export const REQUEST_TOKEN = Symbol("socketserver:request");
/** The token for the client's address. */
export const CLIENT_ADDRESS_TOKEN = Symbol("socketserver:clientAddress");
/** The token for the server. */
export const SERVER_TOKEN = Symbol("socketserver:server");
/** The token for the request's logger: pino, with the client's address on every line. */
export const LOGGER_TOKEN = Symbol("socketserver:logger");

/** What one handler is made from. */
export interface HandlerContext<Request> {
  readonly request: Request;
  readonly clientAddress: Address;
  readonly server: object;
  /** The application's container; by default tsyringe's own. */
  readonly container: DependencyContainer | undefined;
  /** Made only when it is asked for. */
  logger(): Logger;
}

/** Whether each class is made by the container; found out once. */
const injected = new WeakMap<object, boolean>();

/** Makes the handler for a request, and runs it. */
export function runHandler<Request>(
  HandlerClass: RequestHandlerClass<Request>,
  context: HandlerContext<Request>,
): Promise<void> {
  if (isInjected(HandlerClass)) return runInjected(HandlerClass, context);
  const Direct = HandlerClass as new (
    request: Request,
    clientAddress: Address,
    server: object,
  ) => RequestHandler<Request>;
  return new Direct(context.request, context.clientAddress, context.server).run();
}

/**
 * Whether a class asks to be injected: tsyringe's decorators leave a token list or the parameters' types on it. A class that
 * only inherits them is constructed directly.
 */
function isInjected(HandlerClass: object): boolean {
  let answer = injected.get(HandlerClass);
  if (answer === undefined) {
    answer =
      Reflect.hasOwnMetadata("injectionTokens", HandlerClass) ||
      Reflect.hasOwnMetadata("design:paramtypes", HandlerClass);
    injected.set(HandlerClass, answer);
  }
  return answer;
}

/**
 * A container of its own for each request, so that what the request brings with it is seen by nobody else, and what was made
 * for it is disposed of at its end.
 */
async function runInjected<Request>(
  HandlerClass: RequestHandlerClass<Request>,
  context: HandlerContext<Request>,
): Promise<void> {
  const container = (context.container ?? rootContainer).createChildContainer();
  container.register(REQUEST_TOKEN, { useValue: context.request });
  container.register(CLIENT_ADDRESS_TOKEN, { useValue: context.clientAddress });
  container.register(SERVER_TOKEN, { useValue: context.server });
  container.register(LOGGER_TOKEN, { useFactory: () => context.logger() });
  try {
    await container.resolve(HandlerClass as InjectionToken<RequestHandler<Request>>).run();
  } finally {
    await container.dispose();
  }
}
