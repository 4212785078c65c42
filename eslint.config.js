const js = require('@eslint/js');
const { defineConfig } = require('eslint/config');
const typescript = require('typescript-eslint');

const NO_LAB = 'What runs on AWS must not need the emulator: move what both need out of lib/lab.';

module.exports = defineConfig(
  { ignores: ['node_modules/', 'cdk.out/', 'build/', 'coverage/', '.lab/', '**/*.d.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [typescript.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
    rules: {
      // The type-aware rules that find real faults here: a promise nobody waits for, a comparison that is never true.
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'all' }],
      // `value!` is used where the line before it has made sure; `any` at the edges where AWS answers are untyped.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    name: 'the product does not depend on the lab',
    files: ['bin/**/*.ts', 'lib/**/*.ts', 'services/**/*.ts'],
    // The lab itself, and the CLI's verbs of the lab.
    ignores: ['lib/lab/**', 'lib/cli/commands/lab-*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '(^|/)lab(/|$)',
              message: NO_LAB,
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression > Literal.source[value=/(^|\\u002F)lab(\\u002F|$)/]', message: NO_LAB },
      ],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'writable', require: 'readonly', __dirname: 'readonly', process: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
