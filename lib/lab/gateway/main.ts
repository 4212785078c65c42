/** Entry of the lab's `aws` container: the gateway in front of ministack. */
import fs from 'node:fs';
import { startGateway, type Gateway } from './gateway';
import { errorText, logToStderr as log } from './log';
import { createNodes } from './nodes';
import { readSettings } from './settings';

async function main(): Promise<void> {
  const settings = readSettings(process.env, (file) => fs.readFileSync(file, 'utf8'));
  let gateway: Gateway | undefined;
  let stopping = false;
  const end = (reason: string, exitCode: number) => {
    if (stopping) return;
    stopping = true;
    log('gateway', `stops: ${reason}`);
    Promise.resolve(gateway?.stop()).then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log('gateway', `could not stop in order: ${errorText(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end('SIGTERM', 0));
  process.on('SIGINT', () => end('SIGINT', 0));
  gateway = await startGateway({ settings, createNodes, log, onDeath: (reason) => end(reason, 1) });
}

main().catch((error: unknown) => {
  log('gateway', `cannot start: ${errorText(error)}`);
  process.exit(1);
});
