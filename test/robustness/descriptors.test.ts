import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LineEcho } from "../support/handlers.js";
import { settle } from "../support/settle.js";
import { streamSubjects } from "../support/subjects.js";
import { serveWith } from "./support.js";

const CONNECTIONS = 400;
const AT_ONCE = 50;

function countDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

for (const subject of streamSubjects) {
  describe.skipIf(process.platform !== "linux")(
    `Descriptors of ${subject.name} on the ${subject.transport} transport (Linux only: counts /proc/self/fd)`,
    () => {
      it("are all given back after 400 connections, of which some send, some end and some break", async () => {
        await using running = await serveWith(subject, LineEcho);
        const before = countDescriptors();
        const visit = async (number: number): Promise<void> => {
          await using client = await running.connect();
          const way = number % 4;
          if (way === 1 && typeof running.address !== "string") client.reset();
          else if (way === 2) client.end();
          else if (way === 3) await client.write("a line\n");
          if (way >= 2) expect(await client.readAll()).toBe(way === 3 ? "a line\n" : "");
        };
        for (let number = 0; number < CONNECTIONS; number += AT_ONCE) {
          await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => visit(number + index)));
        }
        // A closed descriptor is gone a few turns of the loop later.
        for (let tries = 0; countDescriptors() > before && tries < 100; tries += 1) await settle();
        expect(countDescriptors()).toBeLessThanOrEqual(before);
        expect(running.server.activeRequests).toBe(0);
      });

      it("are all given back after 20 servers that were opened, used and closed", async () => {
        // What the test before has closed is to be gone.
        await settle();
        const before = countDescriptors();
        for (let time = 0; time < 20; time += 1) {
          await using running = await serveWith(subject, LineEcho);
          await using client = await running.connect();
          await client.write("x\n");
          expect(await client.readAll()).toBe("x\n");
        }
        for (let tries = 0; countDescriptors() > before && tries < 100; tries += 1) await settle();
        expect(countDescriptors()).toBeLessThanOrEqual(before);
      });
    },
  );
}
