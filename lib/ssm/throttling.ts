import type { Look } from './deadline';

/** AWS refused a call for its rate, still after the SDK's own retries; it has not been carried out. */
export const isThrottled = (error: unknown): boolean => error instanceof Error && error.name === 'ThrottlingException';

/** A look that is refused for its rate has seen nothing yet: the next one may. */
export const throughThrottling =
  <T>(look: () => Promise<Look<T>>) =>
  async (): Promise<Look<T>> => {
    try {
      return await look();
    } catch (error) {
      if (isThrottled(error)) return { waitingFor: `ThrottlingException: ${(error as Error).message}` };
      throw error;
    }
  };
