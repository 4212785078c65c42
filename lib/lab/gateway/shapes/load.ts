/** Reads botocore's models from its data directory: `<service>/<version>/service-2.json`, gzipped in its wheels. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { withoutDocumentation, type ServiceModel } from './model';

/** Directories that are not named as the service signs its requests. */
const DIRECTORIES: Readonly<Record<string, string>> = {
  states: 'stepfunctions',
  monitoring: 'cloudwatch',
  elasticloadbalancing: 'elbv2',
};

const PRINT_DIRECTORY = 'import botocore, os; print(os.path.join(os.path.dirname(botocore.__file__), "data"))';

/** Where the interpreter's botocore keeps its models. */
export async function findModels(pythonCommand: string): Promise<string> {
  const { stdout } = await promisify(execFile)(pythonCommand, ['-c', PRINT_DIRECTORY]);
  return stdout.trim();
}

/** Models by the service's name in the credential scope; each is read once, when it is first asked for. */
export class Models {
  private readonly read = new Map<string, ServiceModel | undefined>();

  constructor(private readonly directory: string) {}

  /** Undefined where botocore has no such service. */
  get(service: string): ServiceModel | undefined {
    if (!this.read.has(service)) this.read.set(service, readModel(this.directory, service));
    return this.read.get(service);
  }
}

function readModel(directory: string, service: string): ServiceModel | undefined {
  // Comes from a header: nothing but a plain name may become part of a path.
  if (!/^[a-z][a-z0-9-]*$/.test(service)) return undefined;
  const folder = path.join(directory, DIRECTORIES[service] ?? service);
  if (!fs.existsSync(folder)) return undefined;
  const version = fs
    .readdirSync(folder)
    .filter((name) => /^\d{4}-\d\d-\d\d$/.test(name))
    .sort()
    .at(-1);
  if (version === undefined) throw new Error(`${folder} has no version of the service's model`);
  const file = path.join(folder, version, 'service-2.json');
  const json = fs.existsSync(file) ? fs.readFileSync(file) : gunzipSync(fs.readFileSync(`${file}.gz`));
  return withoutDocumentation(JSON.parse(json.toString()) as ServiceModel);
}
