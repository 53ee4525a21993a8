// The handlers of this project's subjects: in a module of their own, since threads and processes import them.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BaseRequestHandler,
  BlockingRequestHandler,
  DatagramRequestHandler,
  StreamRequestHandler,
} from "ts-socketserver";

export class Echo extends BaseRequestHandler {
  static module = import.meta.url;

  async handle() {
    for (;;) {
      const data = await this.request.recv(65_536);
      if (data.length === 0) return;
      await this.request.sendall(data);
    }
  }
}

export class EchoOnce extends BaseRequestHandler {
  static module = import.meta.url;

  async handle() {
    await this.request.sendall(await this.request.recv(65_536));
  }
}

/** The same with a limit of time for each call. */
export class EchoWithTimeout extends Echo {
  static module = import.meta.url;

  async handle() {
    this.request.settimeout(5);
    await super.handle();
  }
}

/** The same into memory that the handler keeps. */
export class EchoInto extends BaseRequestHandler {
  static module = import.meta.url;

  async handle() {
    const buffer = Buffer.allocUnsafeSlow(65_536);
    for (;;) {
      const count = await this.request.recvInto(buffer);
      if (count === 0) return;
      await this.request.sendall(buffer.subarray(0, count));
    }
  }
}

export class Upper extends StreamRequestHandler {
  async handle() {
    for await (const line of this.rfile) await this.wfile.write(line.toString().toUpperCase());
  }
}

export class EchoLines extends StreamRequestHandler {
  async handle() {
    for await (const line of this.rfile) await this.wfile.write(line);
  }
}

/** Passes over empty lines. */
export class EchoFilledLines extends StreamRequestHandler {
  async handle() {
    for await (const line of this.rfile) {
      if (line.length > 1) await this.wfile.write(line);
    }
  }
}

export class EchoDatagram extends BaseRequestHandler {
  async handle() {
    const [data, socket] = this.request;
    await socket.sendto(data, this.clientAddress);
  }
}

/** The same with the datagram as a file. */
export class EchoDatagramFile extends DatagramRequestHandler {
  async handle() {
    await this.wfile.write(await this.rfile.read());
  }
}

export class BlockingEcho extends BlockingRequestHandler {
  static module = import.meta.url;

  handle() {
    for (;;) {
      const data = this.request.recv(65_536);
      if (data.length === 0) return;
      this.request.sendall(data);
    }
  }
}

/** Bytes whose SHA-256 takes a processor of these years about 5 ms. */
const MUCH = Buffer.alloc(6_000_000);

/** Computes for each message, then sends it back. */
export class Hash extends BaseRequestHandler {
  static module = import.meta.url;

  async handle() {
    for (;;) {
      const data = await this.request.recv(65_536);
      if (data.length === 0) return;
      createHash("sha256").update(MUCH).update(data).digest();
      await this.request.sendall(data);
    }
  }
}

/** Waits a second for each message, as for a database, then sends it back. */
export class Wait extends BaseRequestHandler {
  async handle() {
    for (;;) {
      const data = await this.request.recv(65_536);
      if (data.length === 0) return;
      await sleep(1000);
      await this.request.sendall(data);
    }
  }
}
