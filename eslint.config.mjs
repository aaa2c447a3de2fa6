import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { builtinModules } from 'node:module';

const nodeBuiltins = builtinModules.flatMap((name) => [name, `node:${name}`]);

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.volley/**', 'coverage/**', 'test/replay/histories/**'] },
  js.configs.recommended,
  {
    files: ['scripts/**/*.mjs', '*.config.{js,mjs,cjs}', '.dependency-cruiser.cjs', 'test/support/**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        require: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        AbortSignal: 'readonly',
        fetch: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    // Outbound HTTP has one door: the egress guard. Nothing else may open a connection of its own.
    files: ['api/**/*.ts', 'activities/**/*.ts', 'src/**/*.ts'],
    ignores: ['src/providers/egress/**', 'src/runtime/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['undici', 'http', 'https', 'node:http', 'node:https'].map((name) => ({
            name,
            message: 'Outbound calls go through src/providers/egress.',
            allowTypeImports: true,
          })),
        },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Outbound calls go through src/providers/egress.' },
      ],
    },
  },
  {
    files: ['api/server.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    // Workflow code is replayed: only deterministic inputs, no state outside the run.
    files: ['workflows/**/*.ts', 'src/domain/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: nodeBuiltins
            .filter((n) => n !== 'assert' && n !== 'node:assert')
            .map((name) => ({
              name,
              message: 'Workflow and domain code runs in the replay sandbox: no Node built-ins.',
            })),
        },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'No environment in workflow or domain code: pass it as input.' },
        { name: 'fetch', message: 'I/O belongs in an activity.' },
      ],
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Program > VariableDeclaration[kind!="const"]',
          message: 'No module-level state: it would be shared between workflow runs.',
        },
        {
          selector:
            'Program > VariableDeclaration > VariableDeclarator > NewExpression[callee.name=/^(Map|Set|Array)$/]',
          message: 'No module-level collections: they would be shared between workflow runs.',
        },
        {
          selector: 'Program > ExportNamedDeclaration > VariableDeclaration[kind!="const"]',
          message: 'No module-level state.',
        },
        {
          selector: 'NewExpression[callee.name="Error"]',
          message: 'A plain Error wedges the workflow task: throw ApplicationFailure.',
        },
        {
          selector: 'Property[key.name="validator"] > :function[async=true]',
          message: 'Validators are synchronous.',
        },
        {
          selector: 'CallExpression[callee.name="setHandler"] > :function[async=true]',
          message: 'Handlers are synchronous: note the wish, let the main loop act.',
        },
        {
          selector: 'CallExpression[callee.object.name="Promise"][callee.property.name="race"]',
          message: 'Use condition(): a race leaves its loser running.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'no-console': 'off',
    },
  },
  { files: ['src/cli/**/*.ts', 'src/cli.ts'], rules: { 'no-console': 'off' } },
  // The contestants of the bench have packages of their own, which need not be installed: nothing knows their types here.
  { ...tseslint.configs.disableTypeChecked, files: ['test/bench/peers/**/*.ts'] },
);
