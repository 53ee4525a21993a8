/** The files of handlers: when what they write leaves, and what they cost nothing for. */

import {
  type Address,
  DatagramRequestHandler,
  MultiplexingTCPServer,
  StreamRequestHandler,
  StreamWriter,
  UDPServer,
} from "ts-socketserver";
import { IPPROTO_TCP, TCP_NODELAY } from "ts-socketserver/socket";
import { memoryStreamPair, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { captureLog } from "../support/log-capture.js";
import { transports } from "../support/transports.js";

const here: Address = ["127.0.0.1", 0];
const NOTHING_MORE = "nothing more\n";

for (const transport of transports) {
  describe(`a stream handler's files on the ${transport.name} transport`, () => {
    it.each([-1, 0, 3, 65_536])("answer a client that waits, without flush(), with the wbufsize %i", async (size) => {
      class Answering extends StreamRequestHandler {
        override wbufsize = size;
        override async handle(): Promise<void> {
          await this.wfile.write("Name");
          await this.wfile.write("? ");
          await this.wfile.write("\n");
          const name = (await this.rfile.readline()).toString().trim();
          await this.wfile.writelines(["Hello ", name, "\n"]);
          await this.rfile.readline();
        }
      }
      await using running = await serve(new MultiplexingTCPServer(here, Answering, { transport }));
      await using client = await running.connect();
      expect(await client.readLine()).toBe("Name? \n");
      await client.write("Ada\n");
      expect(await client.readLine()).toBe("Hello Ada\n");
      await client.write("bye\n");
      expect(await client.readAll()).toBe("");
    });

    it("keep the order of wfile, sendall() and other files", async () => {
      class Mixing extends StreamRequestHandler {
        override async handle(): Promise<void> {
          const file = this.request.makefile("w");
          const writing = [
            this.wfile.write("1 "),
            this.request.sendall("2 "),
            file.write("3 "),
            this.wfile.writelines(["4", " "]),
            this.request.sendall("5 "),
            file.flush(),
            this.wfile.write("6\n"),
          ];
          await Promise.all(writing);
          await file.close();
        }
      }
      await using running = await serve(new MultiplexingTCPServer(here, Mixing, { transport }));
      await using client = await running.connect();
      expect(await client.readAll()).toBe("1 2 3 4 5 6\n");
    });

    it("lose nothing that was written when handle() ends, or throws", async () => {
      const { logger } = captureLog();
      class Throwing extends StreamRequestHandler {
        override async handle(): Promise<void> {
          const line = (await this.rfile.readline()).toString();
          void this.wfile.write(`${line.trim()} `);
          void this.wfile.write("and the rest\n");
          if (line === "throw\n") throw new Error("thrown");
        }
      }
      await using running = await serve(new MultiplexingTCPServer(here, Throwing, { transport, logger }));
      for (const order of ["end", "throw"]) {
        await using client = await running.connect();
        await client.write(`${order}\n`);
        expect(await client.readAll()).toBe(`${order} and the rest\n`);
      }
    });

    it("take lines without promises, put back, and know what is there", async () => {
      class Batching extends StreamRequestHandler {
        override async handle(): Promise<void> {
          for await (const line of this.rfile) {
            const lines = [line];
            for (let next = this.rfile.takeLine(); next !== null; next = this.rfile.takeLine()) lines.push(next);
            await this.wfile.write(`${lines.length} lines, ${this.rfile.buffered} bytes more\n`);
            this.rfile.unread(Buffer.from(NOTHING_MORE));
            if ((await this.rfile.readline()).toString() !== NOTHING_MORE) throw new Error("not put back");
          }
        }
      }
      await using running = await serve(new MultiplexingTCPServer(here, Batching, { transport }));
      await using client = await running.connect();
      await client.write("a\nb\nc\nhalf");
      expect(await client.readLine()).toBe("3 lines, 4 bytes more\n");
    });

    it.each([true, false])("leave at once with disableNagleAlgorithm %s as that says", async (disabled) => {
      class Saying extends StreamRequestHandler {
        override disableNagleAlgorithm = disabled;
        override async handle(): Promise<void> {
          await this.wfile.write(`${this.connection.getsockopt(IPPROTO_TCP, TCP_NODELAY) !== 0}\n`);
        }
      }
      await using running = await serve(new MultiplexingTCPServer(here, Saying, { transport }));
      await using client = await running.connect();
      expect(await client.readLine()).toBe(`${disabled}\n`);
    });
  });
}

describe("a datagram handler's files", () => {
  it("read the datagram, and collect the answer", async () => {
    class Answering extends DatagramRequestHandler {
      override async handle(): Promise<void> {
        const first = await this.rfile.readline();
        const rest = await this.rfile.read();
        if ((await this.rfile.read()).length > 0) throw new Error("not at its end");
        await this.wfile.write(rest);
        await this.wfile.writelines(["|", first]);
        await this.wfile.flush();
      }
    }
    await using running = await serve(new UDPServer(here, Answering));
    await using client = await running.datagrams();
    await client.send("one\ntwo");
    expect(await client.receive()).toBe("two|one\n");
  });

  it("are the same each time, and refuse what is written when the answer has left", async () => {
    const files: StreamWriter[] = [];
    class Keeping extends DatagramRequestHandler {
      override handle(): void {
        const { rfile, wfile } = this;
        files.push(wfile);
        void wfile.write(this.rfile === rfile && this.wfile === wfile ? "answer" : "made twice");
      }
    }
    await using running = await serve(new UDPServer(here, Keeping));
    await using client = await running.datagrams();
    await client.send("question");
    expect(await client.receive()).toBe("answer");
    await expect(files[0]?.write("late")).rejects.toMatchObject({ code: "EBADF" });
  });

  it("may be replaced by a subclass, whose writer is closed before the answer leaves", async () => {
    const [sink, written] = memoryStreamPair();
    class Replacing extends DatagramRequestHandler {
      override setup(): void {
        super.setup();
        this.wfile = new StreamWriter(sink);
      }
      override async handle(): Promise<void> {
        await this.wfile.write("elsewhere");
        await this.socket.sendto("done", this.clientAddress);
      }
    }
    await using running = await serve(new UDPServer(here, Replacing));
    await using client = await running.datagrams();
    await client.send("question");
    expect(await client.receive()).toBe("done");
    expect(String(await written.recv(100))).toBe("elsewhere");
  });
});
