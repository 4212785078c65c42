export { Deadline, DeadlineError } from './deadline';
export { explainFailure } from './explain-failure';
export { waitForFirstOnline, type Choice } from './first-online';
export { emptyParameters, listInstances, readCommand, runCommand, sendCommand, waitForTargets } from './run-command';
export { isThrottled } from './throttling';
export type { CommandRequest, CommandState } from './types';
