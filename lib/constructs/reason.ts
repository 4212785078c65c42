/**
 * An error whose text is all that CloudFormation shows. Lambda passes the stack on line by line, and the framework puts
 * all lines but the first behind the message: with a stack of one line it adds nothing, and repeats nothing.
 */
export function reason(text: string): Error {
  const error = new Error(text);
  error.stack = text.split('\n', 1)[0];
  return error;
}

export const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error));
