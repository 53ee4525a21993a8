import { MultiplexingUDPServer, TCPServer } from "ts-socketserver";
import { GreetDatagramHandler, GreetMixIn, GreetStreamHandler, type ModelName } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { python, runPython } from "../clients/programs.js";
import { whyNot } from "./models.js";
import { bundledServer, serveBundled } from "./one-runner.js";

/** The greetings of so many clients, from a number on. */
function greetings(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${first + index}. Hi new friend!\n`);
}

/** By the number they begin with. */
function inOrder(lines: readonly string[]): string[] {
  return [...lines].sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
}

/** Two of them: their clients are counted together. */
const MODELS: readonly { readonly model: ModelName; readonly options: object }[] = [
  { model: "plain", options: {} },
  { model: "multiplexing", options: {} },
  { model: "threading", options: { threads: 2 } },
  { model: "forking", options: { children: 2 } },
];

describe("The bundled greet server", () => {
  for (const { model, options } of MODELS) {
    it.skipIf(whyNot(model) !== "")(
      `counts clients that come at once one by one: no number is missing, none there twice (${model})${whyNot(model)}`,
      async () => {
        await using running = await serveBundled(bundledServer("greet"), model, "tcp", { options });
        const greet = async (): Promise<string> => {
          await using client = await running.connect();
          return await client.readAll();
        };
        expect([await greet(), await greet(), await greet()]).toEqual(greetings(3));
        expect(inOrder(await Promise.all(Array.from({ length: 40 }, greet)))).toEqual(greetings(40, 3));
      },
    );
  }
});

describe.skipIf(python.missing)(`CPython's socket and the greet server${python.reason}`, () => {
  it("is counted client by client", async () => {
    class GreetServer extends GreetMixIn(TCPServer) {}
    await using running = await serve(new GreetServer(["127.0.0.1", 0], GreetStreamHandler));
    const [host, port] = running.address as [string, number];
    const output = await runPython(
      `
import socket, sys
for _ in range(12):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.connect((sys.argv[1], int(sys.argv[2])))
    print(client.recv(1024).decode("ascii"), end="")
    client.close()
`,
      host,
      port,
    );
    expect(output).toBe(greetings(12).join(""));
  });
});

describe("GreetMixIn", () => {
  it("counts for each server by itself, and goes on where it was", async () => {
    class GreetServer extends GreetMixIn(TCPServer) {}
    await using one = await serve(new GreetServer(["127.0.0.1", 0], GreetStreamHandler));
    await using other = await serve(new GreetServer(["127.0.0.1", 0], GreetStreamHandler));
    const greet = async (running: typeof one): Promise<string> => {
      await using client = await running.connect();
      return await client.readAll();
    };
    expect([await greet(one), await greet(one), await greet(other), await greet(one)]).toEqual([
      ...greetings(2),
      ...greetings(1),
      ...greetings(1, 2),
    ]);
  });

  it("counts datagrams, each a client", async () => {
    class GreetServer extends GreetMixIn(MultiplexingUDPServer) {}
    await using running = await serve(new GreetServer(["127.0.0.1", 0], GreetDatagramHandler));
    await using client = await running.datagrams();
    const lines: string[] = [];
    for (let time = 0; time < 3; time += 1) {
      await client.send("");
      lines.push(await client.receive());
    }
    expect(lines).toEqual(greetings(3));
  });
});
