export { Deadline, DeadlineError, pollUntil, type Look } from './deadline';
export { explainFailure, FAILURE_TEXT_LIMIT_BYTES } from './explain-failure';
export { readCommand, runCommand, sendCommand, waitForTargets } from './run-command';
export type { CommandProgress, CommandRequest, CommandState, Invocation, Target } from './types';
