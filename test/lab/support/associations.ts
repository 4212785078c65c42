/** State Manager's clock. */
import { GATEWAY_CONTAINER } from '../../../lib/lab/names';
import { run } from './run';

const REQUEST = `fetch('http://127.0.0.1:4568/_lab/associations-in-an-hour', { method: 'POST' })
  .then((r) => process.exit(r.ok ? 0 : 1))`;

/** A rate is half an hour at least: the lab's clock for associations is set forward, from inside its container alone. */
export const anHourLater = (): Promise<string> => run('docker', ['exec', GATEWAY_CONTAINER, 'node', '-e', REQUEST]);
