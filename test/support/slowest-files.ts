/**
 * A reporter that ends a run with its ten slowest files: what makes the suite slow is seen before it has become so.
 *
 * @module
 */

import type { Reporter, TestModule } from "vitest/node";

/** How many files are listed. */
const LISTED = 10;

/** Prints the slowest files after the summary. */
export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const seconds = (module: TestModule): number => {
      const { collectDuration, duration } = module.diagnostic();
      return (collectDuration + duration) / 1000;
    };
    const slowest = [...modules].sort((one, other) => seconds(other) - seconds(one)).slice(0, LISTED);
    if (modules.length <= LISTED) return;
    const total = modules.reduce((sum, module) => sum + seconds(module), 0);
    const lines = slowest.map((module) => `${seconds(module).toFixed(1).padStart(7)} s  ${module.relativeModuleId}`);
    process.stdout.write(`\nThe slowest files, of ${total.toFixed(0)} s in all:\n${lines.join("\n")}\n`);
  }
}
