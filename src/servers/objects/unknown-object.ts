/**
 * {@link UnknownObject}: an object whose class is known at the other end alone.
 *
 * @module
 */

/** The name of each one's class: no property, which might be a field. */
export const unknownNames = new WeakMap<object, string>();

/**
 * An object of a class that this end has not registered. Its properties are the fields; {@link classNameOf} tells the name.
 */
export class UnknownObject {}

/** The name of the class that an {@link UnknownObject} belongs to at the other end. */
export function classNameOf(object: UnknownObject): string {
  return unknownNames.get(object) ?? UnknownObject.name;
}
