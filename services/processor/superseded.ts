/** The partition was assigned anew before this had its turn: whoever has it now does it. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}
