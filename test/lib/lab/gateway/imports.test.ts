/** No file of the gateway imports itself through others, types included (knip sees circles of values alone). */
import fs from 'node:fs';
import path from 'node:path';

type Imports = ReadonlyMap<string, readonly string[]>;

function importsBelow(directory: string): Imports {
  const names = (fs.readdirSync(directory, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts'));
  return new Map(
    names.map((name) => {
      const text = fs.readFileSync(path.join(directory, name), 'utf8');
      const targets = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, target]) =>
        path.join(path.dirname(name), `${target}.ts`),
      );
      return [name, targets.filter((target) => names.includes(target))];
    }),
  );
}

/** The first circle found, as a path that ends where it begins; undefined where there is none. */
function findCircle(imports: Imports): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of imports.get(file) ?? []) {
      const circle = visit(target, [...trail, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

test('a circle is found', () => {
  const imports = new Map([
    ['a.ts', ['b.ts']],
    ['b.ts', ['c.ts']],
    ['c.ts', ['b.ts']],
  ]);
  expect(findCircle(imports)).toEqual(['b.ts', 'c.ts', 'b.ts']);
});

test('the gateway has none', () => {
  const imports = importsBelow(path.resolve(__dirname, '../../../../lib/lab/gateway'));
  expect(imports.get('main.ts')).toContain('gateway.ts');
  expect(findCircle(imports)).toBeUndefined();
});
