/** A failure with what to do about it. */
export class ActionableError extends Error {
  constructor(
    message: string,
    /** Commands or instructions, one a line. */
    readonly next: readonly string[],
  ) {
    super(message);
    this.name = new.target.name;
  }
}
