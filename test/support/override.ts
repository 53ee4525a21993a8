/**
 * {@link override}: faults are put in at the public seam, between a socket and its transport.
 *
 * @module
 */

/** An object with some of its members replaced. All others, and what is written to it, are the object's own. */
export function override<Target extends object>(object: Target, members: Partial<Target>): Target {
  return new Proxy(object, {
    get(target, key) {
      const value: unknown = Reflect.get(key in members ? members : target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}
