export { chooseManager, listSpeakers, type ManagerChoice } from './choose-manager';
export { Deadline, DeadlineError } from './deadline';
export { explainFailure } from './explain-failure';
export { emptyParameters, listOnline, readCommand, runCommand, sendCommand, waitForTargets } from './run-command';
export { isThrottled } from './throttling';
export type { CommandRequest, CommandState, Target } from './types';
