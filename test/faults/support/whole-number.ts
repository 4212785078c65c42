/** A setting of a test run, from the environment. @throws Error before anything is started */
export function wholeNumber(name: string, fallback: number, least: number): number {
  const text = process.env[name];
  if (text === undefined) return fallback;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= Number.MAX_SAFE_INTEGER) return value;
  throw new Error(`${name} is "${text}", expected a whole number of at least ${least}`);
}
