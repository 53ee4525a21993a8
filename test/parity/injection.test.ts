/** Handlers with injected constructors, and those without. */

import "reflect-metadata";
import type { Logger } from "pino";
import {
  type Address,
  BaseRequestHandler,
  type BaseServer,
  CLIENT_ADDRESS_TOKEN,
  type DatagramRequest,
  DatagramRequestHandler,
  formatAddress,
  LOGGER_TOKEN,
  MultiplexingTCPServer,
  REQUEST_TOKEN,
  SERVER_TOKEN,
  type Socket,
  StreamRequestHandler,
  TCPServer,
  UDPServer,
} from "ts-socketserver";
import { serve } from "ts-socketserver/testing";
import { type DependencyContainer, inject, injectable, container as rootContainer } from "tsyringe";
import { describe, expect, it, vi } from "vitest";
import { Echo } from "../support/handlers.js";
import { captureLog } from "../support/log-capture.js";

const here: Address = ["127.0.0.1", 0];

/** A service of the application. */
class Greetings {
  readonly #word: string;
  constructor(word: string) {
    this.#word = word;
  }
  for(address: Address): string {
    return `${this.#word}, ${formatAddress(address)}`;
  }
}

/** Services of their own for each test, and a count of what is asked of them. */
function spiedContainer() {
  const container: DependencyContainer = rootContainer.createChildContainer();
  container.register(Greetings, { useValue: new Greetings("hello") });
  return {
    container,
    createChildContainer: vi.spyOn(container, "createChildContainer"),
    resolve: vi.spyOn(container, "resolve"),
  };
}

@injectable()
class Greeter extends StreamRequestHandler {
  readonly #logger: Logger;
  readonly #greetings: Greetings;

  constructor(
    @inject(REQUEST_TOKEN) request: Socket,
    @inject(CLIENT_ADDRESS_TOKEN) clientAddress: Address,
    @inject(SERVER_TOKEN) server: BaseServer,
    @inject(LOGGER_TOKEN) logger: Logger,
    @inject(Greetings) greetings: Greetings,
  ) {
    super(request, clientAddress, server);
    this.#logger = logger;
    this.#greetings = greetings;
  }

  override async handle(): Promise<void> {
    this.#logger.info("greeting");
    await this.wfile.write(`${this.#greetings.for(this.clientAddress)}\n`);
    await this.rfile.readline();
    await this.wfile.write(`${this.server.constructor.name}, ${this.request.getpeername()[1]}\n`);
  }
}

