import { ProgramError, run, tryRun } from '../../../lib/lab/process';

const node = (script: string): [string, string[]] => [process.execPath, ['-e', script]];

test('a failure names the program, its exit code and the end of what it said', async () => {
  const failing = run(...node('console.error("first\\nno space left"); process.exit(3)'));
  await expect(failing).rejects.toThrow(ProgramError);
  await expect(failing).rejects.toThrow(/exit code 3: first\nno space left/);
});

test('a program that is missing rejects with ENOENT', async () => {
  await expect(tryRun('no-such-program-here', [])).rejects.toMatchObject({ code: 'ENOENT' });
});

test('an interruption ends the program', async () => {
  const controller = new AbortController();
  const running = tryRun(...node('setTimeout(() => {}, 60000)'), { signal: controller.signal });
  controller.abort();
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
});

test('lines come whole, the last one without its newline too', async () => {
  const lines: string[] = [];
  const script = 'process.stdout.write("on"); setTimeout(() => process.stdout.write("e\\ntwo\\nthree"), 20)';
  const { stdout } = await tryRun(...node(script), { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(['one', 'two', 'three']);
  expect(stdout).toBe('one\ntwo\nthree');
});

test('input reaches the program, and a program that does not read it is no failure', async () => {
  expect(await run(...node('process.stdin.pipe(process.stdout)'), { input: 'hello' })).toBe('hello');
  expect((await tryRun(...node('process.exit(0)'), { input: 'x'.repeat(1 << 20) })).exitCode).toBe(0);
});
