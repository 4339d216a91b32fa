/** Values that came from outside -> values of the type that is asked for; what is of another type becomes empty. Pure. */

export type Table = Readonly<Record<string, unknown>>;

export function table(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown, fallback = ''): string {
  return typeof value === 'string' ? value : fallback;
}

export const texts = (value: unknown): readonly string[] => list(value).filter((one): one is string => typeof one === 'string');

export function count(value: unknown, fallback: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}