describe("a handler with an injected constructor", () => {
  for (const ServerClass of [TCPServer, MultiplexingTCPServer]) {
    it(`gets a ${ServerClass.name}'s request, client address, server and logger, and the application's services`, async () => {
      const { container } = spiedContainer();
      const { logger, lines } = captureLog("info");
      await using running = await serve(new ServerClass(here, Greeter, { container, logger }));
      await using client = await running.connect();
      expect(await client.readLine()).toBe(`hello, ${formatAddress(client.address)}\n`);
      await client.write("next\n");
      expect(await client.readLine()).toBe(`${ServerClass.name}, ${client.address[1]}\n`);
      expect(lines.filter(({ msg }) => msg === "greeting")).toMatchObject([
        { level: 30, clientAddress: formatAddress(client.address) },
      ]);
    });
  }

  it("gets what belongs to its own request, from a child container of its own, while others run", async () => {
    const { container, createChildContainer } = spiedContainer();
    await using running = await serve(new MultiplexingTCPServer(here, Greeter, { container }));
    await using one = await running.connect();
    await using other = await running.connect();
    for (const client of [one, other]) {
      expect(await client.readLine()).toBe(`hello, ${formatAddress(client.address)}\n`);
    }
    for (const client of [other, one]) {
      await client.write("next\n");
      expect(await client.readLine()).toBe(`MultiplexingTCPServer, ${client.address[1]}\n`);
    }
    expect(createChildContainer).toHaveBeenCalledTimes(2);
    // Nothing of a request stays behind in the application's container.
    expect(
      [REQUEST_TOKEN, CLIENT_ADDRESS_TOKEN, SERVER_TOKEN, LOGGER_TOKEN].map((token) =>
        container.isRegistered(token, true),
      ),
    ).toEqual([false, false, false, false]);
  });

  it("can be a handler of datagrams", async () => {
    @injectable()
    class Counting extends DatagramRequestHandler {
      constructor(
        @inject(REQUEST_TOKEN) request: DatagramRequest,
        @inject(CLIENT_ADDRESS_TOKEN) clientAddress: Address,
        @inject(SERVER_TOKEN) server: BaseServer,
        @inject(Greetings) readonly greetings: Greetings,
      ) {
        super(request, clientAddress, server);
      }
      override async handle(): Promise<void> {
        await this.wfile.write(`${this.packet.length}: ${this.greetings.for(this.clientAddress)}`);
      }
    }
    const { container } = spiedContainer();
    await using running = await serve(new UDPServer(here, Counting, { container }));
    await using client = await running.datagrams();
    await client.send("four");
    expect(await client.receive()).toBe(`4: hello, ${formatAddress(client.address)}`);
  });

  it("is made from tsyringe's own container where none is given", async () => {
    @injectable()
    class Rooted extends BaseRequestHandler {
      constructor(
        @inject(REQUEST_TOKEN) request: Socket,
        @inject(CLIENT_ADDRESS_TOKEN) clientAddress: Address,
        @inject(SERVER_TOKEN) server: BaseServer,
        @inject("word of injection.test.ts") readonly word: string,
      ) {
        super(request, clientAddress, server);
      }
      override async handle(): Promise<void> {
        await this.request.sendall(this.word);
      }
    }
    rootContainer.register("word of injection.test.ts", { useValue: "root" });
    await using running = await serve(new TCPServer(here, Rooted));
    await using client = await running.connect();
    expect(await client.readAll()).toBe("root");
  });

  it("whose service is missing ends that request alone, with an error that names what is missing", async () => {
    const { logger, lines } = captureLog("warn");
    const container = rootContainer.createChildContainer();
    container.register(Greetings, {
      useFactory: () => {
        throw new Error("no greetings today");
      },
    });
    await using running = await serve(new TCPServer(here, Greeter, { container, logger }));
    for (let count = 1; count <= 2; count++) {
      await using client = await running.connect();
      expect(await client.readAll()).toBe("");
      expect(lines).toHaveLength(count);
    }
    expect(lines[0]).toMatchObject({ err: { message: expect.stringContaining("no greetings today") } });
  });
});

describe("a handler without injected parameters", () => {
  class OwnConstructor extends Echo {
    readonly made: string;
    constructor(...[request, clientAddress, server]: ConstructorParameters<typeof Echo>) {
      super(request, clientAddress, server);
      this.made = "directly";
    }
  }
  const handlers = { Echo, OwnConstructor };

  for (const [name, Handler] of Object.entries(handlers)) {
    it(`is constructed directly, and causes no call of the container: ${name}`, async () => {
      const { container, createChildContainer, resolve } = spiedContainer();
      await using running = await serve(new TCPServer(here, Handler, { container }));
      for (let count = 0; count < 3; count++) {
        await using client = await running.connect();
        await client.write("x\n");
        expect(await client.readLine()).toBe("x\n");
      }
      expect(createChildContainer).not.toHaveBeenCalled();
      expect(resolve).not.toHaveBeenCalled();
    });
  }

  it("and one with them: the spies do count", async () => {
    const { container, createChildContainer } = spiedContainer();
    await using running = await serve(new TCPServer(here, Greeter, { container }));
    await using client = await running.connect();
    await client.readLine();
    expect(createChildContainer).toHaveBeenCalledTimes(1);
  });
});
