/**
 * {@link BundledServer}: what there is to know of a server that comes with this package.
 *
 * @module
 */

import type { RequestHandlerClass } from "../core/server/handler.js";
import type { DatagramRequest } from "../core/server/requests.js";
import type { Socket } from "../core/socket/socket.js";
import type { ServerClass } from "../mixins/multiplexing.js";

/** What to send to a server to see it work, and what comes back; both without their line ends. */
export interface BundledExample {
  /** Another command that has to run for it: `socketserver upper --tcp 127.0.0.1:9998`. */
  readonly prerequisite?: string;
  /** Left out where the server speaks first. */
  readonly send?: string;
  /** `""` where nothing comes back. */
  readonly receive: string;
  /** Where what comes back is not always the same: what it looks like. */
  readonly pattern?: RegExp;
  /** What the answer is piped into, where it is endless or no text: `head -n 2`. */
  readonly pipeTo?: string;
  /**
   * A line for a shell, where another program than nc shows it better, or the bytes cannot be typed. It is given what follows
   * the protocol in an address, and the nc that reaches it.
   */
  readonly command?: (address: string, netcat: string) => string;
}

/** An option of one server, whose value becomes a property of the server object. */
export interface BundledOption {
  /** As the help shows it: `--name <text>`. */
  readonly flags: string;
  readonly description: string;
  /** The property that {@link BundledServer.extend} has added. */
  readonly property: string;
  /** Makes the value from what was written; without it, the text is the value. @throws RangeError whose message says what is wrong */
  readonly parse?: (text: string) => unknown;
  /** Whether the server cannot do without. */
  readonly required?: boolean;
  /** The value that the server's example is given, where the option is required: `Ali`. */
  readonly example?: string;
}

/** The ways to run requests, as `--model` names them. */
export type ModelName = "plain" | "multiplexing" | "threading" | "forking";

/** The description from which the command, its help and the tests are made. */
export interface BundledServer {
  /** What it is called: `socketserver echo`. */
  readonly name: string;
  /** What it does, in a few words that follow "it": `sends back every line in capitals`. */
  readonly summary: string;
  /** Serves connections: TCP and Unix streams. Left out where the protocol has none. */
  readonly streamHandler?: RequestHandlerClass<Socket>;
  /** Serves datagrams: UDP. Left out where the protocol has none. */
  readonly datagramHandler?: RequestHandlerClass<DatagramRequest>;
  readonly example: BundledExample;
  /** The models that make sense; all of them where it is left out. */
  readonly models?: readonly ModelName[];
  /** Why the other models do not, for who asks for one: a sentence. */
  readonly unsupportedModelsReason?: string;
  /**
   * Adds to a server class what the handlers find in `this.server`: state that they share, and the properties of the
   * options. A mix-in, as `ThreadingMixIn` is one.
   */
  readonly extend?: <Base extends ServerClass>(Server: Base) => Base;
  readonly options?: readonly BundledOption[];
  /** Bytes of a datagram that it takes; 8192 where it is left out. */
  readonly maxPacketSize?: number;
  /** Whether the command ends also when Esc is pressed in its terminal. */
  readonly stopsOnEscape?: boolean;
  /** What else there is to say, for its help; sentences. */
  readonly notes?: string;
}
