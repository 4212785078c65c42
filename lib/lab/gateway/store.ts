/** State that outlives the gateway: one typed JSON file per concern, written whole and atomically after each change. */
import fs from 'node:fs';
import path from 'node:path';

export class Store<T extends object> {
  private constructor(
    readonly file: string,
    /** The live data; change it through `update`, or call `save` afterwards. */
    readonly data: T,
  ) {}

  /** Loads `<directory>/<name>.json`, or starts with `initial` where there is none yet. */
  static open<T extends object>(directory: string, name: string, initial: T): Store<T> {
    const file = path.join(directory, `${name}.json`);
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (!fs.existsSync(file)) return new Store(file, initial);
    const text = fs.readFileSync(file, 'utf8');
    try {
      return new Store(file, { ...initial, ...(JSON.parse(text) as T) });
    } catch (error) {
      throw new Error(
        `the lab's state in ${file} is not JSON (${(error as Error).message}); run "npm run lab:down", then "npm run lab"`,
        { cause: error },
      );
    }
  }

  /** Changes the data and saves it; answers what `change` answers. */
  update<R>(change: (data: T) => R): R {
    const result = change(this.data);
    this.save();
    return result;
  }

  /** Synchronous on purpose: a crash right after an answer must not lose what was answered. */
  save(): void {
    const temporary = `${this.file}.new`;
    fs.writeFileSync(temporary, JSON.stringify(this.data, undefined, 1), { mode: 0o600 });
    fs.renameSync(temporary, this.file);
  }
}
