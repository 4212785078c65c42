/** Runs one job inside the rig's network; everything here is for measuring, nothing of it is part of the product. */
import { bareConsumer } from './bare-consumer';
import { insertLoop } from './insert-loop';
import { readJob, type Job } from './job';
import { load } from './load';
import { prefill } from './prefill';

const JOBS: Readonly<Record<Job['verb'], (job: Job) => Promise<void>>> = {
  prefill,
  'insert-loop': insertLoop,
  'bare-consumer': bareConsumer,
  load,
};

const job = readJob();
JOBS[job.verb](job).catch((error) => {
  process.stderr.write(`${job.verb} failed: ${(error as Error).stack}\n`);
  process.exit(1);
});
