import { readdirSync } from "node:fs";
import { createConnection } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { Idle } from "../support/handlers.js";
import { settle } from "../support/settle.js";
import { streamSubjects } from "../support/subjects.js";
import { transports } from "../support/transports.js";
import { serveWith } from "./support.js";

const CONNECTIONS = 1000;
const AT_ONCE = 100;

function countDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

for (const subject of streamSubjects.filter(({ model }) => model === "multiplexing")) {
  describe.skipIf(process.platform !== "linux")(
    `${subject.name} on the ${subject.transport} transport (Linux only: counts /proc/self/fd)`,
    () => {
      it("has no descriptor left after 1,000 connections, ended by either side", async () => {
        const transport = transports.find(({ name }) => name === subject.transport);
        await using running = await serveWith(subject, Idle);
        const before = countDescriptors();
        const visit = async (number: number): Promise<void> => {
          const client = await createConnection(running.address, transport && { transport });
          // One in eight is closed in good order: more of those would use up the ports, which rest for a while.
          if (number % 8 !== 0) return client.abort();
          expect(await client.recv(1)).toHaveLength(0);
          await client.close();
        };
        for (let number = 0; number < CONNECTIONS; number += AT_ONCE) {
          await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => visit(number + index)));
        }
        for (let tries = 0; countDescriptors() > before && tries < 100; tries += 1) await settle();
        expect(countDescriptors()).toBeLessThanOrEqual(before);
        expect(running.server.activeRequests).toBe(0);
      });
    },
  );
}
