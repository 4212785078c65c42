#!/usr/bin/env node
// Before any client is loaded: the SDK announces the end of Node 20 on every start, which is no news to the user.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
import { findLab } from '../lib/cli/found-lab';
import { watchInterruption } from '../lib/cli/interrupt';
import { runCli } from '../lib/cli/program';

// A reader that goes, as `| head` does, is no failure: verbs that have no end look for it. A full disk is one.
let isClosed = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  isClosed = true;
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: the result could not be written: ${error.message}\n`);
  process.exit(1);
});
const { env, stdin, stdout, stderr } = process;
const io = { env, stdin, stdout, stderr, isClosed: () => isClosed };
void runCli(process.argv.slice(2), io, watchInterruption(), findLab).then((code) => {
  // Not process.exitCode: a command that was interrupted may still hold a timer or a socket. Nor at once: what a slow
  // reader has not taken from a pipe yet would be lost. A reader that has gone takes nothing any more.
  // An error of what was written comes with the next turn.
  setImmediate(() => {
    process.stdout.once('error', () => process.exit(code));
    process.stdout.write('', () => process.exit(code));
  });
});
