import type { Look } from './deadline';

/** Names of refusals for rate: of Systems Manager; of CloudFormation and Auto Scaling; of EC2. The SDKs try these again. */
const REFUSALS = ['ThrottlingException', 'Throttling', 'RequestLimitExceeded'];

/** AWS refused a call for its rate, still after the SDK's own retries; it has not been carried out. */
export const isThrottled = (error: unknown): boolean => error instanceof Error && REFUSALS.includes(error.name);

/** A look that is refused for its rate has seen nothing yet: the next one may. */
export const throughThrottling =
  <T>(look: () => Promise<Look<T>>) =>
  async (): Promise<Look<T>> => {
    try {
      return await look();
    } catch (error) {
      if (isThrottled(error)) return { waitingFor: `${(error as Error).name}: ${(error as Error).message}` };
      throw error;
    }
  };
