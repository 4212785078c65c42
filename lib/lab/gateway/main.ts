/** Entry of the lab's `aws` container: the gateway in front of ministack. */
import fs from 'node:fs';
import { startGateway } from './gateway';
import { errorText, logToStderr as log } from './log';
import { readSettings } from './settings';

async function main(): Promise<void> {
  const settings = readSettings(process.env, (file) => fs.readFileSync(file, 'utf8'));
  let stopping = false;
  const end = (reason: string, exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    log('gateway', `stops: ${reason}`);
    // A stop that comes during the start waits for it: ministack would be left behind, with its state unsaved.
    starting
      .then((gateway) => gateway.stop())
      .then(
        () => process.exit(exitCode),
        (error: unknown) => fail('could not stop in order', error),
      );
  };
  const starting = startGateway({ settings, log, onDeath: (reason) => end(reason, 1) });
  process.on('SIGTERM', () => end('SIGTERM', 0));
  process.on('SIGINT', () => end('SIGINT', 0));
  await starting;
}

function fail(what: string, error: unknown): never {
  log('gateway', `${what}: ${errorText(error)}`);
  process.exit(1);
}

main().catch((error: unknown) => fail('cannot start', error));
